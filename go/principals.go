package c1z

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"

	"example.com/libc1z/go/internal/encode"
	"example.com/libc1z/go/internal/page"
)

// ListGrantPrincipalKeysForEntitlement returns one page of the principals of an entitlement's grants in the order of
// ListGrantsForEntitlement, each as its type and its id with a byte 0 between them. No grant is read.
func (s *store) ListGrantPrincipalKeysForEntitlement(
	ctx context.Context, entitlement *v2.Entitlement, pageToken string, pageSize uint32,
) ([]string, string, error) {
	answer, err := sendEncoded(ctx, s.native, listGrantPrincipals, func(buffer []byte) ([]byte, error) {
		return encode.ListGrantPrincipals(buffer, entitlement, pageToken, pageSize), nil
	})
	if err != nil {
		return nil, "", err
	}
	defer answer.free()
	keys, next, err := page.PrincipalKeys(answer.data)
	if err != nil {
		return nil, "", unreadable(err)
	}
	return keys, next, nil
}
