package c1z

import (
	c1zv3 "github.com/conductorone/baton-sdk/pb/c1/c1z/v3"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"

	"example.com/libc1z/go/internal/apipb"
)

// Header is what a file says of itself before its payload. Fields below Size are zero for a file of format v1.
type Header struct {
	Format dotc1z.C1ZFormat
	// Size is the file's, in bytes.
	Size uint64
	// Engine reads the payload. It need not be registered.
	Engine              c1zstore.Engine
	EngineSchemaVersion uint32
	PayloadEncoding     c1zstore.PayloadEncoding
	// ManifestSHA256 is the hash of the manifest's bytes. Two files with the same one need not have the same payload.
	ManifestSHA256 []byte
	// FoldDeadBytes of the payload have been left unused by merges.
	FoldDeadBytes int64
	// GrantDigestRoot is nil if the engine keeps no digests.
	GrantDigestRoot *c1zv3.GrantDigestRoot
	// SyncRuns has a summary for each sync. The first is the one that a reader is shown by default, if any has ended.
	SyncRuns []*c1zv3.SyncRunSummary
}

// ReadHeader reads the header of the .c1z file at path, which any engine may have written, in any format. It costs the
// same for a file of any size, and does not check the payload.
//
// Fails with codes.NotFound for a missing file, codes.FailedPrecondition for one that is no .c1z file or empty, codes.DataLoss
// for a damaged header.
func ReadHeader(path string) (*Header, error) {
	request, err := marshal(&apipb.ReadHeaderRequest{Path: asText(path), PathBytes: asBytes(path)})
	if err != nil {
		return nil, err
	}
	response, err := describe(headerOf, request)
	if err != nil {
		return nil, err
	}
	header, err := unmarshal[apipb.FileHeader](response)
	if err != nil {
		return nil, err
	}
	format := dotc1z.C1ZFormatV3
	if header.GetFormat() == "v1" {
		format = dotc1z.C1ZFormatV1
	}
	return &Header{
		Format:              format,
		Size:                header.GetFileSizeBytes(),
		Engine:              c1zstore.Engine(header.GetEngine()),
		EngineSchemaVersion: header.GetEngineSchemaVersion(),
		PayloadEncoding:     c1zstore.PayloadEncoding(header.GetPayloadEncoding()),
		ManifestSHA256:      header.GetManifestSha256(),
		FoldDeadBytes:       header.GetFoldDeadBytes(),
		GrantDigestRoot:     header.GetGrantDigestRoot(),
		SyncRuns:            header.GetSyncRuns(),
	}, nil
}
