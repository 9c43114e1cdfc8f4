package main

import (
	"context"
	"fmt"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
)

// readPage is how many rows a list asks for.
const readPage = 10_000

// readAll opens the file and lists every grant.
func readAll(ctx context.Context, at task) (result, error) {
	if err := forgetPeak(); err != nil {
		return result{}, err
	}
	var opening, reading meter
	opening.start()
	store, err := at.open(ctx, at.path(), dotc1z.WithReadOnly(true))
	if err != nil {
		return result{}, err
	}
	opening.stop()
	reading.start()
	rows, err := countGrants(ctx, store)
	if err != nil {
		return result{}, err
	}
	reading.stop()
	if rows != at.N {
		return result{}, fmt.Errorf("%d grants came back", rows)
	}
	values, err := reading.values(at.N)
	if err != nil {
		return result{}, err
	}
	values["open"] = opening.elapsed.Seconds() * 1e3
	return result{Values: values}, store.Close(ctx)
}

func countGrants(ctx context.Context, store c1zstore.Store) (rows int, err error) {
	for token := ""; ; {
		page, err := store.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{PageSize: readPage, PageToken: token}.Build())
		if err != nil {
			return 0, err
		}
		for _, grant := range page.GetList() {
			if grant.GetPrincipal().GetId().GetResource() != "" {
				rows++
			}
		}
		if token = page.GetNextPageToken(); token == "" {
			return rows, nil
		}
	}
}

// look measures calls on the opened file.
func look(ctx context.Context, at task, keys int, call func(store c1zstore.Store, key int) error) (result, error) {
	store, err := at.open(ctx, at.path(), dotc1z.WithReadOnly(true))
	if err != nil {
		return result{}, err
	}
	values, err := latencies(keys, at.Calls, func(key int) error { return call(store, key) })
	if err != nil {
		return result{}, err
	}
	return result{Values: values}, store.Close(ctx)
}

func readByEntitlement(ctx context.Context, at task) (result, error) {
	d := dataOf(at.N)
	requests := make([]*reader_v2.GrantsReaderServiceListGrantsForEntitlementRequest, d.groups)
	for i := range requests {
		requests[i] = reader_v2.GrantsReaderServiceListGrantsForEntitlementRequest_builder{Entitlement: member(group(i))}.Build()
	}
	return look(ctx, at, d.groups, func(store c1zstore.Store, key int) error {
		page, err := store.ListGrantsForEntitlement(ctx, requests[key])
		return expect(len(page.GetList()), min(grantsPerGroup, d.grants-key*grantsPerGroup), err)
	})
}

func readByPrincipal(ctx context.Context, at task) (result, error) {
	d := dataOf(at.N)
	held := make([]int, d.users)
	for i := range d.grants {
		held[d.memberOf(i)]++
	}
	return look(ctx, at, d.users, func(store c1zstore.Store, key int) error {
		page, err := store.ListGrantsForPrincipal(ctx, reader_v2.GrantsReaderServiceListGrantsForPrincipalRequest_builder{
			PrincipalId: user(key).GetId(),
		}.Build())
		return expect(len(page.GetList()), held[key], err)
	})
}

func getGrants(ctx context.Context, at task) (result, error) {
	d := dataOf(at.N)
	ids := make([]string, d.grants)
	for i := range ids {
		ids[i] = d.grantID(i)
	}
	return look(ctx, at, d.grants, func(store c1zstore.Store, key int) error {
		found, err := store.GetGrant(ctx, reader_v2.GrantsReaderServiceGetGrantRequest_builder{GrantId: ids[key]}.Build())
		if found.GetGrant().GetId() != ids[key] {
			return fmt.Errorf("not the grant asked for: %w", err)
		}
		return err
	})
}

// putOne measures puts of one grant each into a sync that has three thousand, whatever the size.
func putOne(ctx context.Context, at task) (result, error) {
	const before = 3000
	d := dataOf(before + 2*at.Calls)
	store, err := at.open(ctx, at.path()+".put")
	if err != nil {
		return result{}, err
	}
	if _, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, ""); err != nil {
		return result{}, err
	}
	var unused meter
	if err := fill(ctx, store, &unused, d, numbers(before)); err != nil {
		return result{}, err
	}
	next := before
	values, err := latencies(1, at.Calls, func(int) error {
		next++
		return store.PutGrants(ctx, d.grant(next-1))
	})
	if err != nil {
		return result{}, err
	}
	if err := store.EndSync(ctx); err != nil {
		return result{}, err
	}
	return result{Values: values}, store.Close(ctx)
}

func expect(got, want int, err error) error {
	if err == nil && got != want {
		return fmt.Errorf("%d grants came back, not %d", got, want)
	}
	return err
}
