package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/types"

	"example.com/libc1z/examples/go/accounts"
	"example.com/libc1z/examples/go/connector"
)

// childTarget is set in a process that is to sync into the file that it names, with a connector that waits.
const childTarget = "UNIX_ACCOUNTS_TEST_TARGET"

func TestMain(m *testing.M) {
	if path := os.Getenv(childTarget); path != "" {
		exit(untilSignal(func(ctx context.Context) error { return syncThatWaits(ctx, path) }))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// waiting says on standard output that grants are asked for, and answers when the sync is cancelled.
type waiting struct{ types.ConnectorServer }

func (waiting) ListGrants(ctx context.Context, _ *v2.GrantsServiceListGrantsRequest) (*v2.GrantsServiceListGrantsResponse, error) {
	fmt.Println("waiting")
	<-ctx.Done()
	return nil, ctx.Err()
}

func syncThatWaits(ctx context.Context, path string) error {
	machine, err := accounts.Open(exampleMachine.passwd, exampleMachine.group)
	if err != nil {
		return err
	}
	server, err := connectorbuilder.NewConnector(ctx, connector.New(machine))
	if err != nil {
		return err
	}
	if err := registerEngines(); err != nil {
		return err
	}
	_, err = fullSync(ctx, waiting{server}, target{path: path, engine: rocksdb, workers: 1})
	return err
}

// interrupted runs a sync in a process of its own, and interrupts it when it asks for grants; before that, prepare is
// run. It returns what the process printed as errors, and what it left in its temporary folder.
func interrupted(t *testing.T, path string, prepare func()) (stderr string, left []os.DirEntry) {
	t.Helper()
	tmpDir := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childTarget+"="+path, "TMPDIR="+tmpDir)
	var errorOutput bytes.Buffer
	child.Stderr = &errorOutput
	stdout, err := child.StdoutPipe()
	noError(t, err)
	noError(t, child.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || line != "waiting\n" {
		t.Fatalf("got %q, %v: %s", line, errors.Join(err, child.Wait()), &errorOutput)
	}
	prepare()
	noError(t, child.Process.Signal(syscall.SIGINT))
	var exit *exec.ExitError
	if err := child.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("got %v, want exit status 1", err)
	}
	left, err = os.ReadDir(tmpDir)
	noError(t, err)
	return errorOutput.String(), left
}

func TestAnInterruptedSyncIsSavedAndLeavesNothingBehind(t *testing.T) {
	noError(t, registerEngines())
	path := filepath.Join(t.TempDir(), "out.c1z")
	stderr, left := interrupted(t, path, func() {})
	if !strings.Contains(stderr, context.Canceled.Error()) || len(left) > 0 {
		t.Errorf("printed %q, left %v", stderr, left)
	}
	if saved := syncIDs(t, path); len(saved) != 1 {
		t.Errorf("saved syncs %v, want one", saved)
	}
}

func TestAnInterruptedSyncThatCannotBeSavedLeavesNothingBehind(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "gone")
	noError(t, os.Mkdir(folder, 0o700))
	stderr, left := interrupted(t, filepath.Join(folder, "out.c1z"), func() { noError(t, os.RemoveAll(folder)) })
	if !strings.Contains(stderr, "not saved") || len(left) > 0 {
		t.Errorf("printed %q, left %v", stderr, left)
	}
}
