package main

import (
	"context"
	"fmt"
	"os"

	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"

	c1z "example.com/libc1z/go"
)

// sdk is the column of what the SDK has for the same purpose.
const sdk = "SDK"

// changedGrants is in how many grants the files differ that are compared.
const changedGrants = 100

// wholeInputs writes the files that are converted and compared.
var wholeInputs = measurement{name: "whole inputs", run: writeWholeInputs}

// wholeMeasurements are of what works on whole files.
var wholeMeasurements = []measurement{
	{name: "convert", run: beside(convertToPebble, convert)},
	{name: "compare", only: library, run: compareFiles},
	{name: "read both", only: library, run: readBoth},
}

var wholeFigures = []figure{
	{"convert", "seconds", "convert a file of format v1, s"},
	{"convert", "cpu", "… s of processor time"},
	{"convert", "peak memory", "… peak memory, MiB"},
	{"convert", "file", "… file, MiB"},
	{"compare", "seconds", fmt.Sprintf("compare two files that differ in %d grants, s", changedGrants)},
	{"compare", "cpu", "… s of processor time"},
	{"compare", "peak memory", "… peak memory, MiB"},
	{"read both", "seconds", "read all grants of both files, s"},
	{"read both", "cpu", "… s of processor time"},
	{"read both", "peak memory", "… peak memory, MiB"},
}

func newWholeReport() *report {
	title := func(n int) string { return fmt.Sprintf("Whole files: %d grants", n) }
	return &report{
		columns: []string{library, sdk}, ours: library, ratio: library + " / " + sdk,
		figures: wholeFigures, title: title, samples: map[string][]float64{}, digests: map[string]string{},
	}
}

// compareWholeFiles measures what works on whole files, on inputs that are written once for each size.
func compareWholeFiles(ctx context.Context, c config, at task) (*report, error) {
	report := newWholeReport()
	for _, at.N = range c.whole {
		at.Name, at.Engine = wholeInputs.name, library
		if _, err := startTask(ctx, at); err != nil {
			return nil, fmt.Errorf("%s of %s: %w", at.Name, report.title(at.N), err)
		}
		if err := compare(ctx, report, wholeMeasurements, report.columns, at, c.rounds); err != nil {
			return nil, err
		}
	}
	return report, nil
}

func (t task) inV1() string   { return t.file("v1.c1z") }
func (t task) before() string { return t.file("before.c1z") }
func (t task) after() string  { return t.file("after.c1z") }

// writeWholeInputs writes one sync as a file of format v1, and two of ours that have nothing from each other.
func writeWholeInputs(ctx context.Context, at task) (result, error) {
	d := dataOf(at.N)
	other := d.order(false)
	for k := range min(changedGrants, at.N) / 2 {
		// A grant is gone, and there is one that was not.
		other[k*(at.N/(changedGrants/2+1))] = at.N + k
	}
	for _, input := range []struct {
		path, engine string
		order        []int
	}{
		{at.inV1(), sqlite, d.order(false)},
		{at.before(), string(c1z.Engine), d.order(false)},
		{at.after(), string(c1z.Engine), other},
	} {
		at.Engine = input.engine
		if err := writeFile(ctx, at, input.path, d, input.order); err != nil {
			return result{}, err
		}
	}
	return result{}, nil
}

// writeFile writes a sync of these grants.
func writeFile(ctx context.Context, at task, path string, d data, order []int) error {
	store, err := at.open(ctx, path)
	if err != nil {
		return err
	}
	if _, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, ""); err != nil {
		return err
	}
	if err := fill(ctx, store, &meter{}, d, order); err != nil {
		return err
	}
	if err := store.EndSync(ctx); err != nil {
		return err
	}
	return store.Close(ctx)
}

func convert(ctx context.Context, at task) (result, error) {
	return converted(at, func(output string) error {
		_, err := c1z.Convert(ctx, at.inV1(), output, c1z.WithConvertTmpDir(at.Folder))
		return err
	})
}

// convertToPebble does what the SDK's command to-pebble does.
func convertToPebble(ctx context.Context, at task) (result, error) {
	return converted(at, func(output string) error {
		//nolint:staticcheck // The SDK has ToPebble nowhere else.
		store, err := dotc1z.NewC1ZFile(ctx, at.inV1(), dotc1z.WithReadOnly(true), dotc1z.WithTmpDir(at.Folder))
		if err != nil {
			return err
		}
		if _, err := store.ToPebble(ctx, output, "", dotc1z.WithConvertBatchSize(10_000), dotc1z.WithConvertTmpDir(at.Folder)); err != nil {
			return err
		}
		return store.Close(ctx)
	})
}

// converted measures a conversion, and removes what came of it.
func converted(at task, into func(output string) error) (result, error) {
	output := at.file(at.Engine + "-converted.c1z")
	defer os.Remove(output)
	values, err := wholly(func() error { return into(output) })
	if err != nil {
		return result{}, err
	}
	info, err := os.Stat(output)
	if err != nil {
		return result{}, err
	}
	values["file"] = mebibytes(info.Size())
	return result{Values: values}, nil
}

func compareFiles(ctx context.Context, at task) (result, error) {
	var found int
	values, err := wholly(func() error {
		before, after := c1z.CompareInput{Path: at.before()}, c1z.CompareInput{Path: at.after()}
		for difference, err := range c1z.Compare(ctx, before, after, c1z.CompareOptions{TmpDir: at.Folder}) {
			if err != nil {
				return err
			}
			_ = difference
			found++
		}
		return nil
	})
	if want := min(changedGrants, at.N) / 2 * 2; err == nil && found != want {
		err = fmt.Errorf("%d differences were found, not %d", found, want)
	}
	return result{Values: values}, err
}

func readBoth(ctx context.Context, at task) (result, error) {
	at.Engine = string(c1z.Engine)
	values, err := wholly(func() error {
		for _, path := range []string{at.before(), at.after()} {
			store, err := at.open(ctx, path, dotc1z.WithReadOnly(true))
			if err != nil {
				return err
			}
			if _, err := countGrants(ctx, store); err != nil {
				return err
			}
			if err := store.Close(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	return result{Values: values}, err
}

// wholly measures one long call.
func wholly(call func() error) (map[string]float64, error) {
	if err := forgetPeak(); err != nil {
		return nil, err
	}
	var m meter
	m.start()
	err := call()
	m.stop()
	if err != nil {
		return nil, err
	}
	return m.wholeValues()
}
