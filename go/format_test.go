package c1z_test

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	c1zv3 "github.com/conductorone/baton-sdk/pb/c1/c1z/v3"
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	storage_v3 "github.com/conductorone/baton-sdk/pb/c1/storage/v3"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/engine/pebble"
	formatv3 "github.com/conductorone/baton-sdk/pkg/dotc1z/format/v3"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	c1z "example.com/libc1z/go"
	"example.com/libc1z/go/storetest"
)

var encodings = []c1zstore.PayloadEncoding{
	c1zstore.PayloadEncodingIndexedZstd, c1zstore.PayloadEncodingTar, c1zstore.PayloadEncodingTarZstd,
}

// encodedFile is a file with a finished full sync, a finished partial one of it, and an unfinished one.
func encodedFile(t *testing.T, engine c1zstore.Engine, encoding c1zstore.PayloadEncoding) (path, full string) {
	t.Helper()
	require.NoError(t, c1z.Register())
	ctx, r := context.Background(), newRecords(rand.New(rand.NewPCG(1, 0)), false)
	path = newPath(t)
	store := openPath(t, path, dotc1z.WithEngine(engine), dotc1z.WithPayloadEncoding(encoding))
	full, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	for range 20 {
		require.NoError(t, store.PutResourceTypes(ctx, several(r, 5, r.resourceType)...))
		require.NoError(t, store.PutResources(ctx, several(r, 9, r.resource)...))
		require.NoError(t, store.PutEntitlements(ctx, several(r, 9, r.entitlement)...))
		require.NoError(t, store.PutGrants(ctx, several(r, 9, r.grant)...))
	}
	require.NoError(t, store.CheckpointSync(ctx, "token"))
	require.NoError(t, store.EndSync(ctx))
	if engine == c1z.Engine {
		_, err = store.StartNewSync(ctx, connectorstore.SyncTypePartial, full)
		require.NoError(t, err)
		require.NoError(t, store.PutGrants(ctx, r.grant()))
		require.NoError(t, store.EndSync(ctx))
		_, err = store.StartNewSync(ctx, connectorstore.SyncTypeResourcesOnly, "")
		require.NoError(t, err)
	}
	require.NoError(t, store.Close(ctx))
	return path, full
}

// readFile is all that a file says of one sync.
func readFile(t *testing.T, path, syncID string) storetest.Readings {
	t.Helper()
	store := openPath(t, path, dotc1z.WithReadOnly(true))
	require.NoError(t, store.SetCurrentSync(context.Background(), syncID))
	readings := storetest.Read(context.Background(), store, storetest.Questions{SyncID: syncID})
	require.NotEmpty(t, readings["ListGrants"])
	require.Empty(t, readings.Failures())
	return readings
}

func openFile(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func TestTheSDKReadsWhatTheLibrarySaved(t *testing.T) {
	for _, encoding := range encodings {
		t.Run(encoding.String(), func(t *testing.T) {
			path, _ := encodedFile(t, c1z.Engine, encoding)
			header, err := formatv3.ReadManifestHeader(openFile(t, path))
			require.NoError(t, err)
			require.Equal(t, string(c1z.Engine), header.GetEngine())
			require.Equal(t, c1zv3.PayloadEncoding(encoding), header.GetPayloadEncoding())
			checkSummaries(t, path, header.GetSyncRuns())

			whole, err := formatv3.ReadEnvelope(openFile(t, path))
			require.NoError(t, err)
			defer whole.Close()
			require.NoError(t, formatv3.VerifyDescriptorClosure(whole.Manifest.GetDescriptors()))
			require.Contains(t, ids(whole.Manifest.GetDescriptors().GetFile(), (*descriptorpb.FileDescriptorProto).GetName), "c1/storage/v3/records.proto")
			withoutDescriptors := proto.CloneOf(whole.Manifest)
			withoutDescriptors.ClearDescriptors()
			withoutDescriptors.ClearEngineConfig() // The SDK reads neither from a head.
			equal(t, header, withoutDescriptors)

			folder := t.TempDir()
			extracted, reuse, err := formatv3.ExtractEnvelopePayload(openFile(t, path), folder)
			require.NoError(t, err)
			equal(t, header, extracted)
			if encoding == c1zstore.PayloadEncodingIndexedZstd {
				require.NotNil(t, reuse)
				checkFrames(t, path, folder)
				return
			}
			var names []string
			for archive := tar.NewReader(whole.PayloadReader); ; {
				entry, err := archive.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err)
				if entry.Typeflag == tar.TypeReg {
					names = append(names, entry.Name)
				}
			}
			require.ElementsMatch(t, filesIn(t, folder), names)
		})
	}
}

// checkSummaries holds the manifest's syncs to those that the store lists.
func checkSummaries(t *testing.T, path string, summaries []*c1zv3.SyncRunSummary) {
	t.Helper()
	store := openPath(t, path, dotc1z.WithReadOnly(true))
	syncs, err := storetest.ListSyncs(context.Background(), store, 0)
	require.NoError(t, err)
	require.Len(t, syncs, 3)
	var said []*reader_v2.SyncRun
	for _, summary := range summaries {
		names := map[storage_v3.SyncType]connectorstore.SyncType{
			storage_v3.SyncType_SYNC_TYPE_FULL:           connectorstore.SyncTypeFull,
			storage_v3.SyncType_SYNC_TYPE_PARTIAL:        connectorstore.SyncTypePartial,
			storage_v3.SyncType_SYNC_TYPE_RESOURCES_ONLY: connectorstore.SyncTypeResourcesOnly,
		}
		require.False(t, summary.GetCompacted())
		said = append(said, reader_v2.SyncRun_builder{
			Id: summary.GetSyncId(), SyncType: string(names[summary.GetType()]), ParentSyncId: summary.GetParentSyncId(),
			StartedAt: summary.GetStartedAt(), EndedAt: summary.GetEndedAt(), Stats: statsOf(summary.GetStats()),
		}.Build())
	}
	var listed []*reader_v2.SyncRun
	for _, sync := range syncs {
		sync = proto.CloneOf(sync)
		sync.SetSyncToken("")
		if sync.GetEndedAt() == nil {
			sync.ClearStats() // Counted when asked; a manifest has what EndSync counted.
		}
		listed = append(listed, sync)
	}
	byID := func(list []*reader_v2.SyncRun) storetest.Readings {
		r := storetest.Readings{}
		for _, sync := range list {
			r[sync.GetId()] = sync
		}
		return r
	}
	require.Empty(t, storetest.Diff(byID(listed), byID(said)))
}

// statsOf is a stored record as readers get it.
func statsOf(stored *storage_v3.SyncStatsRecord) *reader_v2.SyncStats {
	if stored == nil {
		return nil
	}
	return reader_v2.SyncStats_builder{
		ResourceTypes: stored.GetResourceTypes(), Resources: stored.GetResources(), Entitlements: stored.GetEntitlements(),
		Grants: stored.GetGrants(), Assets: stored.GetAssets(),
		ResourcesByResourceType:    stored.GetResourcesByResourceType(),
		EntitlementsByResourceType: stored.GetEntitlementsByResourceType(),
		GrantsByResourceType:       stored.GetGrantsByEntitlementResourceType(),
	}.Build()
}

// checkFrames holds the index of frames to the extracted files.
func checkFrames(t *testing.T, path, folder string) {
	t.Helper()
	index, err := formatv3.ReadIndexedFrameIndex(openFile(t, path))
	require.NoError(t, err)
	require.NotZero(t, index.GetManifestXxh64())
	var raw, compressed int64
	for _, entry := range index.GetEntries() {
		data, err := os.ReadFile(filepath.Join(folder, entry.GetName()))
		require.NoError(t, err)
		require.EqualValues(t, len(data), entry.GetRawSize(), entry.GetName())
		sum := sha256.Sum256(data)
		require.Equal(t, sum[:], entry.GetRawSha256(), entry.GetName())
		raw, compressed = raw+entry.GetRawSize(), compressed+entry.GetCompressedSize()
	}
	names := ids(index.GetEntries(), (*c1zv3.IndexedFrameEntry).GetName)
	require.True(t, slices.IsSorted(names))
	require.ElementsMatch(t, filesIn(t, folder), names)
	require.Equal(t, raw, index.GetTotalRawSize())
	require.Equal(t, compressed, index.GetTotalCompressedSize())
}

// filesIn are the slash-separated names of the files below a folder.
func filesIn(t *testing.T, folder string) []string {
	t.Helper()
	var names []string
	require.NoError(t, fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	}))
	require.NotEmpty(t, names)
	return names
}

// TestTheLibraryReadsWhatTheSDKWrote unpacks a file of the library's with the SDK, packs it again with the SDK in every
// encoding, and reads and writes that.
func TestTheLibraryReadsWhatTheSDKWrote(t *testing.T) {
	ctx := context.Background()
	for _, from := range encodings {
		path, full := encodedFile(t, c1z.Engine, from)
		want := readFile(t, path, full)
		folder := t.TempDir()
		_, reuse, err := formatv3.ExtractEnvelopePayload(openFile(t, path), folder)
		require.NoError(t, err)
		for _, to := range encodings {
			t.Run(from.String()+" to "+to.String(), func(t *testing.T) {
				original, err := formatv3.ReadEnvelope(openFile(t, path))
				require.NoError(t, err)
				defer original.Close()
				manifest := original.Manifest
				manifest.SetPayloadEncoding(c1zv3.PayloadEncoding(to))
				repacked := newPath(t)
				out, err := os.Create(repacked)
				require.NoError(t, err)
				stats, err := formatv3.WriteEnvelopeWithReuse(out, manifest, folder, reuse)
				require.NoError(t, err)
				require.NoError(t, out.Close())
				if from == c1zstore.PayloadEncodingIndexedZstd && to == from {
					require.Zero(t, stats.EncodedFrames, "frames of the library are taken over as they are")
				}
				require.Empty(t, storetest.Diff(want, readFile(t, repacked, full)))

				store := openPath(t, repacked)
				require.Equal(t, to.String(), store.Metadata().PayloadEncoding)
				_, err = store.ResumeSync(ctx, connectorstore.SyncTypeFull, full)
				require.NoError(t, err)
				require.NoError(t, store.PutGrants(ctx, grant("g1", "one more")))
				require.NoError(t, store.EndSync(ctx))
				require.NoError(t, store.Close(ctx))
				require.Len(t, readFile(t, repacked, full)["ListGrants"], 1+len(want["ListGrants"].([]*v2.Grant)))
			})
		}
	}
}

func TestAFileIsOpenedByTheEngineThatWroteIt(t *testing.T) {
	ctx := context.Background()
	ours, full := encodedFile(t, c1z.Engine, c1zstore.PayloadEncodingIndexedZstd)
	theirs, _ := encodedFile(t, c1zstore.EnginePebble, c1zstore.PayloadEncodingIndexedZstd)

	store, err := c1z.Driver{}.OpenStore(ctx, theirs, dotc1z.StoreOptions{TmpDir: t.TempDir()})
	require.Nil(t, store)
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.ErrorIs(t, err, pebble.ErrUnknownEngine)
	require.ErrorContains(t, err, string(c1zstore.PebbleManifestEngine))

	pebbleDriver, ok := dotc1z.EngineDriverFor(c1zstore.EnginePebble)
	require.True(t, ok)
	_, err = pebbleDriver.OpenStore(ctx, ours, dotc1z.StoreOptions{TmpDir: t.TempDir()})
	require.ErrorContains(t, err, string(c1z.Engine))

	for _, options := range [][]dotc1z.C1ZOption{nil, {dotc1z.WithReadOnly(true)}} {
		opened := openPath(t, ours, append(options, dotc1z.WithEngine(c1zstore.EnginePebble))...)
		require.Equal(t, string(c1z.Engine), opened.Metadata().Engine)
		require.NoError(t, opened.SetCurrentSync(ctx, full))
		require.NoError(t, opened.Close(ctx))
		opened = openPath(t, theirs, append(options, dotc1z.WithEngine(c1z.Engine))...)
		require.Equal(t, string(c1zstore.EnginePebble), opened.Metadata().Engine)
		require.NoError(t, opened.Close(ctx))
	}
}
