package c1z

import (
	"context"
	"iter"

	"github.com/conductorone/baton-sdk/pkg/tempdir"
	"google.golang.org/protobuf/proto"

	"example.com/libc1z/go/internal/apipb"
)

// Change says what became of a record.
type Change int

const (
	Added Change = iota + 1
	Removed
	Changed
)

func (c Change) String() string {
	switch c {
	case Added:
		return "added"
	case Removed:
		return "removed"
	case Changed:
		return "changed"
	}
	return "unknown"
}

// Difference is a record that only one of two syncs has, or that differs in them.
type Difference struct {
	Change Change
	// The names of the fields that differ, of a changed record: as c1.storage.v3 has them, or as c1.connector.v2 has them if
	// the stored schema does not, or their numbers if neither does.
	Fields []string
	// The versions of the record, nil for one that there is not. Each is a *v2.ResourceType, *v2.Resource, *v2.Entitlement,
	// *v2.Grant or *AssetInfo, both of one type.
	Before, After any
}

// AssetInfo is what is known of an asset beside its bytes.
type AssetInfo struct {
	ID, ContentType string
	Size            uint64
}

// CompareInput is a sync of a file. Without an id it is the newest that has ended.
type CompareInput struct{ Path, SyncID string }

// CompareOptions says what makes no difference. When a record was discovered and its source-cache scope never do.
type CompareOptions struct {
	IgnoreDisplay     bool   // names, descriptions, icons
	IgnoreAnnotations bool   // but for what a grant expands to
	IgnoreSources     bool   // of grants
	IgnoreExpansion   bool   // what grants expand to, and whether they wait for it
	TmpDir            string // where files are unpacked; as the SDK resolves it when empty
}

func (o CompareOptions) proto() *apipb.CompareOptions {
	return &apipb.CompareOptions{
		IgnoreDisplay:     o.IgnoreDisplay,
		IgnoreAnnotations: o.IgnoreAnnotations,
		IgnoreSources:     o.IgnoreSources,
		IgnoreExpansion:   o.IgnoreExpansion,
	}
}

// Compare yields what differs between two syncs of files of this engine, by kind (resource types, resources, entitlements,
// grants, assets) and in the order of their keys. Records are the same if they have one identity; another id of the same
// grant is a change. Both files are read once, side by side, but for tables that they have in common; memory does not grow
// with them. An error comes once and last.
func Compare(ctx context.Context, before, after CompareInput, opts CompareOptions) iter.Seq2[Difference, error] {
	input := func(input CompareInput) *apipb.CompareInput {
		return &apipb.CompareInput{Path: asText(input.Path), PathBytes: asBytes(input.Path), SyncId: input.SyncID}
	}
	tmpDir, driver := tempdir.Resolve(opts.TmpDir), registered()
	return differences(ctx, compareFiles, &apipb.CompareFilesRequest{
		Before:                input(before),
		After:                 input(after),
		Options:               opts.proto(),
		TmpDir:                asText(tmpDir),
		TmpDirBytes:           asBytes(tmpDir),
		Threads:               driver.threads(0),
		MemoryBudgetBytes:     driver.MemoryBudgetBytes,
		MaxDecodedBytes:       orMebibytes(0, maxDecodedSizeEnv),
		MaxDecoderMemoryBytes: orMebibytes(0, maxDecoderMemoryEnv),
	})
}

// CompareSyncs yields what differs between two syncs of the store, finished or not, as [Compare] does. It fails with
// codes.NotFound for an unknown id. While it runs the store refuses to close.
func (f fileOps) CompareSyncs(ctx context.Context, beforeSyncID, afterSyncID string, opts CompareOptions) iter.Seq2[Difference, error] {
	open := func(ctx context.Context, request []byte) (*cursor, error) {
		return f.native.scan(ctx, compareSyncs, request)
	}
	return differences(ctx, open, &apipb.CompareSyncsRequest{
		BeforeSyncId: beforeSyncID, AfterSyncId: afterSyncID, Options: opts.proto(),
	})
}

func differences(
	ctx context.Context, open func(ctx context.Context, request []byte) (*cursor, error), request proto.Message,
) iter.Seq2[Difference, error] {
	return func(yield func(Difference, error) bool) {
		if err := scanInto(ctx, open, func(answer buffer) (bool, error) {
			page, err := unmarshal[apipb.ComparePage](answer)
			if err != nil {
				return false, err
			}
			for _, found := range page.GetList() {
				if err := checkContext(ctx); err != nil {
					return false, err
				}
				difference := Difference{Change(found.GetChange()), found.GetFields(), compared(found.GetBefore()), compared(found.GetAfter())}
				if !yield(difference, nil) {
					return false, nil
				}
			}
			return true, nil
		}, request); err != nil {
			yield(Difference{}, err)
		}
	}
}

// compared is the record as a value that equals nil if there is none.
func compared(record *apipb.ComparedRecord) any {
	switch record := record.GetRecord().(type) {
	case *apipb.ComparedRecord_ResourceType:
		return record.ResourceType
	case *apipb.ComparedRecord_Resource:
		return record.Resource
	case *apipb.ComparedRecord_Entitlement:
		return record.Entitlement
	case *apipb.ComparedRecord_Grant:
		return record.Grant
	case *apipb.ComparedRecord_Asset:
		asset := record.Asset
		return &AssetInfo{ID: asset.GetId(), ContentType: asset.GetContentType(), Size: asset.GetSize()}
	}
	return nil
}
