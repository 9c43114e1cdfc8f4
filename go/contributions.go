package c1z

import (
	"context"
	"fmt"
	"sync"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	v3 "github.com/conductorone/baton-sdk/pb/c1/storage/v3"
	batonGrant "github.com/conductorone/baton-sdk/pkg/types/grant"
	"google.golang.org/grpc/codes"

	"example.com/libc1z/go/internal/apipb"
	"example.com/libc1z/go/internal/encode"
)

// What the SDK's expander finds by assertion on a store's Grants.

// StoreNewExpandedGrants is StoreExpandedGrants for grants that the caller knows not to be stored.
func (g grantStore) StoreNewExpandedGrants(ctx context.Context, grants ...*v2.Grant) error {
	return put(ctx, g.native, putExpandedGrants, grants, "", encode.PutNewGrants)
}

// StoreNewExpandedGrantContributions stores grants of the entitlement that the caller knows not to be stored, to the
// principals, each with the sources at its place. Nil principals, and those without type or id, are skipped.
func (g grantStore) StoreNewExpandedGrantContributions(
	ctx context.Context, entitlement *v2.Entitlement, principals []*v3.PrincipalRef, sources []batonGrant.Sources,
) error {
	if len(principals) != len(sources) {
		return invalidArgument(fmt.Sprintf("%d principals have %d lists of sources", len(principals), len(sources)))
	}
	if len(principals) == 0 {
		return nil
	}
	answer, err := sendEncoded(ctx, g.native, putGrantContributions, func(buffer []byte) ([]byte, error) {
		return encode.PutGrantContributions(buffer, entitlement, principals, sources), nil
	})
	answer.free()
	return err
}

// layer tells whether a session for a layer of expanded grants is open. What is added is pending in the library, which
// needs no other end.
type layer struct {
	mu   sync.Mutex
	open bool
}

func (l *layer) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.open
	l.open = true
	return !was
}

func (l *layer) isOpen() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

func (l *layer) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = false
}

// BeginExpandedGrantLayer opens a session for the grants of one layer of the expansion's graph. It fails while one is
// open. The bool is true unless it fails.
func (g grantStore) BeginExpandedGrantLayer(ctx context.Context) (bool, error) {
	current, err := call[apipb.GetCurrentSyncResponse](ctx, g.native, getCurrentSync, &apipb.GetCurrentSyncRequest{})
	if err != nil {
		return false, err
	}
	if current.GetSyncId() == "" {
		return false, newError(codes.FailedPrecondition, "NO_CURRENT_SYNC", "no sync is bound")
	}
	if !g.layer.begin() {
		return false, newError(codes.FailedPrecondition, "FAILED_PRECONDITION", "a layer of expanded grants is open already")
	}
	return true, nil
}

// AddExpandedGrantLayerContributions is StoreNewExpandedGrantContributions in a session. The grants show at once.
func (g grantStore) AddExpandedGrantLayerContributions(
	ctx context.Context, entitlement *v2.Entitlement, principals []*v3.PrincipalRef, sources []batonGrant.Sources,
) error {
	if !g.layer.isOpen() {
		return newError(codes.FailedPrecondition, "FAILED_PRECONDITION", "no layer of expanded grants is open")
	}
	return g.StoreNewExpandedGrantContributions(ctx, entitlement, principals, sources)
}

// FinishExpandedGrantLayer ends the session, if one is open.
func (g grantStore) FinishExpandedGrantLayer(context.Context) error {
	g.layer.end()
	return nil
}

// AbortExpandedGrantLayer ends the session, if one is open. What was added to it stays: adding it again changes nothing.
func (g grantStore) AbortExpandedGrantLayer(context.Context) error {
	g.layer.end()
	return nil
}
