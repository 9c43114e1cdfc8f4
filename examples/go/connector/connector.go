// Package connector shows the accounts of a Unix machine to baton-sdk: users, groups, and the roles that groups confer.
package connector

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"go.uber.org/zap"

	"example.com/libc1z/examples/go/accounts"
)

// A Connector serves one reading of a machine's files, so that users, groups and roles of a sync agree.
type Connector struct {
	machine *accounts.Machine
}

var _ connectorbuilder.ConnectorBuilderV2 = (*Connector)(nil)

// New returns the connector of machine.
func New(machine *accounts.Machine) *Connector { return &Connector{machine: machine} }

// Metadata says what this connector is.
func (c *Connector) Metadata(context.Context) (*v2.ConnectorMetadata, error) {
	return v2.ConnectorMetadata_builder{
		DisplayName: "Unix accounts",
		Description: "Users, groups and administrators of one machine, from passwd(5) and group(5)",
	}.Build(), nil
}

// Validate is called once at the start of a sync. It warns of members that the sync has to leave out.
func (c *Connector) Validate(ctx context.Context) (annotations.Annotations, error) {
	for _, stranger := range c.machine.Strangers() {
		ctxzap.Extract(ctx).Warn("group member has no account and is skipped",
			zap.String("group", stranger.Group), zap.String("member", stranger.Name))
	}
	return nil, nil
}

// ResourceSyncers lists one syncer for each resource type.
func (c *Connector) ResourceSyncers(context.Context) []connectorbuilder.ResourceSyncerV2 {
	return []connectorbuilder.ResourceSyncerV2{
		&userSyncer{machine: c.machine},
		&groupSyncer{machine: c.machine},
		&roleSyncer{machine: c.machine},
	}
}
