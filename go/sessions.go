package c1z

import (
	"context"
	"fmt"

	"github.com/conductorone/baton-sdk/pkg/types/sessions"

	"example.com/libc1z/go/internal/apipb"
)

// sessionStore keeps values of a connector, by sync and prefix. Every call needs sessions.WithSyncID, and works on a sync
// that has ended too.
type sessionStore struct{ native *handle }

var _ sessions.SessionStore = sessionStore{}

// Get returns a value and whether it is there.
func (s sessionStore) Get(ctx context.Context, key string, opt ...sessions.SessionStoreOption) ([]byte, bool, error) {
	values, _, err := s.GetMany(ctx, []string{key}, opt...)
	value, found := values[key]
	return value, found, err
}

// GetMany returns the values that are there, and the keys of those that would make the response larger than 4 MB: ask
// again for them. At least one value comes each time.
func (s sessionStore) GetMany(
	ctx context.Context, keys []string, opt ...sessions.SessionStoreOption,
) (map[string][]byte, []string, error) {
	bag, err := sessionBag(ctx, opt)
	if err != nil {
		return nil, nil, err
	}
	if len(keys) == 0 {
		return map[string][]byte{}, nil, nil
	}
	response, err := call[apipb.GetSessionValuesResponse](ctx, s.native, getSessionValues, &apipb.GetSessionValuesRequest{
		SyncId: bag.SyncID, Prefix: bag.Prefix, Keys: keys,
	})
	return response.GetValues(), response.GetUnprocessedKeys(), err
}

// Set stores a value.
func (s sessionStore) Set(ctx context.Context, key string, value []byte, opt ...sessions.SessionStoreOption) error {
	return s.SetMany(ctx, map[string][]byte{key: value}, opt...)
}

// SetMany stores all values or none.
func (s sessionStore) SetMany(ctx context.Context, values map[string][]byte, opt ...sessions.SessionStoreOption) error {
	bag, err := sessionBag(ctx, opt)
	if err != nil || len(values) == 0 {
		return err
	}
	return exec(ctx, s.native, setSessionValues, &apipb.SetSessionValuesRequest{
		SyncId: bag.SyncID, Prefix: bag.Prefix, Values: values,
	})
}

// Delete deletes a value, if it is there.
func (s sessionStore) Delete(ctx context.Context, key string, opt ...sessions.SessionStoreOption) error {
	bag, err := sessionBag(ctx, opt)
	if err != nil {
		return err
	}
	return exec(ctx, s.native, deleteSessionValues, &apipb.DeleteSessionValuesRequest{
		SyncId: bag.SyncID, Prefix: bag.Prefix, Keys: []string{key},
	})
}

// Clear deletes the values whose keys start with the prefix; without one, all of the sync.
func (s sessionStore) Clear(ctx context.Context, opt ...sessions.SessionStoreOption) error {
	bag, err := sessionBag(ctx, opt)
	if err != nil {
		return err
	}
	return exec(ctx, s.native, clearSession, &apipb.ClearSessionRequest{SyncId: bag.SyncID, Prefix: bag.Prefix})
}

// GetAll returns about 4 MB of values from pageToken on, and the token of what follows, "" at the end. The token of the
// argument counts, not one among the options.
func (s sessionStore) GetAll(
	ctx context.Context, pageToken string, opt ...sessions.SessionStoreOption,
) (map[string][]byte, string, error) {
	bag, err := sessionBag(ctx, opt)
	if err != nil {
		return nil, "", err
	}
	page, err := call[apipb.ListSessionValuesResponse](ctx, s.native, listSessionValues, &apipb.ListSessionValuesRequest{
		SyncId: bag.SyncID, Prefix: bag.Prefix, PageToken: pageToken,
	})
	if err != nil {
		return nil, "", err
	}
	values := make(map[string][]byte, len(page.GetList()))
	for _, item := range page.GetList() {
		values[item.GetKey()] = item.GetValue()
	}
	return values, page.GetNextPageToken(), nil
}

func sessionBag(ctx context.Context, options []sessions.SessionStoreOption) (*sessions.SessionStoreBag, error) {
	bag := &sessions.SessionStoreBag{}
	for _, apply := range options {
		if err := apply(ctx, bag); err != nil {
			return nil, fmt.Errorf("error applying session option: %w", err) // SDK: its tests look for these words
		}
	}
	if bag.SyncID == "" {
		return nil, invalidArgument("sync id is required")
	}
	return bag, nil
}
