package c1z_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
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

// scripted is a source in memory that does as it is told.
type scripted struct {
	*bytes.Reader
	reads    atomic.Int64
	identity atomic.Pointer[string]
	answer   atomic.Pointer[func(ctx context.Context, p []byte) (int, error)] // instead of bytes
}

func (s *scripted) Size() int64 { return s.Reader.Size() }

func (s *scripted) Identity() string {
	if identity := s.identity.Load(); identity != nil {
		return *identity
	}
	return "first"
}

func (s *scripted) ReadRange(ctx context.Context, p []byte, off int64) (int, error) {
	s.reads.Add(1)
	if answer := s.answer.Load(); answer != nil {
		return (*answer)(ctx, p)
	}
	return s.ReadAt(p, off)
}

func (s *scripted) fail(with func(ctx context.Context, p []byte) (int, error)) { s.answer.Store(&with) }

// sourceGrants is enough for tables of their own.
const sourceGrants = 40_000

// sourceBytes is a file of several tables, which do not compress well.
var sourceBytes = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	ctx, path := context.Background(), filepath.Join(folder, "file.c1z")
	store, err := c1z.Driver{}.OpenStore(ctx, path, dotc1z.StoreOptions{})
	if err != nil {
		return nil, err
	}
	defer store.Close(ctx)
	if _, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, ""); err != nil {
		return nil, err
	}
	if err := store.PutResourceTypes(ctx, resourceType("user")); err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(1, 1))
	var grants []*v2.Grant
	for i := range sourceGrants {
		held := grant(fmt.Sprint("g", i/1000), fmt.Sprint("u", i%1000))
		held.SetId(fmt.Sprintf("%016x%016x%016x%016x%016x%016x", random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64()))
		grants = append(grants, held)
	}
	for page := range slices.Chunk(grants, 10_000) {
		if err := store.PutGrants(ctx, page...); err != nil {
			return nil, err
		}
	}
	if err := store.EndSync(ctx); err != nil {
		return nil, err
	}
	if err := store.Close(ctx); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func newScripted(t *testing.T) *scripted {
	data, err := sourceBytes()
	require.NoError(t, err)
	return &scripted{Reader: bytes.NewReader(data)}
}

func openSource(t *testing.T, source c1z.Source) c1zstore.Store {
	store, err := c1z.Driver{}.OpenSource(t.Context(), "mem://file.c1z", source, dotc1z.StoreOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close(context.Background())) })
	return store
}

func countGrants(ctx context.Context, store c1zstore.Store) (int, error) {
	count, token := 0, ""
	for {
		page, err := store.ListGrants(ctx, v2.GrantsServiceListGrantsRequest_builder{PageToken: token}.Build())
		if err != nil {
			return 0, err
		}
		count += len(page.GetList())
		if token = page.GetNextPageToken(); token == "" {
			return count, nil
		}
	}
}

func TestAFileIsReadWhereItLies(t *testing.T) {
	source := newScripted(t)
	store := openSource(t, source)
	require.Less(t, source.reads.Load(), int64(6))
	count, err := countGrants(t.Context(), store)
	require.NoError(t, err)
	require.Equal(t, sourceGrants, count)
	err = store.PutResourceTypes(t.Context(), v2.ResourceType_builder{Id: "other"}.Build())
	require.ErrorIs(t, err, dotc1z.ErrReadOnly)
}

func TestAnyReaderAtIsASource(t *testing.T) {
	data, err := sourceBytes()
	require.NoError(t, err)
	store := openSource(t, c1z.ReaderAt(bytes.NewReader(data), int64(len(data))))
	count, err := countGrants(t.Context(), store)
	require.NoError(t, err)
	require.Equal(t, sourceGrants, count)

	_, err = c1z.Driver{}.OpenSource(t.Context(), "short", c1z.ReaderAt(bytes.NewReader(data), int64(len(data))+1), dotc1z.StoreOptions{})
	require.Equal(t, codes.Unavailable, status.Code(err), "%v", err)
	_, err = c1z.Driver{}.OpenSource(t.Context(), "negative", c1z.ReaderAt(bytes.NewReader(data), -1), dotc1z.StoreOptions{})
	require.Equal(t, codes.InvalidArgument, status.Code(err), "%v", err)
}

func TestWhatASourceFailsWithIsWhatTheCallFailsWith(t *testing.T) {
	own := errors.New("no route to the bucket")
	for name, test := range map[string]struct {
		answer func(ctx context.Context, p []byte) (int, error)
		code   codes.Code
		reason string
		is     error
	}{
		"an error":                  {func(context.Context, []byte) (int, error) { return 0, own }, codes.Unknown, "SOURCE", own},
		"a status":                  {func(context.Context, []byte) (int, error) { return 0, status.Error(codes.PermissionDenied, "no") }, codes.PermissionDenied, "SOURCE", nil},
		"too little":                {func(_ context.Context, p []byte) (int, error) { return len(p) - 1, io.EOF }, codes.Unavailable, "SOURCE", nil},
		"another":                   {func(context.Context, []byte) (int, error) { return 0, c1z.ErrSourceChanged }, codes.Aborted, "SOURCE_CHANGED", c1z.ErrSourceChanged},
		"an end that is none":       {func(context.Context, []byte) (int, error) { return 0, fmt.Errorf("reading a response: %w", io.EOF) }, codes.Unknown, "SOURCE", io.EOF},
		"another, of as many bytes": {func(_ context.Context, p []byte) (int, error) { return len(p), c1z.ErrSourceChanged }, codes.Aborted, "SOURCE_CHANGED", c1z.ErrSourceChanged},
		"a panic":                   {func(context.Context, []byte) (int, error) { panic("out of order") }, codes.Internal, "SOURCE", nil},
	} {
		t.Run(name, func(t *testing.T) {
			source := newScripted(t)
			store := openSource(t, source)
			source.fail(test.answer)
			_, err := countGrants(t.Context(), store)
			require.Equal(t, test.code, status.Code(err), "%v", err)
			var failure *c1z.Error
			require.ErrorAs(t, err, &failure)
			require.Equal(t, test.reason, failure.Reason())
			require.ErrorContains(t, err, "mem://file.c1z")
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			}
			source.answer.Store(nil)
			count, err := countGrants(t.Context(), store)
			require.NoError(t, err, "the next call reads again")
			require.Equal(t, sourceGrants, count)

			source.fail(test.answer)
			_, err = c1z.Driver{}.OpenSource(t.Context(), "mem://file.c1z", source, dotc1z.StoreOptions{})
			require.Equal(t, test.code, status.Code(err), "%v", err)
		})
	}
}

func TestAnotherIdentityIsAnotherFile(t *testing.T) {
	source := newScripted(t)
	store := openSource(t, source)
	second := "second"
	source.identity.Store(&second)
	_, err := countGrants(t.Context(), store)
	require.ErrorIs(t, err, c1z.ErrSourceChanged)
	require.Equal(t, codes.Aborted, status.Code(err))
}

func TestAContextEndsACallThatWaitsForTheSource(t *testing.T) {
	source := newScripted(t)
	store := openSource(t, source)
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		source.fail(func(ctx context.Context, _ []byte) (int, error) {
			cancel()
			<-ctx.Done()
			return 0, ctx.Err()
		})
		_, err := countGrants(ctx, store)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, codes.Canceled, status.Code(err))
	}
	ctx, cancel := context.WithCancel(t.Context())
	source.fail(func(ctx context.Context, _ []byte) (int, error) {
		cancel()
		<-ctx.Done()
		return 0, ctx.Err()
	})
	_, err := c1z.Driver{}.OpenSource(ctx, "mem://file.c1z", source, dotc1z.StoreOptions{})
	require.ErrorIs(t, err, context.Canceled)
	source.answer.Store(nil)
	count, err := countGrants(t.Context(), store)
	require.NoError(t, err)
	require.Equal(t, sourceGrants, count)
}

func TestGoroutinesReadOneSource(t *testing.T) {
	source := newScripted(t)
	driver := c1z.Driver{Threads: 4, MaxLocalBytes: 4 << 20, MemoryBudgetBytes: 8 << 20}
	store, err := driver.OpenSource(t.Context(), "mem://file.c1z", source, dotc1z.StoreOptions{})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close(context.Background())) }()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			count, err := countGrants(t.Context(), store)
			if err != nil || count != sourceGrants {
				t.Errorf("%d grants: %v", count, err)
			}
		})
	}
	group.Wait()
}
