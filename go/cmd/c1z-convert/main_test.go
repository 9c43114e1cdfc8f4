package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"

	c1z "example.com/libc1z/go"
)

// The tests run this program as the command.
func TestMain(m *testing.M) {
	if os.Getenv("C1Z_CONVERT_TEST") != "" {
		main()
	}
	os.Exit(m.Run())
}

// command runs the command and gives its exit status, standard output and standard error.
func command(t *testing.T, args ...string) (int, string, string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.Command(self, args...)
	command.Env = append(os.Environ(), "C1Z_CONVERT_TEST=1")
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	err = command.Run()
	if _, exited := err.(*exec.ExitError); !exited {
		require.NoError(t, err)
	}
	return command.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

func resourceID(of, id string) *v2.ResourceId {
	return v2.ResourceId_builder{ResourceType: of, Resource: id}.Build()
}

func written(t *testing.T, engine c1zstore.Engine) string {
	t.Helper()
	ctx, path := context.Background(), filepath.Join(t.TempDir(), string(engine)+".c1z")
	require.NoError(t, c1z.Register())
	store, err := dotc1z.NewStore(ctx, path, dotc1z.WithEngine(engine), dotc1z.WithTmpDir(t.TempDir()))
	require.NoError(t, err)
	_, err = store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, store.PutResourceTypes(ctx, v2.ResourceType_builder{Id: "user"}.Build()))
	require.NoError(t, store.PutResources(ctx, v2.Resource_builder{Id: resourceID("user", "u")}.Build()))
	require.NoError(t, store.EndSync(ctx))
	require.NoError(t, store.Close(ctx))
	return path
}

// resources are those of a file, and the engine that reads it.
func resources(t *testing.T, path string) (string, int) {
	t.Helper()
	ctx := context.Background()
	store, err := dotc1z.NewStore(ctx, path, dotc1z.WithReadOnly(true), dotc1z.WithTmpDir(t.TempDir()))
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close(ctx)) }()
	page, err := store.ListResources(ctx, &v2.ResourcesServiceListResourcesRequest{})
	require.NoError(t, err)
	return store.Metadata().Engine, len(page.GetList())
}

func TestFilesOfEveryEngineBecomeFilesOfEveryOther(t *testing.T) {
	for from, engine := range engines {
		path := written(t, engine)
		for to, other := range engines {
			out := filepath.Join(t.TempDir(), "out.c1z")
			status, stdout, stderr := command(t, "-to", to, path, out)
			if from == to {
				require.Equal(t, 1, status)
				require.Regexp(t, `^c1z-convert: .*already\n$`, stderr)
				require.NoFileExists(t, out)
				continue
			}
			require.Equal(t, []any{0, ""}, []any{status, stderr}, "%s to %s: %s", from, to, stdout)
			got, count := resources(t, out)
			require.Equal(t, []any{string(other), 1}, []any{got, count})
			if to == "sqlite" {
				require.Contains(t, stdout, "lost: 1 of SYNC_ID: ")
				require.Contains(t, stdout, "lost: 1 of DISCOVERED_AT in resources: ")
			} else {
				require.Empty(t, stdout)
			}
		}
	}
}

func TestWhatIsWrongIsSaidInOneLine(t *testing.T) {
	folder := t.TempDir()
	missing, out := filepath.Join(folder, "missing.c1z"), filepath.Join(folder, "out.c1z")
	status, stdout, stderr := command(t, missing, out)
	require.Equal(t, []any{1, ""}, []any{status, stdout})
	require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	require.Contains(t, stderr, missing)
	for _, args := range [][]string{{}, {missing}, {"-to", "oracle", missing, out}, {"-nothing"}} {
		status, _, stderr := command(t, args...)
		require.Equal(t, 2, status)
		require.Contains(t, stderr, "Usage: c1z-convert")
	}
}

func TestABarIsDrawn(t *testing.T) {
	require.Equal(t, "["+strings.Repeat("#", 20)+strings.Repeat(" ", 20)+"]  50 %  5 of 10", drawn(5, 10))
	require.Equal(t, "7", drawn(7, 0))
}
