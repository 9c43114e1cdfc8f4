package c1z

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// stalling is a source whose reads end with their context alone.
type stalling struct{ started chan struct{} }

func (s stalling) Size() int64 { return 1 }

func (s stalling) Identity() string { return "" }

func (s stalling) ReadRange(ctx context.Context, _ []byte, _ int64) (int, error) {
	s.started <- struct{}{}
	<-ctx.Done()
	return 0, ctx.Err()
}

// TestClosingGivesUpWhatIsReadAhead: the library waits for such a read when it closes the store.
func TestClosingGivesUpWhatIsReadAhead(t *testing.T) {
	from := stalling{make(chan struct{}, 1)}
	source := newSource(from, 1)
	failed := make(chan error)
	ahead := func() {
		_, err := source.read(nil, make([]byte, 1), 0)
		failed <- err
	}
	go ahead()
	<-from.started
	source.close()
	require.ErrorIs(t, <-failed, context.Canceled)
	go ahead()
	<-from.started
	require.ErrorIs(t, <-failed, context.Canceled, "what is read ahead meanwhile")
	source.reopen()
	go ahead()
	<-from.started
	require.NoError(t, source.ahead.Err(), "the store stays open where closing fails")
	source.giveUpAhead()
	require.ErrorIs(t, <-failed, context.Canceled)
}

// TestAClosedStoreReadsNothingAhead however often it is closed again.
func TestAClosedStoreReadsNothingAhead(t *testing.T) {
	source := newSource(stalling{}, 1)
	closed := &handle{queues: newQueues(), source: source}
	for range 2 {
		require.NoError(t, closed.close(context.Background(), nil))
		require.ErrorIs(t, source.ahead.Err(), context.Canceled)
	}
}

// TestACloseThatFailsTakesNoOtherBack: one is under way, and the library waits for what is read ahead.
func TestACloseThatFailsTakesNoOtherBack(t *testing.T) {
	source := newSource(stalling{}, 1)
	source.close()
	source.close()
	source.reopen()
	source.giveUpAhead()
	require.ErrorIs(t, source.ahead.Err(), context.Canceled)
	source.reopen()
	require.NoError(t, source.ahead.Err(), "both have failed")
}
