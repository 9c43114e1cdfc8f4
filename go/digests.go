package c1z

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"

	"example.com/libc1z/go/internal/apipb"
	"example.com/libc1z/go/internal/page"
)

var (
	_ connectorstore.EntitlementGrantDigestReader = (*store)(nil)
	_ c1zstore.GrantGenerationDigestReader        = (*store)(nil)
)

// GrantGenerationDigest returns the digest of all grants of the sync that a read is shown, and false if it has none: it is
// unfinished, was ended without digests, or a grant was put or deleted since.
func (s *store) GrantGenerationDigest(ctx context.Context) (c1zstore.GrantGenerationDigest, bool, error) {
	found, err := call[apipb.GetGrantDigestResponse](ctx, s.native, getGrantDigest, &apipb.GetGrantDigestRequest{})
	if err != nil || !found.GetFound() {
		return c1zstore.GrantGenerationDigest{}, false, err
	}
	return c1zstore.GrantGenerationDigest{
		Hash: found.GetHash(), Count: found.GetCount(), ABIVersion: found.GetAbiVersion(),
	}, true, nil
}

// GetEntitlementGrantDigest returns the digest of an entitlement's grants, and false if there is none. One lookup.
func (s *store) GetEntitlementGrantDigest(ctx context.Context, entitlement *v2.Entitlement) (connectorstore.GrantDigest, bool, error) {
	found, err := s.grantDigest(ctx, entitlement, nil)
	if err != nil || !found.GetFound() {
		return connectorstore.GrantDigest{}, false, err
	}
	return connectorstore.GrantDigest{Hash: found.GetHash(), Count: found.GetCount(), Level: int(found.GetLevel())}, true, nil
}

// GetEntitlementGrantDigestNodes returns the nodes of a level of an entitlement's digest, from 0 to 16, and false if there
// is none. Of a level that is finer than the digest's own all grants of the entitlement are read.
func (s *store) GetEntitlementGrantDigestNodes(
	ctx context.Context, entitlement *v2.Entitlement, level int,
) ([]connectorstore.GrantDigestNode, bool, error) {
	wanted, err := digestLevel(level)
	if err != nil {
		return nil, false, err
	}
	found, err := s.grantDigest(ctx, entitlement, &wanted)
	if err != nil || !found.GetFound() {
		return nil, false, err
	}
	nodes := make([]connectorstore.GrantDigestNode, 0, len(found.GetNodes()))
	for _, node := range found.GetNodes() {
		nodes = append(nodes, connectorstore.GrantDigestNode{Index: node.GetIndex(), Hash: node.GetHash(), Count: node.GetCount()})
	}
	return nodes, true, nil
}

// ScanEntitlementGrantBucket calls yield with each grant of one bucket, in the order of principals, until it returns false.
// It holds one page in memory. Unlike that of other engines it needs no digest.
func (s *store) ScanEntitlementGrantBucket(
	ctx context.Context, entitlement *v2.Entitlement, bucket connectorstore.GrantDigestBucket, yield func(grant *v2.Grant) bool,
) error {
	level, err := digestLevel(bucket.Level)
	if err != nil {
		return err
	}
	request := &apipb.ListGrantsInBucketRequest{Entitlement: entitlement, Level: level, Index: bucket.Index}
	for {
		// Its pages are those of ListGrants.
		found, err := list[v2.GrantsServiceListGrantsResponse](ctx, s.native, listGrantsInBucket, request, page.Grants)
		if err != nil {
			return err
		}
		for _, grant := range found.GetList() {
			if !yield(grant) {
				return nil
			}
		}
		if request.PageToken = found.GetNextPageToken(); request.PageToken == "" {
			return nil
		}
	}
}

func (s *store) grantDigest(ctx context.Context, entitlement *v2.Entitlement, level *uint32) (*apipb.GetGrantDigestResponse, error) {
	if entitlement == nil {
		return nil, invalidArgument("the entitlement is missing")
	}
	request := &apipb.GetGrantDigestRequest{Entitlement: entitlement, Level: level}
	return call[apipb.GetGrantDigestResponse](ctx, s.native, getGrantDigest, request)
}

func digestLevel(level int) (uint32, error) {
	if level < 0 {
		return 0, invalidArgument("the level of a digest is negative")
	}
	// The library knows how fine levels are.
	return uint32(min(level, 1<<16)), nil
}
