package c1z_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"

	c1z "example.com/libc1z/go"
)

func Example() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output: user: User
}

func run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "c1z-example")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "acme.c1z")

	if err := c1z.Register(); err != nil {
		return err
	}
	store, err := dotc1z.NewStore(ctx, path, dotc1z.WithEngine(c1z.Engine))
	if err != nil {
		return err
	}
	defer store.Close(ctx)
	if _, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, ""); err != nil {
		return err
	}
	if err := store.PutResourceTypes(ctx, v2.ResourceType_builder{Id: "user", DisplayName: "User"}.Build()); err != nil {
		return err
	}
	if err := store.EndSync(ctx); err != nil {
		return err
	}
	if err := store.Close(ctx); err != nil { // Saves.
		return err
	}

	saved, err := dotc1z.NewStore(ctx, path, dotc1z.WithReadOnly(true))
	if err != nil {
		return err
	}
	defer saved.Close(ctx)
	page, err := saved.ListResourceTypes(ctx, &v2.ResourceTypesServiceListResourceTypesRequest{})
	if err != nil {
		return err
	}
	for _, resourceType := range page.GetList() {
		fmt.Printf("%s: %s\n", resourceType.GetId(), resourceType.GetDisplayName())
	}
	return nil
}
