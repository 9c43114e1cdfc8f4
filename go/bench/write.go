package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
)

// putPage is how many rows a put has.
const putPage = 1000

func writeSorted(ctx context.Context, at task) (result, error) {
	return write(ctx, at, at.path(), false)
}

func writeShuffled(ctx context.Context, at task) (result, error) {
	return write(ctx, at, filepath.Join(at.Folder, "shuffled.c1z"), true)
}

func writeWithoutDigests(ctx context.Context, at task) (result, error) {
	return write(ctx, at, filepath.Join(at.Folder, "undigested.c1z"), false, dotc1z.WithGrantDigestIndex(false))
}

func writeElsewhere(ctx context.Context, at task) (result, error) {
	return write(ctx, at, filepath.Join(at.Folder, "elsewhere.c1z"), false)
}

// write fills a new file. Making the rows does not count.
func write(ctx context.Context, at task, path string, shuffled bool, options ...dotc1z.C1ZOption) (result, error) {
	if err := os.RemoveAll(path); err != nil {
		return result{}, err
	}
	d := dataOf(at.N)
	order := d.order(shuffled)
	if err := forgetPeak(); err != nil {
		return result{}, err
	}
	var m meter
	m.start()
	store, err := at.open(ctx, path, options...)
	if err != nil {
		return result{}, err
	}
	_, err = store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	m.stop()
	if err != nil {
		return result{}, err
	}
	if err := fill(ctx, store, &m, d, order); err != nil {
		return result{}, err
	}
	m.start()
	if err := store.EndSync(ctx); err != nil {
		return result{}, err
	}
	if err := store.Close(ctx); err != nil {
		return result{}, err
	}
	m.stop()
	values, err := m.values(d.grants)
	if err != nil {
		return result{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return result{}, err
	}
	values["file"] = float64(info.Size()) / (1 << 20)
	return result{Values: values}, nil
}

func fill(ctx context.Context, store c1zstore.Store, m *meter, d data, order []int) error {
	m.start()
	if err := store.PutResourceTypes(ctx, resourceTypes()...); err != nil {
		return err
	}
	m.stop()
	if err := putAll(ctx, m, numbers(d.users), user, store.PutResources); err != nil {
		return err
	}
	if err := putAll(ctx, m, numbers(d.groups), group, store.PutResources); err != nil {
		return err
	}
	memberOfGroup := func(i int) *v2.Entitlement { return member(group(i)) }
	if err := putAll(ctx, m, numbers(d.groups), memberOfGroup, store.PutEntitlements); err != nil {
		return err
	}
	return putAll(ctx, m, order, d.grant, store.PutGrants)
}

// putAll puts rows in pages.
func putAll[Row any](
	ctx context.Context, m *meter, numbers []int, row func(int) *Row, put func(context.Context, ...*Row) error,
) error {
	for page := range slices.Chunk(numbers, putPage) {
		rows := make([]*Row, 0, len(page))
		for _, i := range page {
			rows = append(rows, row(i))
		}
		m.start()
		err := put(ctx, rows...)
		m.stop()
		if err != nil {
			return err
		}
	}
	return nil
}

func numbers(n int) []int { return data{grants: n}.order(false) }
