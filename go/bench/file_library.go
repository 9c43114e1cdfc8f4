package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"

	c1z "example.com/libc1z/go"
)

// openStore opens a store of libc1z's.
func (t task) openStore(ctx context.Context, path string, options ...dotc1z.C1ZOption) (c1zstore.Store, error) {
	t.Engine = string(c1z.Engine)
	return t.open(ctx, path, options...)
}

// save writes the file and leaves the store open.
func save(ctx context.Context, store c1zstore.Store) error {
	return store.(interface{ Save(context.Context) error }).Save(ctx)
}

// writeFiles writes what is measured later, and tells what the payload is.
func writeFiles(ctx context.Context, at task) (result, error) {
	store, err := at.newSync(ctx, at.original())
	if err != nil {
		return result{}, err
	}
	if err := store.Close(ctx); err != nil {
		return result{}, err
	}
	store, err = at.changeRecord(ctx, at.changed())
	if err != nil {
		return result{}, err
	}
	if err := store.Close(ctx); err != nil {
		return result{}, err
	}
	if err := at.unpackOriginal(); err != nil {
		return result{}, err
	}
	index, err := frames(at.original())
	return result{Values: map[string]float64{
		"mib":   mebibytes(index.GetTotalRawSize()),
		"files": float64(len(index.GetEntries())),
	}}, err
}

// newSync opens a new file, which has a sync that has ended and is not saved.
func (t task) newSync(ctx context.Context, path string) (c1zstore.Store, error) {
	if err := os.RemoveAll(path); err != nil {
		return nil, err
	}
	store, err := t.openStore(ctx, path)
	if err != nil {
		return nil, err
	}
	if _, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, ""); err != nil {
		return nil, err
	}
	d := dataOf(t.N)
	var unused meter
	if err := fill(ctx, store, &unused, d, d.order(false)); err != nil {
		return nil, err
	}
	return store, store.EndSync(ctx)
}

// changeRecord opens a copy of the original at path, one of whose grants is another. That is not saved.
func (t task) changeRecord(ctx context.Context, path string) (c1zstore.Store, error) {
	if err := copyFile(t.original(), path); err != nil {
		return nil, err
	}
	header, err := c1z.ReadHeader(path)
	if err != nil {
		return nil, err
	}
	store, err := t.openStore(ctx, path)
	if err != nil {
		return nil, err
	}
	if _, err := store.ResumeSync(ctx, connectorstore.SyncTypeFull, header.SyncRuns[0].GetSyncId()); err != nil {
		return nil, err
	}
	d := dataOf(t.N)
	changed := grant(member(group(0)), user(d.memberOf(0)), pack(&v2.GrantImmutable{}))
	if err := store.PutGrants(ctx, changed); err != nil {
		return nil, err
	}
	return store, store.EndSync(ctx)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(out, in)
	return err
}

// saveWhole saves a file for the first time.
func saveWhole(ctx context.Context, at task) (result, error) {
	return saves(ctx, at, at.file("whole.c1z"), at.newSync)
}

// saveChange saves a file that was opened, after one record has changed.
func saveChange(ctx context.Context, at task) (result, error) {
	path := at.file("spliced.c1z")
	measured, err := saves(ctx, at, path, at.changeRecord)
	if err != nil {
		return result{}, err
	}
	changed, err := at.changedFiles(path)
	measured.Values["changed"] = float64(len(changed))
	return measured, err
}

// saves measures the saves of stores alone, not how they came to have something to save.
func saves(
	ctx context.Context, at task, path string, open func(context.Context, string) (c1zstore.Store, error),
) (result, error) {
	var s series
	for range at.repeats() {
		store, err := open(ctx, path)
		if err != nil {
			return result{}, err
		}
		if err := s.measure(func() error { return save(ctx, store) }); err != nil {
			return result{}, err
		}
		if err := store.Close(ctx); err != nil {
			return result{}, err
		}
	}
	return s.result(path)
}

// openFile opens the original for writing: only then all of it is unpacked before it can be read. That includes opening the
// database.
func openFile(ctx context.Context, at task) (result, error) {
	var s series
	for range at.repeats() {
		var store c1zstore.Store
		err := s.measure(func() (err error) {
			store, err = at.openStore(ctx, at.original())
			return err
		})
		if err != nil {
			return result{}, err
		}
		if err := store.Close(ctx); err != nil {
			return result{}, err
		}
	}
	return s.result(at.original())
}

// checkFrames decodes and compares the original's payload. It is not written anywhere, since no engine is known that
// could open it.
func checkFrames(ctx context.Context, at task) (result, error) {
	var s series
	for range at.repeats() {
		var report *c1z.Report
		err := s.measure(func() (err error) {
			report, err = c1z.Verify(ctx, at.foreign(), c1z.VerifyOptions{TmpDir: at.Folder})
			return err
		})
		if err != nil {
			return result{}, err
		}
		if !report.OK() || report.PayloadFiles == 0 || report.DatabaseWalked {
			return result{}, fmt.Errorf("not what was to be checked: %s", report.Text)
		}
	}
	return s.result(at.foreign())
}

func readHeader(_ context.Context, at task) (result, error) {
	return headers(at, func() error {
		_, err := c1z.ReadHeader(at.original())
		return err
	})
}

func headers(at task, read func() error) (result, error) {
	values, err := latencies(1, at.Calls, func(int) error { return read() })
	return result{Values: values}, err
}
