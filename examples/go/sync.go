package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/sync"
	"github.com/conductorone/baton-sdk/pkg/types"
)

// A target is the file that a sync goes into.
type target struct {
	path    string
	engine  string
	workers int
}

// fullSync writes everything that the connector has into the target and derives grants. It returns the engine of the
// file: one that exists keeps its own, whatever was asked for.
//
// The SDK's syncer saves the file in its Close, whatever happened before: a sync that was cancelled half-way is
// resumed by the next one.
func fullSync(ctx context.Context, server types.ConnectorServer, to target) (engine string, err error) {
	err = withClient(ctx, server, func(client types.ConnectorClient) error {
		store, err := dotc1z.NewStore(ctx, to.path, dotc1z.WithEngine(c1zstore.Engine(to.engine)))
		if err != nil {
			return fmt.Errorf("open store: %w", err)
		}
		engine = store.Metadata().Engine
		return errors.Join(syncAndClose(ctx, client, store, to.workers), discard(store))
	})
	if err != nil {
		return "", fmt.Errorf("sync into %s: %w", to.path, err)
	}
	return engine, nil
}

func syncAndClose(ctx context.Context, client types.ConnectorClient, store c1zstore.Store, workers int) error {
	syncer, err := sync.NewSyncer(ctx, client, sync.WithConnectorStore(store), sync.WithWorkerCount(workers))
	if err != nil {
		return errors.Join(fmt.Errorf("new syncer: %w", err), store.Close(ctx))
	}
	return errors.Join(syncer.Sync(ctx), syncer.Close(ctx))
}

// discard gives up what could not be saved, with its working copy: nobody comes back for it. It does nothing to a store
// that is closed.
func discard(store c1zstore.Store) error {
	if store, ok := store.(interface{ Discard() error }); ok {
		return store.Discard()
	}
	return nil
}
