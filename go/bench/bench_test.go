package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMain lets the test's own program be the process of a measurement.
func TestMain(m *testing.M) {
	if task, ok := os.LookupEnv(taskVariable); ok {
		exit(runTask(context.Background(), task, os.Stdout))
	}
	os.Exit(m.Run())
}

func TestEveryMeasurementRunsOnEveryEngine(t *testing.T) {
	out := filepath.Join(t.TempDir(), "table.md")
	engines := []string{sqlite, pebble, "rocksdb"}
	err := run(t.Context(), config{sizes: []int{200}, engines: engines, rounds: 1, sqliteMax: 200, calls: 50, people: 100, out: out})
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	rows := string(table)
	for _, f := range slices.Concat(figures, fileFigures) {
		_, after, found := strings.Cut(rows, "| "+f.title+" |")
		if !found {
			t.Fatalf("no %q of %q in\n%s", f.value, f.measurement, table)
		}
		var row string
		row, rows, _ = strings.Cut(after, "\n")
		if strings.Contains(row, "|  |") && !ofOneColumn(f.measurement) {
			t.Errorf("an engine lacks %q of %q: %s", f.value, f.measurement, row)
		}
	}
}

func TestEveryWayOfMergingIsMeasured(t *testing.T) {
	out := filepath.Join(t.TempDir(), "table.md")
	err := run(t.Context(), config{
		rounds: 1, sqliteMax: 1_000_000, out: out,
		merge: []string{"a", "d", "e"}, mergeColumns: mergeColumns, mergeScale: 0.002,
	})
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range mergeFigures {
		if found := strings.Count(string(table), "| "+f.title+" |"); found < 3 {
			t.Errorf("%q of %q is there %d times:\n%s", f.value, f.measurement, found, table)
		}
	}
}

func TestWhatWorksOnWholeFilesIsMeasured(t *testing.T) {
	out := filepath.Join(t.TempDir(), "table.md")
	if err := run(t.Context(), config{rounds: 1, whole: []int{1000}, out: out}); err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range wholeFigures {
		if !strings.Contains(string(table), "| "+f.title+" |") {
			t.Errorf("no %q of %q in\n%s", f.value, f.measurement, table)
		}
	}
}

func ofOneColumn(name string) bool {
	return slices.ContainsFunc(slices.Concat(measurements, fileMeasurements), func(m measurement) bool {
		return m.name == name && m.only != ""
	})
}

func TestNoGrantOfTheDataComesTwice(t *testing.T) {
	for _, n := range []int{200, 1000, 30_000} {
		d := dataOf(n)
		seen := map[string]bool{}
		for _, i := range d.order(true) {
			seen[d.grantID(i)] = true
		}
		if len(seen) != n {
			t.Errorf("of %d grants %d are distinct", n, len(seen))
		}
	}
}
