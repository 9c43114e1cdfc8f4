package c1z_test

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	c1z "example.com/libc1z/go"
)

func TestRegisteringTwiceIsFine(t *testing.T) {
	require.NoError(t, c1z.Register())
	require.NoError(t, c1z.Register())
	driver, ok := dotc1z.EngineDriverFor(c1z.Engine)
	require.True(t, ok)
	require.Equal(t, c1z.Driver{}, driver)
	require.Equal(t, dotc1z.C1ZFormatV3, driver.Format())
	require.NotEmpty(t, c1z.Version())
}

func TestAFileNamesItsEngine(t *testing.T) {
	path, _ := savedFile(t, func(store c1zstore.Store) {
		require.NoError(t, store.PutResourceTypes(context.Background(), resourceType("user")))
	})
	store, err := dotc1z.NewStore(context.Background(), path, dotc1z.WithReadOnly(true))
	require.NoError(t, err)
	require.Equal(t, connectorstore.StoreMetadata{Engine: "rocksdb", Format: "v3", PayloadEncoding: "indexed_zstd"}, store.Metadata())
	require.NoError(t, store.Close(context.Background()))
	require.Equal(t, "rocksdb", store.Metadata().Engine, "also after Close")
}

func TestPayloadEncodingIsKept(t *testing.T) {
	for _, encoding := range []c1zstore.PayloadEncoding{
		c1zstore.PayloadEncodingIndexedZstd, c1zstore.PayloadEncodingTar, c1zstore.PayloadEncodingTarZstd,
	} {
		t.Run(encoding.String(), func(t *testing.T) {
			ctx, path := context.Background(), newPath(t)
			store := openPath(t, path, dotc1z.WithPayloadEncoding(encoding))
			_, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
			require.NoError(t, err)
			require.NoError(t, store.PutResourceTypes(ctx, resourceType("user")))
			require.NoError(t, store.EndSync(ctx))
			require.NoError(t, store.Close(ctx))

			reopened := openPath(t, path)
			require.Equal(t, encoding.String(), reopened.Metadata().PayloadEncoding)
			list, err := reopened.ListResourceTypes(ctx, &v2.ResourceTypesServiceListResourceTypesRequest{})
			require.NoError(t, err)
			require.Len(t, list.GetList(), 1)
		})
	}
}

func TestDriverValueOpensWithItsOwnOptions(t *testing.T) {
	ctx := context.Background()
	driver := c1z.Driver{Threads: 1, MemoryBudgetBytes: 16 << 20}
	store, err := driver.OpenStore(ctx, newPath(t), dotc1z.StoreOptions{TmpDir: t.TempDir()})
	require.NoError(t, err)
	_, err = store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
	require.NoError(t, store.EndSync(ctx))
	require.NoError(t, store.Close(ctx))
}

func TestFilesThatDoNotOpen(t *testing.T) {
	ctx := context.Background()
	folder := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	path, _ := savedFile(t, func(store c1zstore.Store) {
		require.NoError(t, store.PutGrants(ctx, grant("g1", "u1")))
	})
	whole, err := os.ReadFile(path)
	require.NoError(t, err)

	for _, test := range []struct {
		name     string
		path     string
		readOnly bool
		code     codes.Code
		is       error
	}{
		{name: "missing, read-only", path: filepath.Join(folder, "missing.c1z"), readOnly: true, code: codes.NotFound},
		{name: "not a c1z", path: write("text.c1z", []byte("hello, world, this is no c1z")), code: codes.FailedPrecondition, is: dotc1z.ErrInvalidFile},
		{name: "truncated", path: write("short.c1z", whole[:len(whole)-20]), code: codes.DataLoss},
		{name: "unknown encoding", path: filepath.Join(folder, "new.c1z"), code: codes.InvalidArgument},
	} {
		t.Run(test.name, func(t *testing.T) {
			options := dotc1z.StoreOptions{TmpDir: t.TempDir(), ReadOnly: test.readOnly}
			if test.code == codes.InvalidArgument {
				options.PayloadEncoding = 99
			}
			store, err := c1z.Driver{}.OpenStore(ctx, test.path, options)
			require.Nil(t, store)
			require.Equal(t, test.code, status.Code(err), "%v", err)
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			}
		})
	}
}

func TestUnpackingStopsAtTheLimitOfTheEnvironmentOrTheOptions(t *testing.T) {
	ctx := context.Background()
	asset := make([]byte, 3<<20)
	_, err := rand.Read(asset)
	require.NoError(t, err)
	path, _ := savedFile(t, func(store c1zstore.Store) {
		require.NoError(t, store.PutAsset(ctx, v2.AssetRef_builder{Id: "icon"}.Build(), "image/png", asset))
	})

	_, err = c1z.Driver{}.OpenStore(ctx, path, dotc1z.StoreOptions{TmpDir: t.TempDir(), MaxDecodedPayloadBytes: 1 << 20})
	require.Equal(t, codes.ResourceExhausted, status.Code(err), "%v", err)

	t.Setenv("BATON_DECODER_MAX_DECODED_SIZE_MB", "1")
	_, err = c1z.Driver{}.OpenStore(ctx, path, dotc1z.StoreOptions{TmpDir: t.TempDir()})
	require.Equal(t, codes.ResourceExhausted, status.Code(err), "%v", err)
	require.Regexp(t, `the size of the unpacked payload, 3\d{6} bytes, exceeds max_decoded_bytes, which is 1048576`, err.Error())
	require.ErrorContains(t, err, "BATON_DECODER_MAX_DECODED_SIZE_MB")

	store, err := c1z.Driver{}.OpenStore(ctx, path, dotc1z.StoreOptions{TmpDir: t.TempDir(), MaxDecodedPayloadBytes: 1 << 30})
	require.NoError(t, err, "an option outranks the environment")
	require.NoError(t, store.Close(ctx))

	t.Setenv("BATON_DECODER_MAX_DECODED_SIZE_MB", "99999999999999999999")
	store, err = c1z.Driver{}.OpenStore(ctx, path, dotc1z.StoreOptions{TmpDir: t.TempDir()})
	require.NoError(t, err, "a variable that makes no sense is as good as none")
	require.NoError(t, store.Close(ctx))
}
