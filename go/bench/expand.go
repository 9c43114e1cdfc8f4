package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/sync"
)

// fullSync runs the SDK's syncer on an organisation of n people, grant expansion included, into a new file.
func fullSync(ctx context.Context, at task) (result, error) {
	path := filepath.Join(at.Folder, at.Engine+"-full-sync.c1z")
	if err := os.RemoveAll(path); err != nil {
		return result{}, err
	}
	client := newOrganisation(at.N)
	if err := forgetPeak(); err != nil {
		return result{}, err
	}
	var m meter
	m.start()
	store, err := at.open(ctx, path)
	if err != nil {
		return result{}, err
	}
	syncer, err := sync.NewSyncer(ctx, client, sync.WithConnectorStore(store), sync.WithTmpDir(at.Folder))
	if err != nil {
		return result{}, err
	}
	if err := syncer.Sync(ctx); err != nil {
		return result{}, err
	}
	if err := syncer.Close(ctx); err != nil {
		return result{}, err
	}
	m.stop()
	values, err := m.values(1)
	if err != nil {
		return result{}, err
	}
	delete(values, "us/row")
	rows, digest, err := digestGrants(ctx, at, path)
	values["grants"] = float64(rows)
	return result{Values: values, Digest: digest}, err
}

// digestGrants is a hash of who holds what, and why, whatever the order of the file's grants.
func digestGrants(ctx context.Context, at task, path string) (rows int, digest string, err error) {
	store, err := at.open(ctx, path, dotc1z.WithReadOnly(true))
	if err != nil {
		return 0, "", err
	}
	var lines []string
	for token := ""; ; {
		page, err := store.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{PageSize: readPage, PageToken: token}.Build())
		if err != nil {
			return 0, "", err
		}
		for _, grant := range page.GetList() {
			lines = append(lines, line(grant))
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return len(lines), fmt.Sprintf("%x", sum), store.Close(ctx)
}

func line(grant *v2.Grant) string {
	var out strings.Builder
	principal := grant.GetPrincipal().GetId()
	fmt.Fprintf(&out, "%s %s %s %s", grant.GetId(), grant.GetEntitlement().GetId(), principal.GetResourceType(), principal.GetResource())
	sources := grant.GetSources().GetSources()
	for _, id := range slices.Sorted(maps.Keys(sources)) {
		fmt.Fprintf(&out, " %s=%t", id, sources[id].GetIsDirect())
	}
	return out.String()
}
