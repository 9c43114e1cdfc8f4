package c1z

import (
	"context"

	v3 "github.com/conductorone/baton-sdk/pb/c1/storage/v3"
	"google.golang.org/protobuf/encoding/protowire"

	"example.com/libc1z/go/internal/apipb"
)

const (
	resourceTypeKind = apipb.RecordKind_RECORD_KIND_RESOURCE_TYPE
	resourceKind     = apipb.RecordKind_RECORD_KIND_RESOURCE
	entitlementKind  = apipb.RecordKind_RECORD_KIND_ENTITLEMENT
	grantKind        = apipb.RecordKind_RECORD_KIND_GRANT
	assetKind        = apipb.RecordKind_RECORD_KIND_ASSET
)

// importing is a sync on its way into a store. One goroutine uses it.
type importing struct {
	native     *handle
	syncID     string
	unreadable apipb.UnreadableRows
	kind       apipb.RecordKind
	// The records that go with the next step, encoded as that has them.
	batch  []byte
	losses lossList
	moved  func(records int)
	rows   int
}

// A step is sent when it has as many bytes, or records.
const (
	stepBytes   = 4 << 20
	stepRecords = 10_000
)

// Fields of a c1z.v1.ImportRecordsRequest.
const (
	importList       = 1
	importKind       = 2
	importSyncID     = 3
	importUnreadable = 9
)

// beginImport names the run. The sync is not there before end returns.
func beginImport(
	ctx context.Context, native *handle, run *v3.SyncRunRecord, unreadable apipb.UnreadableRows, moved func(records int),
) (*importing, error) {
	_, err := call[apipb.ImportRecordsResponse](ctx, native, importRecords, &apipb.ImportRecordsRequest{SyncId: run.GetSyncId(), Run: run})
	if err != nil {
		return nil, err
	}
	return &importing{native: native, syncID: run.GetSyncId(), unreadable: unreadable, moved: moved}, nil
}

// add takes a record of a kind, encoded as c1.storage.v3 has it. It is copied.
func (i *importing) add(ctx context.Context, kind apipb.RecordKind, record []byte) error {
	if kind != i.kind || i.rows >= stepRecords || len(i.batch)+len(record) > stepBytes {
		if err := i.flush(ctx); err != nil {
			return err
		}
		i.kind = kind
	}
	i.batch = protowire.AppendTag(i.batch, importList, protowire.BytesType)
	i.batch = protowire.AppendBytes(i.batch, record)
	i.rows++
	return nil
}

// flush sends the records that were added.
func (i *importing) flush(ctx context.Context) error {
	if i.rows == 0 {
		return nil
	}
	request := protowire.AppendTag(i.batch, importKind, protowire.VarintType)
	request = protowire.AppendVarint(request, uint64(i.kind))
	request = protowire.AppendTag(request, importSyncID, protowire.BytesType)
	request = protowire.AppendString(request, i.syncID)
	request = protowire.AppendTag(request, importUnreadable, protowire.VarintType)
	request = protowire.AppendVarint(request, uint64(i.unreadable))
	answer, err := i.native.call(ctx, importRecords, request)
	if err != nil {
		return err
	}
	response, err := unmarshal[apipb.ImportRecordsResponse](answer)
	if err != nil {
		return err
	}
	i.losses.addAll(lossesOf(response.GetLosses()))
	i.moved(i.rows)
	i.batch, i.rows = request[:0], 0
	return nil
}

// end makes the sync one of the store.
func (i *importing) end(ctx context.Context, stats *v3.SyncStatsRecord, graph []byte) (ConvertedSync, error) {
	if err := i.flush(ctx); err != nil {
		return ConvertedSync{}, err
	}
	request := &apipb.ImportRecordsRequest{SyncId: i.syncID, Stats: stats, EntitlementGraph: graph, End: true}
	response, err := call[apipb.ImportRecordsResponse](ctx, i.native, importRecords, request)
	if err != nil {
		return ConvertedSync{}, err
	}
	return convertedSyncOf(response.GetSync()), nil
}
