package c1z

import (
	"context"

	"example.com/libc1z/go/internal/apipb"
)

// PutEntitlementGraphBlob stores what the expander keeps of its work on the sync that a read is shown, also when that has
// ended. The bytes are the expander's business. A copy of the sync made by CloneSync has them too.
func (s *store) PutEntitlementGraphBlob(ctx context.Context, data []byte) error {
	if data == nil {
		data = []byte{}
	}
	return exec(ctx, s.native, setEntitlementGraph, &apipb.SetEntitlementGraphRequest{Graph: data})
}

// GetEntitlementGraphBlob returns what PutEntitlementGraphBlob stored, and nil if nothing is.
func (s *store) GetEntitlementGraphBlob(ctx context.Context) ([]byte, error) {
	response, err := call[apipb.GetEntitlementGraphResponse](ctx, s.native, getEntitlementGraph, &apipb.GetEntitlementGraphRequest{})
	return response.GetGraph(), err
}

// DeleteEntitlementGraphBlob removes it, if there is one.
func (s *store) DeleteEntitlementGraphBlob(ctx context.Context) error {
	return exec(ctx, s.native, setEntitlementGraph, &apipb.SetEntitlementGraphRequest{})
}
