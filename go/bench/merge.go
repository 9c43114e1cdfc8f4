package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/synccompactor"
	"github.com/conductorone/baton-sdk/pkg/types/sessions"

	c1z "example.com/libc1z/go"
)

// mergeColumns are libc1z and the ways of the SDK's compactor: those of Pebble, what it chooses itself, and SQLite's.
var mergeColumns = []string{library, "overlay", "kway", "fold", "auto", "attached"}

// mergeEngine is whose files a column merges.
func mergeEngine(column string) string {
	switch column {
	case library:
		return string(c1z.Engine)
	case "attached":
		return sqlite
	default:
		return pebble
	}
}

// scenario is a base and the partials that are merged into it.
type scenario struct {
	name     string
	base     int // grants
	partials int
	partial  int // grants of each
	// first is the number of a partial's first grant among those of the data, step how far the next one is.
	first func(base, partial, i int) int
	step  int
	title string
}

var scenarios = []scenario{
	{name: "a", base: 250_000, partials: 9, partial: 100, first: behind, step: 1, title: "a base and small partials, of which half is new"},
	{name: "b", base: 1_000_000, partials: 9, partial: 1000, first: behind, step: 1, title: "a base and small partials, of which half is new"},
	{name: "c", base: 2500, partials: 49, partial: 2500, first: atFirst, step: 1, title: "equal syncs"},
	{name: "d", base: 500_000, partials: 1, partial: 500_000, first: fromHalf, step: 1, title: "syncs of one size, half shared"},
	{name: "e", base: 1_000_000, partials: 1, partial: 1_000_000 / grantsPerGroup, first: atFirst, step: grantsPerGroup, title: "a partial with a grant of every entitlement"},
}

func scenarioNames() []string {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return names
}

// behind is behind the base and all earlier partials; of such a partial every second grant becomes one of the base's.
func behind(base, partial, i int) int { return base + i*partial }
func atFirst(int, int, int) int       { return 0 }
func fromHalf(base, _, _ int) int     { return base / 2 }

// scaled is the scenario with that part of its grants.
func (s scenario) scaled(by float64) scenario {
	s.base = max(1, int(float64(s.base)*by))
	s.partial = max(1, int(float64(s.partial)*by))
	return s
}

func (s scenario) String() string {
	return fmt.Sprintf("Merge (%s): %d grants and %d times %d; %s", s.name, s.base, s.partials, s.partial, s.title)
}

// grants are the numbers of an input's grants; the base is the first input.
func (s scenario) grants(input int) []int {
	if input == 0 {
		return numbers(s.base)
	}
	first := s.first(s.base, s.partial, input-1)
	list := make([]int, 0, s.partial)
	for k := range s.partial {
		number := first + k*s.step
		if first >= s.base && k%2 == 0 { // One that the base has, too.
			number = (number * 7919) % s.base
		}
		list = append(list, number)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// mergeInputs writes what is merged.
var mergeInputs = measurement{name: "merge inputs", run: writeMergeInputs}

// mergeMeasurements are of one scenario.
var mergeMeasurements = []measurement{
	{name: "merge", run: merge},
	{name: "open inputs", only: library, run: openMergeInputs},
	{name: "save base", only: library, run: saveMergeBase},
}

var mergeFigures = []figure{
	{"merge", "seconds", "merge, s"},
	{"merge", "cpu", "… s of processor time"},
	{"merge", "peak memory", "… peak memory, MiB"},
	{"merge", "written", "… written, MiB"},
	{"merge", "file", "… file, MiB"},
	{"merge", "grants", "… grants in it, the same ones"},
	{mergeInputs.name, "inputs", "inputs, MiB"},
	{"open inputs", "seconds", "opening each input, s"},
	{"open inputs", "cpu", "… s of processor time"},
	{"save base", "seconds", "opening the base and saving it with one value more, s"},
	{"save base", "cpu", "… s of processor time"},
}

// newMergeReport has scenarios where others have sizes.
func newMergeReport(columns []string, scale float64) *report {
	title := func(n int) string { return scenarios[n].scaled(scale).String() }
	return &report{
		columns: columns, ours: library, ratio: library + " / best other",
		figures: mergeFigures, title: title, samples: map[string][]float64{}, digests: map[string]string{},
	}
}

// compareMerges measures the scenarios.
func compareMerges(ctx context.Context, c config, at task) (*report, error) {
	report := newMergeReport(c.mergeColumns, c.mergeScale)
	folder := at.Folder
	for n, scenario := range scenarios {
		if !slices.Contains(c.merge, scenario.name) {
			continue
		}
		at.N, at.Scale, at.Folder = n, c.mergeScale, filepath.Join(folder, "merge-"+scenario.name)
		if err := os.Mkdir(at.Folder, 0o700); err != nil {
			return nil, err
		}
		if err := compareMerge(ctx, report, c, at); err != nil {
			return nil, err
		}
		if err := os.RemoveAll(at.Folder); err != nil {
			return nil, err
		}
	}
	return report, nil
}

// compareMerge measures one scenario, on inputs that are written once for each engine.
func compareMerge(ctx context.Context, report *report, c config, at task) error {
	columns := slices.DeleteFunc(slices.Clone(c.mergeColumns), func(column string) bool {
		return mergeEngine(column) == sqlite && at.scenario().base > c.sqliteMax
	})
	written := map[string]result{}
	for _, at.Engine = range columns {
		at.Name = mergeInputs.name
		engine := mergeEngine(at.Engine)
		if _, there := written[engine]; !there {
			measured, err := startTask(ctx, at)
			if err != nil {
				return fmt.Errorf("%s of %s for %s: %w", at.Name, at.scenario(), at.Engine, err)
			}
			written[engine] = measured
		}
		if err := report.add(at, written[engine]); err != nil {
			return err
		}
	}
	return compare(ctx, report, mergeMeasurements, columns, at, c.rounds)
}

func (t task) scenario() scenario { return scenarios[t.N].scaled(t.Scale) }

// mergeInput is where an input of the scenario is.
func (t task) mergeInput(i int) string {
	return filepath.Join(t.Folder, fmt.Sprintf("%s-%d.c1z", mergeEngine(t.Engine), i))
}

// openMerged opens a store of the column's engine.
func (t task) openMerged(ctx context.Context, path string, options ...dotc1z.C1ZOption) (c1zstore.Store, error) {
	t.Engine = mergeEngine(t.Engine)
	return t.open(ctx, path, options...)
}

func (t task) allMergeInputs() []*synccompactor.CompactableSync {
	var inputs []*synccompactor.CompactableSync
	for i := range 1 + t.scenario().partials {
		inputs = append(inputs, &synccompactor.CompactableSync{FilePath: t.mergeInput(i), SyncID: fmt.Sprint("input-", i)})
	}
	return inputs
}

// writeMergeInputs writes the inputs one after another, each newer than the one before.
func writeMergeInputs(ctx context.Context, at task) (result, error) {
	var size int64
	for i, input := range at.allMergeInputs() {
		if err := writeMergeInput(ctx, at, i); err != nil {
			return result{}, err
		}
		info, err := os.Stat(input.FilePath)
		if err != nil {
			return result{}, err
		}
		size += info.Size()
	}
	return result{Values: map[string]float64{"inputs": mebibytes(size)}}, nil
}

func writeMergeInput(ctx context.Context, at task, input int) error {
	store, err := at.openMerged(ctx, at.mergeInput(input))
	if err != nil {
		return err
	}
	syncType := connectorstore.SyncTypePartial
	if input == 0 {
		syncType = connectorstore.SyncTypeFull
	}
	if _, err := store.StartNewSync(ctx, syncType, ""); err != nil {
		return err
	}
	if err := fillMergeInput(ctx, store, at.scenario(), input); err != nil {
		return err
	}
	if err := store.EndSync(ctx); err != nil {
		return err
	}
	return store.Close(ctx)
}

// fillMergeInput puts grants that tell which input they are of, with what they refer to.
func fillMergeInput(ctx context.Context, store c1zstore.Store, s scenario, input int) error {
	d := dataOf(s.base)
	list := s.grants(input)
	var users, groups []int
	for _, i := range list {
		users = append(users, d.memberOf(i))
		groups = append(groups, i/grantsPerGroup)
	}
	users, groups = distinct(users), distinct(groups)
	versioned := func(i int) *v2.Grant {
		made := d.grant(i)
		made.SetSources(v2.GrantSources_builder{Sources: map[string]*v2.GrantSources_GrantSource{
			made.GetEntitlement().GetId(): {IsDirect: true}, fmt.Sprint("input-", input): {},
		}}.Build())
		return made
	}
	var unused meter
	return errors.Join(
		store.PutResourceTypes(ctx, resourceTypes()...),
		putAll(ctx, &unused, users, user, store.PutResources),
		putAll(ctx, &unused, groups, group, store.PutResources),
		putAll(ctx, &unused, groups, func(i int) *v2.Entitlement { return member(group(i)) }, store.PutEntitlements),
		putAll(ctx, &unused, list, versioned, store.PutGrants),
	)
}

func distinct(list []int) []int {
	slices.Sort(list)
	return slices.Compact(list)
}

// merge merges the inputs without expanding grants.
func merge(ctx context.Context, at task) (result, error) {
	output := filepath.Join(at.Folder, "merged-"+at.Engine)
	if err := os.Mkdir(output, 0o700); err != nil {
		return result{}, err
	}
	defer os.RemoveAll(output)
	if err := forgetPeak(); err != nil {
		return result{}, err
	}
	before, err := writtenBytes()
	if err != nil {
		return result{}, err
	}
	var m meter
	m.start()
	merged, err := mergeAs(ctx, at, output)
	m.stop()
	if err != nil {
		return result{}, err
	}
	values, err := m.wholeValues()
	if err != nil {
		return result{}, err
	}
	after, err := writtenBytes()
	if err != nil {
		return result{}, err
	}
	info, err := os.Stat(merged.FilePath)
	if err != nil {
		return result{}, err
	}
	values["written"] = mebibytes(int64(after - before))
	values["file"] = mebibytes(info.Size())
	at.Engine = mergeEngine(at.Engine)
	rows, digest, err := digestGrants(ctx, at, merged.FilePath)
	values["grants"] = float64(rows)
	return result{Values: values, Digest: digest}, err
}

// mergeAs merges as the column says. Removing temporary files counts.
func mergeAs(ctx context.Context, at task, output string) (*synccompactor.CompactableSync, error) {
	if at.Engine == library {
		return c1z.Compact(ctx, output, at.allMergeInputs(), c1z.WithTmpDir(at.Folder), c1z.WithSkipGrantExpansion())
	}
	options := []synccompactor.Option{synccompactor.WithTmpDir(at.Folder), synccompactor.WithSkipGrantExpansion()}
	if mode := synccompactor.PebbleCompactorMode(at.Engine); strings.Contains("overlay kway fold", at.Engine) {
		options = append(options, synccompactor.WithPebbleCompactorMode(mode))
	}
	compactor, cleanup, err := synccompactor.NewCompactor(ctx, output, at.allMergeInputs(), options...)
	if err != nil {
		return nil, err
	}
	merged, err := compactor.Compact(ctx)
	return merged, errors.Join(err, cleanup())
}

// openMergeInputs opens and closes each input, which is what merging many small ones comes down to.
func openMergeInputs(ctx context.Context, at task) (result, error) {
	var m meter
	m.start()
	for _, input := range at.allMergeInputs() {
		store, err := at.openMerged(ctx, input.FilePath, dotc1z.WithReadOnly(true))
		if err != nil {
			return result{}, err
		}
		if err := store.Close(ctx); err != nil {
			return result{}, err
		}
	}
	m.stop()
	values, err := m.wholeValues()
	return result{Values: values}, err
}

// saveMergeBase opens a copy of the base and saves it almost unchanged, which is what merging little into much comes down
// to.
func saveMergeBase(ctx context.Context, at task) (result, error) {
	path := filepath.Join(at.Folder, "base.c1z")
	if err := copyFile(at.mergeInput(0), path); err != nil {
		return result{}, err
	}
	header, err := c1z.ReadHeader(path)
	if err != nil {
		return result{}, err
	}
	var m meter
	m.start()
	store, err := at.openMerged(ctx, path)
	if err != nil {
		return result{}, err
	}
	if err := store.SessionStore().Set(ctx, "key", []byte("value"), sessions.WithSyncID(header.SyncRuns[0].GetSyncId())); err != nil {
		return result{}, err
	}
	if err := store.Close(ctx); err != nil {
		return result{}, err
	}
	m.stop()
	values, err := m.wholeValues()
	return result{Values: values}, errors.Join(err, os.Remove(path))
}
