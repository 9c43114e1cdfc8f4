package c1z_test

import (
	"context"
	"fmt"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
)

// benchmarked is a finished sync of 100 groups with 200 members each, 20 groups to a user.
func benchmarked(b *testing.B) c1zstore.Store {
	b.Helper()
	ctx := context.Background()
	store := openPath(b, newPath(b))
	if _, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, ""); err != nil {
		b.Fatal(err)
	}
	for group := range 100 {
		var list []*v2.Grant
		for i := range 200 {
			list = append(list, benchmarkedGrant(group, i))
		}
		if err := store.PutGrants(ctx, list...); err != nil {
			b.Fatal(err)
		}
	}
	if err := store.EndSync(ctx); err != nil {
		b.Fatal(err)
	}
	return store
}

func benchmarkedGrant(group, i int) *v2.Grant {
	return grant(fmt.Sprintf("g%d", group), fmt.Sprintf("u%d", (group*200+i)%1000))
}

func BenchmarkGetGrant(b *testing.B) {
	ctx, store := context.Background(), benchmarked(b)
	request := reader_v2.GrantsReaderServiceGetGrantRequest_builder{GrantId: benchmarkedGrant(7, 7).GetId()}.Build()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := store.GetGrant(ctx, request); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCurrentSyncStep is about as cheap as a call can be: what is left is the way into the library and back.
func BenchmarkCurrentSyncStep(b *testing.B) {
	ctx, store := context.Background(), benchmarked(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := store.CurrentSyncStep(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGrantsOfPrincipal(b *testing.B) {
	ctx, store := context.Background(), benchmarked(b)
	request := reader_v2.GrantsReaderServiceListGrantsForPrincipalRequest_builder{PrincipalId: resourceID("user", "u7")}.Build()
	b.ReportAllocs()
	for b.Loop() {
		if page, err := store.ListGrantsForPrincipal(ctx, request); err != nil || len(page.GetList()) != 20 {
			b.Fatal(err)
		}
	}
}

func BenchmarkGrantsOfEntitlement(b *testing.B) {
	ctx, store := context.Background(), benchmarked(b)
	request := reader_v2.GrantsReaderServiceListGrantsForEntitlementRequest_builder{Entitlement: entitlement("g7", "member")}.Build()
	b.ReportAllocs()
	for b.Loop() {
		if page, err := store.ListGrantsForEntitlement(ctx, request); err != nil || len(page.GetList()) != 200 {
			b.Fatal(err)
		}
	}
}

func BenchmarkPutGrants(b *testing.B) {
	ctx := context.Background()
	store, _ := startedStore(b)
	var list []*v2.Grant
	for i := range 1000 {
		list = append(list, benchmarkedGrant(i/200, i%200))
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := store.PutGrants(ctx, list...); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGetResourceWhileCollecting is the most frequent call of a sync: resources came in pages, and grants are put.
func BenchmarkGetResourceWhileCollecting(b *testing.B) {
	ctx := context.Background()
	store, _ := startedStore(b)
	const pages, ofPage = 50, 1000
	requests := make([]*reader_v2.ResourcesReaderServiceGetResourceRequest, 0, pages*ofPage)
	for page := range pages {
		var list []*v2.Resource
		for i := range ofPage {
			id := fmt.Sprintf("u%06d", (page*ofPage+i)*7919%(pages*ofPage))
			list = append(list, resource("user", id))
			requests = append(requests, reader_v2.ResourcesReaderServiceGetResourceRequest_builder{ResourceId: resourceID("user", id)}.Build())
		}
		if err := store.PutResources(ctx, list...); err != nil {
			b.Fatal(err)
		}
		if _, err := store.GetResource(ctx, requests[len(requests)-1]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%1000 == 0 {
			if err := store.PutGrants(ctx, benchmarkedGrant(i/1000%100, i/1000)); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := store.GetResource(ctx, requests[i%len(requests)]); err != nil {
			b.Fatal(err)
		}
	}
}

// largeEntitlement is a finished sync of an entitlement with 100,000 grants.
func largeEntitlement(b *testing.B) (c1zstore.Store, *v2.Entitlement) {
	b.Helper()
	ctx := context.Background()
	store, _ := startedStore(b)
	for page := range 100 {
		var list []*v2.Grant
		for i := range 1000 {
			list = append(list, grant("g", fmt.Sprintf("u%06d", page*1000+i)))
		}
		if err := store.PutGrants(ctx, list...); err != nil {
			b.Fatal(err)
		}
	}
	if err := store.EndSync(ctx); err != nil {
		b.Fatal(err)
	}
	return store, entitlement("g", "member")
}

func BenchmarkPrincipalKeysOfALargeEntitlement(b *testing.B) {
	ctx := context.Background()
	store, held := largeEntitlement(b)
	b.ReportAllocs()
	for b.Loop() {
		rows := 0
		for token := ""; ; {
			keys, next, err := store.(keyLister).ListGrantPrincipalKeysForEntitlement(ctx, held, token, 0)
			if err != nil {
				b.Fatal(err)
			}
			rows += len(keys)
			if token = next; token == "" {
				break
			}
		}
		if rows != 100_000 {
			b.Fatal(rows)
		}
	}
}

func BenchmarkGrantsOfALargeEntitlement(b *testing.B) {
	ctx := context.Background()
	store, held := largeEntitlement(b)
	b.ReportAllocs()
	for b.Loop() {
		rows := 0
		for token := ""; ; {
			page, err := store.ListGrantsForEntitlement(ctx, reader_v2.GrantsReaderServiceListGrantsForEntitlementRequest_builder{
				Entitlement: held, PageToken: token,
			}.Build())
			if err != nil {
				b.Fatal(err)
			}
			rows += len(page.GetList())
			if token = page.GetNextPageToken(); token == "" {
				break
			}
		}
		if rows != 100_000 {
			b.Fatal(rows)
		}
	}
}
