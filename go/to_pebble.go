package c1z

import (
	"context"
	"errors"
	"fmt"

	v3 "github.com/conductorone/baton-sdk/pb/c1/storage/v3"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/engine/pebble"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"example.com/libc1z/go/internal/apipb"
)

// toPebble makes a file of the SDK's Pebble engine of one sync of a store.
func (c *conversion) toPebble(ctx context.Context, source *store, input, output string) (*Converted, error) {
	syncs, err := source.storedSyncs(ctx, input)
	if err != nil {
		return nil, err
	}
	chosen, err := c.chosen(syncs)
	if err != nil {
		return nil, err
	}
	var losses lossList
	for _, other := range syncs {
		if id := other.run.GetSyncId(); id != chosen.run.GetSyncId() {
			losses.add(lostSync, "", 1, id)
		}
	}
	if err := source.notCarried(ctx, chosen.run.GetSyncId(), &losses); err != nil {
		return nil, err
	}
	target, err := dotc1z.NewStore(ctx, output, dotc1z.WithEngine(c1zstore.EnginePebble), dotc1z.WithTmpDir(c.tmpDir))
	if err != nil {
		return nil, err
	}
	sync, err := c.fillPebble(ctx, source, chosen, target)
	// Closing saves. What is saved after an error is in a folder that goes.
	if err := errors.Join(err, target.Close(context.WithoutCancel(ctx))); err != nil {
		return nil, endedBy(ctx, err)
	}
	return &Converted{Syncs: []ConvertedSync{sync}, Losses: losses.list}, nil
}

// chosen is the sync that the options name, or the one that a reader is shown.
func (c *conversion) chosen(syncs []storedSync) (storedSync, error) {
	var newest *storedSync
	for i, sync := range syncs {
		switch {
		case c.syncID != "" && sync.run.GetSyncId() != c.syncID:
		// They are in the order of their ends, and those that have none come last.
		case newest == nil || sync.run.GetEndedAt() != nil || newest.run.GetEndedAt() == nil:
			newest = &syncs[i]
		}
	}
	switch {
	case newest != nil:
		return *newest, nil
	case c.syncID != "":
		return storedSync{}, newError(codes.NotFound, "NOT_FOUND", fmt.Sprintf("sync %q not found", c.syncID))
	}
	return storedSync{}, newError(codes.FailedPrecondition, "FAILED_PRECONDITION", "the file holds no sync")
}

// startsWithID is what a store of Pebble has to keep a sync's id.
type startsWithID interface {
	StartNewSyncWithID(ctx context.Context, syncType connectorstore.SyncType, syncID, parentSyncID string) (string, error)
}

func (c *conversion) fillPebble(ctx context.Context, source *store, sync storedSync, target c1zstore.Store) (ConvertedSync, error) {
	var none ConvertedSync
	engine, isPebble := pebble.AsEngine(target)
	starter, starts := target.(startsWithID)
	if !isPebble || !starts {
		return none, newError(codes.Internal, "INTERNAL", fmt.Sprintf("%T is no store of the SDK's Pebble engine", target))
	}
	run := sync.run
	id := run.GetSyncId()
	if _, err := starter.StartNewSyncWithID(ctx, typeOf(run), id, run.GetParentSyncId()); err != nil {
		return none, err
	}
	made := ConvertedSync{ID: id, Type: typeOf(run), Ended: run.GetEndedAt() != nil}
	var done uint64
	total := recordsOf(sync.stats)
	copied := func(counts *ConvertCounts, records int) {
		counts.Rows += int64(records)
		counts.Records += int64(records)
		done += uint64(records)
		c.progress(done, max(done, total))
	}
	putAssets := func(ctx context.Context, assets ...*v3.AssetRecord) error {
		for _, asset := range assets {
			asset.SetSyncId(id) // SDK: its own records of assets say that.
			if err := engine.PutAssetRecord(ctx, asset); err != nil {
				return err
			}
		}
		return nil
	}
	from := storedIn{source, id, copied}
	for _, put := range []func() error{
		func() error {
			return putStored(ctx, from, resourceTypeKind, &made.ResourceTypes, engine.PutResourceTypeRecords)
		},
		func() error { return putStored(ctx, from, resourceKind, &made.Resources, engine.PutResourceRecords) },
		func() error {
			return putStored(ctx, from, entitlementKind, &made.Entitlements, engine.PutEntitlementRecords)
		},
		func() error { return putStored(ctx, from, grantKind, &made.Grants, engine.UnsafePutUniqueGrantRecords) },
		func() error { return putStored(ctx, from, assetKind, &made.Assets, putAssets) },
	} {
		if err := put(); err != nil {
			return none, err
		}
	}
	values, err := copySession(ctx, source.SessionStore(), id, target.SessionStore(), id)
	if err != nil {
		return none, err
	}
	made.SessionValues = ConvertCounts{Rows: values, Records: values}
	graph, err := call[apipb.GetEntitlementGraphResponse](ctx, source.native, getEntitlementGraph, &apipb.GetEntitlementGraphRequest{SyncId: id})
	if err != nil {
		return none, err
	}
	// The end builds indexes, digests and statistics, for which it reads the token, and stamps the run, whose own stamps come last.
	if err := target.CheckpointSync(ctx, run.GetSyncToken()); err != nil {
		return none, err
	}
	if err := target.EndSync(ctx); err != nil {
		return none, err
	}
	if graph.Graph != nil {
		if err := engine.PutEntitlementGraphSidecar(ctx, graph.GetGraph()); err != nil {
			return none, err
		}
	}
	if sync.stats != nil {
		if err := engine.PersistComputedSyncStats(ctx, id, proto.CloneOf(sync.stats)); err != nil {
			return none, err
		}
	}
	if err := engine.PutSyncRunRecord(ctx, run); err != nil {
		return none, err
	}
	if !pebble.MarkStoreDirty(target) {
		return none, newError(codes.Internal, "INTERNAL", fmt.Sprintf("%T does not save what is changed in it", target))
	}
	return made, nil
}

// storedIn is a sync of a store, and who is told of what was copied of it.
type storedIn struct {
	source *store
	syncID string
	copied func(counts *ConvertCounts, records int)
}

// putStored puts the records of a kind with put, as they are stored.
func putStored[Record any, P message[Record]](
	ctx context.Context, from storedIn, kind apipb.RecordKind, counts *ConvertCounts, put func(ctx context.Context, records ...P) error,
) error {
	return from.source.storedRecords(ctx, from.syncID, kind, func(stored [][]byte) error {
		records := make([]P, len(stored))
		for i, data := range stored {
			records[i] = P(new(Record))
			if err := proto.Unmarshal(data, records[i]); err != nil {
				return unreadable(err)
			}
		}
		if err := put(ctx, records...); err != nil {
			return err
		}
		from.copied(counts, len(records))
		return nil
	})
}
