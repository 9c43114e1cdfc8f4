package c1z

import (
	"context"

	"example.com/libc1z/go/internal/apipb"
)

// Overwrite is Save, also when somebody else has saved the file meanwhile: what they have saved is gone then.
func (s *store) Overwrite(ctx context.Context) error {
	return exec(ctx, s.native, save, &apipb.SaveRequest{Overwrite: true})
}
