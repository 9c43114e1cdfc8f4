package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"

	c1z "example.com/libc1z/go"
)

const (
	sqlite = "sqlite"
	pebble = "pebble"

	fullSyncName = "full sync"
)

// taskVariable makes a process of this program, or of its test, do one task and write the result.
const taskVariable = "C1Z_BENCH_TASK"

// task is one measurement of one engine.
type task struct {
	Name   string
	Engine string  // or, of the file itself, who writes or reads it
	N      int     // grants, or people of a full sync, or the number of a scenario of merging
	Scale  float64 // of such a scenario
	Calls  int     // of what is looked up at random
	Folder string
}

// result is what was measured, by name.
type result struct {
	Values map[string]float64
	Digest string `json:",omitempty"` // of what a full sync or a merge came to
}

func (r result) String() string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.Values)) {
		fmt.Fprintf(&out, "%s %.4g  ", name, r.Values[name])
	}
	return out.String()
}

// measurement is one way to use a store.
type measurement struct {
	name string
	only string // the one column that it is for
	run  func(ctx context.Context, at task) (result, error)
	// budget is the library's memory budget in bytes; 0 is its default.
	budget uint64
}

// measurements are taken in this order; the first writes the file that later ones read.
var measurements = []measurement{
	{name: "write", run: writeSorted},
	{name: "write shuffled", run: writeShuffled},
	{name: "write without digests", only: pebble, run: writeWithoutDigests},
	{name: "write within 128 MiB", only: string(c1z.Engine), run: writeElsewhere, budget: 128 << 20},
	{name: "read all", run: readAll},
	{name: "by entitlement", run: readByEntitlement},
	{name: "by principal", run: readByPrincipal},
	{name: "get", run: getGrants},
	{name: "put one", run: putOne},
}

// startTask runs a task in a new process, once the disk has what earlier ones wrote.
func startTask(ctx context.Context, at task) (result, error) {
	encoded, err := json.Marshal(at)
	if err != nil {
		return result{}, err
	}
	program, err := os.Executable()
	if err != nil {
		return result{}, err
	}
	syscall.Sync()
	var stdout, stderr bytes.Buffer
	process := exec.CommandContext(ctx, program)
	process.Env = append(os.Environ(), taskVariable+"="+string(encoded))
	process.Stdout, process.Stderr = &stdout, &stderr
	if err := process.Run(); err != nil {
		return result{}, fmt.Errorf("%w\n%s", err, stderr.String())
	}
	var measured result
	return measured, json.Unmarshal(stdout.Bytes(), &measured)
}

// runTask is what the new process does.
func runTask(ctx context.Context, encoded string, out io.Writer) error {
	var at task
	if err := json.Unmarshal([]byte(encoded), &at); err != nil {
		return err
	}
	known := append(slices.Concat(measurements, fileMeasurements, mergeMeasurements, wholeMeasurements), mergeInputs, wholeInputs, measurement{name: fullSyncName, run: fullSync})
	i := slices.IndexFunc(known, func(m measurement) bool { return m.name == at.Name })
	if i < 0 {
		return fmt.Errorf("no measurement is called %q", at.Name)
	}
	if err := dotc1z.RegisterEngine(c1z.Driver{MemoryBudgetBytes: known[i].budget}); err != nil {
		return err
	}
	measured, err := known[i].run(ctx, at)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(measured)
}

// path is where the engine's file of this size is.
func (t task) path() string { return filepath.Join(t.Folder, fmt.Sprintf("%s-%d.c1z", t.Engine, t.N)) }

// open opens a store as the SDK's syncer does.
func (t task) open(ctx context.Context, path string, options ...dotc1z.C1ZOption) (c1zstore.Store, error) {
	options = append([]dotc1z.C1ZOption{dotc1z.WithTmpDir(t.Folder), dotc1z.WithEngine(c1zstore.Engine(t.Engine))}, options...)
	return dotc1z.NewStore(ctx, path, options...)
}
