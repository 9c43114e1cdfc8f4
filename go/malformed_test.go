package c1z

import (
	"context"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

func TestTextThatIsNotUTF8IsNamedByRecordAndField(t *testing.T) {
	ctx := context.Background()
	s := startedInternalStore(t)
	users := make([]*v2.Resource, 1000)
	for i := range users {
		users[i] = &v2.Resource{}
		nameResource(users[i], "user", i)
	}
	last := users[999]
	quotedID := quoted(last.GetId().GetResourceType() + ":" + last.GetId().GetResource())
	deep := &structpb.Struct{Fields: map[string]*structpb.Value{"a": structpb.NewStringValue("\xff")}}
	for name, test := range map[string]struct {
		call func() error
		want string
	}{
		"resource": {
			func() error {
				defer last.SetDescription("")
				last.SetDescription("\xff")
				return s.PutResources(ctx, users...)
			},
			"resource 999 of the call, " + quotedID + ", cannot be read: field description is not UTF-8",
		},
		"profile": {
			func() error {
				defer last.ClearProfile()
				last.SetProfile(deep)
				return s.PutResources(ctx, users...)
			},
			"resource 999 of the call, " + quotedID + ", cannot be read: field profile.fields.value.string_value is not UTF-8",
		},
		"resource type": {
			func() error {
				return s.PutResourceTypes(ctx,
					v2.ResourceType_builder{Id: "user"}.Build(), v2.ResourceType_builder{Id: "group", DisplayName: "\xff"}.Build())
			},
			`resource type 1 of the call, "group", cannot be read: field display_name is not UTF-8`,
		},
		"long id": {
			func() error {
				return s.PutResourceTypes(ctx, v2.ResourceType_builder{Id: strings.Repeat("é", 1000), Description: "\xff"}.Build())
			},
			`resource type 0 of the call, "` + strings.Repeat("é", 48) + `…", cannot be read: field description is not UTF-8`,
		},
		"asset": {
			func() error { return s.PutAsset(ctx, v2.AssetRef_builder{Id: "\xff"}.Build(), "image/png", nil) },
			"request PutAssetRequest: field asset.id is not UTF-8",
		},
		"content type": {
			func() error { return s.PutAsset(ctx, v2.AssetRef_builder{Id: "a"}.Build(), "\xff", nil) },
			"request PutAssetRequest: field content_type is not UTF-8",
		},
		"checkpoint": {
			func() error { return s.CheckpointSync(ctx, "\xff") },
			"request CheckpointSyncRequest: field sync_token is not UTF-8",
		},
		"get": {
			func() error {
				_, err := s.GetResourceType(ctx, reader_v2.ResourceTypesReaderServiceGetResourceTypeRequest_builder{ResourceTypeId: "\xff"}.Build())
				return err
			},
			"request ResourceTypesReaderServiceGetResourceTypeRequest: field resource_type_id is not UTF-8",
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.call()
			require.Equal(t, codes.InvalidArgument, status.Code(err), "%v", err)
			require.EqualError(t, err, test.want)
		})
	}
	require.NoError(t, s.PutResources(ctx, users...))
}
