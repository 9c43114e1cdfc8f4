package c1z_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/types/sessions"
	"github.com/stretchr/testify/require"

	c1z "example.com/libc1z/go"
)

func session(syncID string) sessions.SessionStoreOption { return sessions.WithSyncID(syncID) }

func TestSessionValuesAreKeptBySyncAndPrefix(t *testing.T) {
	ctx := context.Background()
	opened, _ := startedStore(t)
	store, one := opened.SessionStore(), session("one")
	prefix := sessions.WithPrefix("p%_")

	require.NoError(t, store.Set(ctx, "k", []byte("v"), one))
	require.NoError(t, store.Set(ctx, "k", []byte("w"), one))
	require.NoError(t, store.Set(ctx, "empty", nil, one))
	require.NoError(t, store.SetMany(ctx, map[string][]byte{"a": []byte("1"), "b": []byte("2")}, one, prefix))
	require.NoError(t, store.SetMany(ctx, nil, one))

	value, found, err := store.Get(ctx, "k", one)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "w", string(value))
	value, found, err = store.Get(ctx, "empty", one)
	require.NoError(t, err)
	require.True(t, found)
	require.Empty(t, value)
	_, found, err = store.Get(ctx, "k", session("another"))
	require.NoError(t, err)
	require.False(t, found)

	values, unprocessed, err := store.GetMany(ctx, []string{"a", "b", "missing"}, one, prefix)
	require.NoError(t, err)
	require.Empty(t, unprocessed)
	require.Equal(t, map[string][]byte{"a": []byte("1"), "b": []byte("2")}, values)
	value, found, err = store.Get(ctx, "p%_a", one)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "1", string(value))
	values, _, err = store.GetMany(ctx, nil, one)
	require.NoError(t, err)
	require.Empty(t, values)

	all, next, err := store.GetAll(ctx, "", one, prefix, sessions.WithPageToken("ignored"))
	require.NoError(t, err)
	require.Empty(t, next)
	require.Equal(t, map[string][]byte{"a": []byte("1"), "b": []byte("2")}, all)

	require.NoError(t, store.Delete(ctx, "a", one, prefix))
	require.NoError(t, store.Delete(ctx, "a", one, prefix))
	require.NoError(t, store.Clear(ctx, one, prefix))
	all, _, err = store.GetAll(ctx, "", one)
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.NoError(t, store.Clear(ctx, one))
	all, _, err = store.GetAll(ctx, "", one)
	require.NoError(t, err)
	require.Empty(t, all)
}

func TestEverySessionCallNeedsASync(t *testing.T) {
	ctx := context.Background()
	opened, _ := startedStore(t)
	store := opened.SessionStore()
	calls := map[string]func(option ...sessions.SessionStoreOption) error{
		"Get": func(o ...sessions.SessionStoreOption) error { _, _, err := store.Get(ctx, "k", o...); return err },
		"GetMany": func(o ...sessions.SessionStoreOption) error {
			_, _, err := store.GetMany(ctx, nil, o...)
			return err
		},
		"Set":     func(o ...sessions.SessionStoreOption) error { return store.Set(ctx, "k", nil, o...) },
		"SetMany": func(o ...sessions.SessionStoreOption) error { return store.SetMany(ctx, nil, o...) },
		"Delete":  func(o ...sessions.SessionStoreOption) error { return store.Delete(ctx, "k", o...) },
		"Clear":   func(o ...sessions.SessionStoreOption) error { return store.Clear(ctx, o...) },
		"GetAll":  func(o ...sessions.SessionStoreOption) error { _, _, err := store.GetAll(ctx, "", o...); return err },
	}
	broken := errors.New("broken option")
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, call(), "sync id is required")
			require.ErrorIs(t, call(func(context.Context, *sessions.SessionStoreBag) error { return broken }), broken)
			require.NoError(t, call(session("s")))
		})
	}
}

// TestLargeSessionsComeInParts stores 12 MB, three times what one response may hold.
func TestLargeSessionsComeInParts(t *testing.T) {
	ctx := context.Background()
	opened, _ := startedStore(t)
	store, one := opened.SessionStore(), session("one")
	const count, size = 12, 1 << 20
	var keys []string
	for i := range count {
		keys = append(keys, fmt.Sprintf("k%02d", i))
		require.NoError(t, store.Set(ctx, keys[i], bytes.Repeat([]byte{byte(i)}, size), one))
	}

	got := map[string][]byte{}
	for rest := keys; len(rest) > 0; {
		values, unprocessed, err := store.GetMany(ctx, rest, one)
		require.NoError(t, err)
		require.NotEmpty(t, values)
		require.Less(t, len(unprocessed), len(rest))
		require.Less(t, len(values)*size, sessions.MaxSessionStoreSizeLimit)
		for key, value := range values {
			got[key] = value
		}
		rest = unprocessed
	}
	require.Len(t, got, count)

	seen := 0
	for token, more := "", true; more; {
		values, next, err := store.GetAll(ctx, token, one)
		require.NoError(t, err)
		require.NotEmpty(t, values)
		require.Less(t, len(values)*size, sessions.MaxSessionStoreSizeLimit)
		for key, value := range values {
			require.Equal(t, got[key], value)
		}
		seen += len(values)
		token, more = next, next != ""
	}
	require.Equal(t, count, seen)

	// One value beyond the budget comes alone rather than never.
	require.NoError(t, store.Set(ctx, "huge", make([]byte, 5<<20), session("two")))
	value, found, err := store.Get(ctx, "huge", session("two"))
	require.NoError(t, err)
	require.True(t, found)
	require.Len(t, value, 5<<20)
	values, next, err := store.GetAll(ctx, "", session("two"))
	require.NoError(t, err)
	require.Empty(t, next)
	require.Len(t, values, 1)
}

// TestAValueThatDoesNotFitTakesNoRoomFromOthers asks every engine for two values of which one fits, and for fifty others.
func TestAValueThatDoesNotFitTakesNoRoomFromOthers(t *testing.T) {
	require.NoError(t, c1z.Register())
	ctx, one := context.Background(), session("one")
	for _, engine := range []c1zstore.Engine{c1zstore.EngineSQLite, c1zstore.EnginePebble, c1z.Engine} {
		t.Run(string(engine), func(t *testing.T) {
			store := openPath(t, newPath(t), dotc1z.WithEngine(engine)).SessionStore()
			keys := []string{"a", "b"}
			large := bytes.Repeat([]byte{1}, 2_500_000)
			require.NoError(t, store.SetMany(ctx, map[string][]byte{"a": large, "b": large}, one))
			for i := range 50 {
				keys = append(keys, fmt.Sprintf("k%02d", i))
				require.NoError(t, store.Set(ctx, keys[len(keys)-1], []byte{1}, one))
			}

			values, unprocessed, err := store.GetMany(ctx, keys, one)
			require.NoError(t, err)
			require.Len(t, values, 51)
			require.Equal(t, []string{"b"}, unprocessed)
			values, unprocessed, err = store.GetMany(ctx, unprocessed, one)
			require.NoError(t, err)
			require.Empty(t, unprocessed)
			require.Equal(t, map[string][]byte{"b": large}, values)

			page, next, err := store.GetAll(ctx, "", one)
			require.NoError(t, err)
			require.Equal(t, "b", next, "pages have no holes")
			require.Len(t, page, 1)
			page, next, err = store.GetAll(ctx, next, one)
			require.NoError(t, err)
			require.Empty(t, next)
			require.Len(t, page, 51)
		})
	}
}
