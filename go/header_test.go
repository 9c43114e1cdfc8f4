package c1z_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	c1zv3 "github.com/conductorone/baton-sdk/pb/c1/c1z/v3"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	formatv3 "github.com/conductorone/baton-sdk/pkg/dotc1z/format/v3"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	c1z "example.com/libc1z/go"
)

// TestAHeaderSaysWhatTheSDKReadsOfIt reads headers of files of both engines, in every encoding.
func TestAHeaderSaysWhatTheSDKReadsOfIt(t *testing.T) {
	for _, engine := range []c1zstore.Engine{c1z.Engine, c1zstore.EnginePebble} {
		for _, encoding := range encodings {
			t.Run(string(engine)+" "+encoding.String(), func(t *testing.T) {
				path, _ := encodedFile(t, engine, encoding)
				want, err := formatv3.ReadManifestHeader(openFile(t, path))
				require.NoError(t, err)
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				length := binary.BigEndian.Uint32(data[5:9])
				sum := sha256.Sum256(data[9 : 9+length])

				header, err := c1z.ReadHeader(path)
				require.NoError(t, err)
				require.Equal(t, dotc1z.C1ZFormatV3, header.Format)
				require.EqualValues(t, len(data), header.Size)
				require.Equal(t, want.GetEngine(), string(header.Engine))
				require.Equal(t, want.GetEngineSchemaVersion(), header.EngineSchemaVersion)
				require.Equal(t, want.GetPayloadEncoding(), c1zv3.PayloadEncoding(header.PayloadEncoding))
				require.Equal(t, sum[:], header.ManifestSHA256)
				require.Equal(t, want.GetFoldDeadBytes(), header.FoldDeadBytes)
				require.True(t, proto.Equal(want.GetGrantDigestRoot(), header.GrantDigestRoot))
				require.NotEmpty(t, header.SyncRuns)
				require.Len(t, header.SyncRuns, len(want.GetSyncRuns()))
				for i, run := range header.SyncRuns {
					equal(t, want.GetSyncRuns()[i], run)
				}
			})
		}
	}
}

func TestAHeaderOfFormatV1HasNothingButItsFormatAndSize(t *testing.T) {
	ctx, path := context.Background(), newPath(t)
	store, err := dotc1z.NewStore(ctx, path, dotc1z.WithEngine(c1zstore.EngineSQLite), dotc1z.WithTmpDir(t.TempDir()))
	require.NoError(t, err)
	_, err = store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, store.PutResourceTypes(ctx, resourceType("user")))
	require.NoError(t, store.EndSync(ctx))
	require.NoError(t, store.Close(ctx))
	info, err := os.Stat(path)
	require.NoError(t, err)
	header, err := c1z.ReadHeader(path)
	require.NoError(t, err)
	require.Equal(t, &c1z.Header{Format: dotc1z.C1ZFormatV1, Size: uint64(info.Size())}, header)
}

func TestOnlyC1ZFilesHaveAHeader(t *testing.T) {
	folder := t.TempDir()
	for name, want := range map[string]struct {
		content string
		code    codes.Code
	}{
		"other": {"PK\x03\x04 a zip", codes.FailedPrecondition},
		"empty": {"", codes.FailedPrecondition},
		"short": {"C1Z3\x00\x00", codes.DataLoss},
		"cut":   {"C1Z3\x00\x00\x00\x00\x05\x0a", codes.DataLoss},
	} {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(want.content), 0o600))
		_, err := c1z.ReadHeader(path)
		require.Equal(t, want.code, status.Code(err), name)
		require.ErrorContains(t, err, path)
	}
	_, err := c1z.ReadHeader(filepath.Join(folder, "missing"))
	require.Equal(t, codes.NotFound, status.Code(err))
	_, err = c1z.ReadHeader(folder)
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	_, err = c1z.ReadHeader(filepath.Join(folder, "other"))
	require.ErrorIs(t, err, dotc1z.ErrInvalidFile)
}

// TestTheSDKReadsFramesThatASaveCopied opens a file, changes one record, and lets the SDK read what has become of it.
func TestTheSDKReadsFramesThatASaveCopied(t *testing.T) {
	ctx := context.Background()
	path, full := savedFile(t, func(store c1zstore.Store) {
		require.NoError(t, store.PutGrants(ctx, grant("g1", "one"), grant("g1", "two")))
	})
	before := frames(t, path)
	store := openPath(t, path)
	_, err := store.ResumeSync(ctx, connectorstore.SyncTypeFull, full)
	require.NoError(t, err)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "one more")))
	require.NoError(t, store.Close(ctx))

	folder, copied := t.TempDir(), 0
	_, reuse, err := formatv3.ExtractEnvelopePayload(openFile(t, path), folder)
	require.NoError(t, err)
	require.NotNil(t, reuse)
	checkFrames(t, path, folder)
	for name, frame := range frames(t, path) {
		if filepath.Ext(name) == ".sst" && string(before[name]) == string(frame) {
			copied++
		}
	}
	require.NotZero(t, copied)
}

// frames are the compressed bytes of each payload file.
func frames(t *testing.T, path string) map[string][]byte {
	t.Helper()
	index, err := formatv3.ReadIndexedFrameIndex(openFile(t, path))
	require.NoError(t, err)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	byName := map[string][]byte{}
	for _, entry := range index.GetEntries() {
		byName[entry.GetName()] = data[entry.GetFrameOffset():][:entry.GetCompressedSize()]
	}
	return byName
}
