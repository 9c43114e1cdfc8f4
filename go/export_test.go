package c1z

import (
	"context"
	"os"
	"time"

	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
)

// CloseWithin is Close with another limit than the SDK's.
func CloseWithin(ctx context.Context, opened c1zstore.Store, timeout time.Duration) error {
	return opened.(*store).closeWithin(ctx, timeout)
}

// MaxThreads are the threads that calls on one store take at most.
func MaxThreads() int { return readers() + writers() + 1 }

// Publish gives a file its name as Compact does.
func Publish(folder, path string, data []byte) error {
	staged, err := stageIn(folder)
	if err != nil {
		return err
	}
	defer staged.remove()
	if err := os.WriteFile(staged.file(), data, 0o600); err != nil {
		return err
	}
	return staged.publish(path)
}
