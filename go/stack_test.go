package c1z_test

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAnswersOutliveMovesOfTheCallersStack grows and shrinks stacks around calls with empty answers: Go checks every
// pointer on a stack that it moves, and ends the program over one that is none.
func TestAnswersOutliveMovesOfTheCallersStack(t *testing.T) {
	ctx := context.Background()
	store, _ := startedStore(t)
	var group sync.WaitGroup
	failures := make(chan error, 4)
	for range cap(failures) {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 40 {
				deep(200)
				for range 10 {
					if err := store.CheckpointSync(ctx, "step"); err != nil {
						failures <- err
						return
					}
				}
			}
		}()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		group.Wait()
	}()
	for {
		select {
		case <-done:
			require.Empty(t, failures)
			return
		default:
			runtime.GC()
		}
	}
}

// deep uses much stack, which the next collection finds unused.
func deep(calls int) int {
	var frame [256]byte
	if calls == 0 {
		return 0
	}
	frame[calls%len(frame)] = 1
	return deep(calls-1) + int(frame[0])
}
