package encode

import (
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/stretchr/testify/require"
)

func TestTheSchemaOfThisSDKIsKnown(t *testing.T) {
	require.True(t, knowsResources())
	require.True(t, knowsEntitlements())
	require.False(t, hasFields(&v2.ResourceId{}, 2))
}
