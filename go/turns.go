package c1z

import (
	"context"
	"runtime"
)

// turns bound how many goroutines are in the library at the same time. One that waits there holds a thread of the
// system, and Go starts another for those that are left; one that waits here holds a few kilobytes.
type turns chan struct{}

// take waits for a turn until the context is done. A turn that is free is given even then.
func (t turns) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	default:
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return checkContext(ctx)
	}
}

func (t turns) end() { <-t }

// queue is where a call on a store waits. Each store has its own, so that nobody waits for another store, and readers do
// not wait for writers. One queue of the process would let a progress function that calls another store wait for turns
// that its own calls hold.
type queue int

const (
	reading queue = iota
	writing       // in the library one writes at a time; what others prepare meanwhile is worth a turn each
	saving        // in the library one saves at a time, while others read and write
	queues
)

func newQueues() [queues]turns {
	return [queues]turns{reading: make(turns, readers()), writing: make(turns, writers()), saving: make(turns, 1)}
}

// readers is enough to keep every processor busy while others wait for the disk.
func readers() int { return max(16, 4*runtime.GOMAXPROCS(0)) }

// writers is enough to keep every processor busy with what comes before the write itself.
func writers() int { return runtime.GOMAXPROCS(0) + 1 }

// files are the turns of calls that need no store: opening, verifying, inspecting, comparing and merging files.
var files = make(turns, readers())
