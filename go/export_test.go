package c1z

import (
	"context"
	"time"

	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
)

// CloseWithin is Close with another limit than the SDK's.
func CloseWithin(ctx context.Context, opened c1zstore.Store, timeout time.Duration) error {
	return opened.(*store).closeWithin(ctx, timeout)
}

// MaxThreads are the threads that calls on one store take at most.
func MaxThreads() int { return readers() + writers() + 1 }
