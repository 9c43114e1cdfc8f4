package c1z

import (
	"bytes"
	"context"
	"io"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"

	"example.com/libc1z/go/internal/apipb"
)

// PutAsset stores an asset, which may be empty, in the bound sync.
func (s *store) PutAsset(ctx context.Context, assetRef *v2.AssetRef, contentType string, data []byte) error {
	return exec(ctx, s.native, putAsset, &apipb.PutAssetRequest{Asset: assetRef, ContentType: contentType, Data: data})
}

// GetAsset returns an asset's content type and its bytes, which are all in memory. It fails with codes.NotFound when it
// is not there.
func (s *store) GetAsset(ctx context.Context, request *v2.AssetServiceGetAssetRequest) (string, io.Reader, error) {
	asset, err := call[apipb.GetAssetResponse](ctx, s.native, getAsset, request)
	if err != nil {
		return "", nil, err
	}
	return asset.GetContentType(), bytes.NewReader(asset.GetData()), nil
}
