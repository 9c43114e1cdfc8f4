package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"

	c1z "example.com/libc1z/go"
	"example.com/libc1z/go/storetest"
)

// asConnector is set in a process that is to be the connector.
const asConnector = "UNIX_ACCOUNTS_TEST_CONNECTOR"

func TestMain(m *testing.M) {
	if os.Getenv(asConnector) != "" {
		main()
		return
	}
	if err := c1z.Register(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// data are the files of the example machine.
const data = "../data"

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// started runs a program in an empty folder, without settings of whoever runs the tests, and fails the test if it leaves
// anything in its temporary folder.
func started(t *testing.T, program string, arguments ...string) (stdout, stderr string, status int) {
	t.Helper()
	tmpDir := t.TempDir()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = t.TempDir()
	command.Env = []string{asConnector + "=1", "TMPDIR=" + tmpDir, "NO_COLOR=1"}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "BATON_") && !strings.HasPrefix(variable, "TMPDIR=") {
			command.Env = append(command.Env, variable)
		}
	}
	var output, errorOutput bytes.Buffer
	command.Stdout, command.Stderr = &output, &errorOutput
	var exit *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	left, err := os.ReadDir(tmpDir)
	noError(t, err)
	if len(left) > 0 {
		t.Errorf("%s %s left %v", filepath.Base(program), arguments, left)
	}
	return output.String(), errorOutput.String(), command.ProcessState.ExitCode()
}

// syncInto runs the connector, which syncs a machine into the file at path.
func syncInto(t *testing.T, path, machine string, flags ...string) {
	t.Helper()
	stdout, stderr, status := connect(t, path, machine, flags...)
	if status != 0 {
		t.Fatalf("exit status %d\n%s%s", status, stdout, stderr)
	}
}

func connect(t *testing.T, path, machine string, flags ...string) (stdout, stderr string, status int) {
	t.Helper()
	folder, err := filepath.Abs(machine)
	noError(t, err)
	arguments := []string{"-f", path, "--passwd", filepath.Join(folder, "passwd"), "--group", filepath.Join(folder, "group")}
	return started(t, os.Args[0], append(arguments, flags...)...)
}

// synced is a file that the connector has synced the example machine into.
func synced(t *testing.T, flags ...string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "out.c1z")
	syncInto(t, path, data, flags...)
	return path
}

// read is what a file's store answers, and its engine.
func read(t *testing.T, path string) (readings storetest.Readings, engine string) {
	t.Helper()
	store, err := dotc1z.NewStore(t.Context(), path, dotc1z.WithReadOnly(true), dotc1z.WithTmpDir(t.TempDir()))
	noError(t, err)
	defer func() { noError(t, store.Close(context.WithoutCancel(t.Context()))) }()
	latest, err := store.SyncMeta().LatestFullSync(t.Context())
	if err != nil || latest == nil {
		t.Fatalf("latest full sync: %v, %v", latest, err)
	}
	noError(t, store.SetCurrentSync(t.Context(), latest.ID))
	all := storetest.Read(t.Context(), store, storetest.Questions{SyncID: latest.ID, PageSize: 1000})
	return storetest.OfOneSyncer(storetest.OfOneRun(all)), store.Metadata().Engine
}

func TestTheConnectorSyncsIntoTheEngineOfItsProgram(t *testing.T) {
	want, engine := read(t, synced(t, "--storage-engine", "pebble"))
	if engine != string(c1zstore.EnginePebble) {
		t.Fatalf("the flag asked for pebble, the file is %s's", engine)
	}
	got, engine := read(t, synced(t))
	if engine != string(c1z.Engine) {
		t.Errorf("the file is %s's", engine)
	}
	if diff := storetest.Diff(comparable(want), comparable(got)); diff != "" {
		t.Errorf("reads (-pebble +rocksdb):\n%s", diff)
	}
}

// comparable leaves out what only Pebble's files have: how long the steps of a sync took.
func comparable(r storetest.Readings) storetest.Readings {
	return storetest.AcrossCompactors(storetest.AcrossKeyed(r))
}

func TestAFileKeepsItsEngineAndTheSyncBefore(t *testing.T) {
	path := synced(t)
	syncInto(t, path, data, "--storage-engine", "pebble")
	store, err := dotc1z.NewStore(t.Context(), path, dotc1z.WithReadOnly(true), dotc1z.WithTmpDir(t.TempDir()))
	noError(t, err)
	defer store.Close(context.WithoutCancel(t.Context()))
	if engine := store.Metadata().Engine; engine != string(c1z.Engine) {
		t.Errorf("the file is %s's", engine)
	}
	syncs, err := storetest.ListSyncs(t.Context(), store, 100)
	noError(t, err)
	if len(syncs) != 2 {
		t.Errorf("syncs %v, want two", syncs)
	}
}

// README.md tells of it: the day the SDK takes the name, the two lines in main are one too many.
func TestTheSDKsFlagDoesNotTakeTheEnginesName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.c1z")
	_, stderr, status := connect(t, path, data, "--storage-engine", string(c1z.Engine))
	if status == 0 || !strings.Contains(stderr, "storage-engine") {
		t.Errorf("exit status %d: %s", status, stderr)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file is there: %v", err)
	}
}

// What c1z.Compact is for. SDK: the exit status of a run that failed may be 0, as its end races with the connector's.
func TestTheSDKsCompactorRefusesFilesOfTheEngine(t *testing.T) {
	first, second := synced(t), synced(t)
	var ids []string
	for _, path := range []string{first, second} {
		store, err := dotc1z.NewStore(t.Context(), path, dotc1z.WithReadOnly(true), dotc1z.WithTmpDir(t.TempDir()))
		noError(t, err)
		latest, err := store.SyncMeta().LatestFullSync(t.Context())
		noError(t, errors.Join(err, store.Close(t.Context())))
		ids = append(ids, latest.ID)
	}
	out := t.TempDir()
	_, stderr, _ := connect(t, first, data, "--compact-syncs", "--compact-output-path", out,
		"--compact-file-paths", first+","+second, "--compact-sync-ids", strings.Join(ids, ","))
	if !strings.Contains(stderr, "attached compactor requires SQLite-backed base store") {
		t.Errorf("printed %s", stderr)
	}
	if files, err := os.ReadDir(out); err != nil || len(files) > 0 {
		t.Errorf("files %v, %v", files, err)
	}
}
