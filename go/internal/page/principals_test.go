package page_test

import (
	"math/rand/v2"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"example.com/libc1z/go/internal/apipb"
	"example.com/libc1z/go/internal/page"
	"example.com/libc1z/go/internal/randompb"
)

func TestPrincipalKeysAreReadAsProtoReadsThem(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 11))
		response := &apipb.ListGrantPrincipalsResponse{NextPageToken: []string{"", "next"}[seed%2]}
		for range random.IntN(6) {
			id := v2.ResourceId_builder{ResourceType: "user", Resource: "u1"}.Build()
			if random.IntN(4) == 0 {
				randompb.Populate(random, id, []float64{1, 0.5, 0}[random.IntN(3)])
			}
			response.List = append(response.List, id)
		}
		data, err := proto.Marshal(response)
		require.NoError(t, err)
		if random.IntN(3) == 0 && len(data) > 0 {
			data[random.IntN(len(data))] ^= byte(1 << random.IntN(8))
		}
		want := &apipb.ListGrantPrincipalsResponse{}
		unreadable := proto.Unmarshal(data, want)
		keys, token, err := page.PrincipalKeys(data)
		require.Equal(t, unreadable == nil, err == nil)
		if err != nil {
			continue
		}
		require.Equal(t, want.GetNextPageToken(), token)
		require.Len(t, keys, len(want.GetList()))
		for i, id := range want.GetList() {
			require.Equal(t, id.GetResourceType()+"\x00"+id.GetResource(), keys[i])
		}
	}
}
