package encode

import (
	"sync"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/proto"
)

// A program may be built with a newer SDK than this package knows: resources and entitlements that have more fields there
// are left to proto.Marshal, so that nothing is lost.
var (
	knowsResources = sync.OnceValue(func() bool {
		return hasFields(&v2.Resource{}, 12) && hasFields(&v2.ResourceId{}, 3)
	})
	knowsEntitlements = sync.OnceValue(func() bool { return hasFields(&v2.Entitlement{}, 8) })
)

func hasFields(of proto.Message, count int) bool {
	return of.ProtoReflect().Descriptor().Fields().Len() == count
}
