package c1z

import (
	"cmp"
	"context"
	"slices"

	c1zpb "github.com/conductorone/baton-sdk/pb/c1/c1z/v1"
	v3 "github.com/conductorone/baton-sdk/pb/c1/storage/v3"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/timestamppb"

	"example.com/libc1z/go/internal/apipb"
)

// storedSync is what a store has of a sync beside its records.
type storedSync struct {
	run   *v3.SyncRunRecord
	stats *v3.SyncStatsRecord // nil unless the sync has ended
}

// storedSyncs are all syncs of a file that the store was opened on, the oldest first, those that have not ended last.
func (s *store) storedSyncs(ctx context.Context, path string) ([]storedSync, error) {
	header, err := ReadHeader(path)
	if err != nil {
		return nil, err
	}
	var syncs []storedSync
	for token := ""; ; {
		page, err := call[apipb.ListSyncRunsResponse](ctx, s.native, listSyncRuns, &apipb.ListSyncRunsRequest{PageToken: token})
		if err != nil {
			return nil, err
		}
		for _, run := range page.GetList() {
			sync := storedSync{run: v3.SyncRunRecord_builder{
				SyncId:                    run.GetId(),
				ParentSyncId:              run.GetParentSyncId(),
				StartedAt:                 run.GetStartedAt(),
				EndedAt:                   run.GetEndedAt(),
				SyncToken:                 run.GetSyncToken(),
				SupportsDiff:              run.GetSupportsDiff(),
				Compacted:                 run.GetCompacted(),
				IngestInvariantGeneration: run.GetVerification().GetGeneration(),
				IngestInvariantCoverage:   run.GetVerification().GetCoverage(),
				IngestInvariantMode:       run.GetVerification().GetMode(),
			}.Build()}
			// The file says by number what the list says by name, and has statistics in full.
			for _, summary := range header.SyncRuns {
				if summary.GetSyncId() == run.GetId() {
					sync.run.SetType(summary.GetType())
					if run.GetEndedAt() != nil {
						sync.stats = summary.GetStats()
					}
				}
			}
			syncs = append(syncs, sync)
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	slices.SortStableFunc(syncs, func(a, b storedSync) int {
		return cmp.Or(
			cmp.Compare(order(a), order(b)),
			compareTimes(a.run.GetEndedAt(), b.run.GetEndedAt()),
			compareTimes(a.run.GetStartedAt(), b.run.GetStartedAt()),
			cmp.Compare(a.run.GetSyncId(), b.run.GetSyncId()),
		)
	})
	return syncs, nil
}

func order(sync storedSync) int {
	if sync.run.GetEndedAt() == nil {
		return 1
	}
	return 0
}

func compareTimes(a, b *timestamppb.Timestamp) int {
	return cmp.Or(cmp.Compare(a.GetSeconds(), b.GetSeconds()), cmp.Compare(a.GetNanos(), b.GetNanos()))
}

// typeOf is the type as the SDK names it, "" if it does not.
func typeOf(run *v3.SyncRunRecord) connectorstore.SyncType {
	switch run.GetType() {
	case v3.SyncType_SYNC_TYPE_FULL:
		return connectorstore.SyncTypeFull
	case v3.SyncType_SYNC_TYPE_PARTIAL:
		return connectorstore.SyncTypePartial
	case v3.SyncType_SYNC_TYPE_RESOURCES_ONLY:
		return connectorstore.SyncTypeResourcesOnly
	default:
		return connectorstore.SyncTypeAny
	}
}

// storedRecords gives take the records of a kind as they are stored, a page at a time. They are there until it returns.
func (s *store) storedRecords(ctx context.Context, syncID string, kind apipb.RecordKind, take func(records [][]byte) error) error {
	open := func(ctx context.Context, request []byte) (*cursor, error) {
		return s.native.scan(ctx, scanRecords, request)
	}
	var records [][]byte
	return scanInto(ctx, open, func(page buffer) (bool, error) {
		defer page.free()
		var err error
		if records, err = appendList(records[:0], page.data); err != nil {
			return false, err
		}
		return true, take(records)
	}, &apipb.ScanRecordsRequest{SyncId: syncID, Kind: kind})
}

// appendList appends what field 1 of a message lists.
func appendList(list [][]byte, message []byte) ([][]byte, error) {
	for len(message) > 0 {
		number, wireType, length := protowire.ConsumeTag(message)
		if length < 0 {
			return nil, unreadable(protowire.ParseError(length))
		}
		message = message[length:]
		if number != 1 || wireType != protowire.BytesType {
			if length = protowire.ConsumeFieldValue(number, wireType, message); length < 0 {
				return nil, unreadable(protowire.ParseError(length))
			}
			message = message[length:]
			continue
		}
		element, length := protowire.ConsumeBytes(message)
		if length < 0 {
			return nil, unreadable(protowire.ParseError(length))
		}
		list = append(list, element)
		message = message[length:]
	}
	return list, nil
}

// notCarried notes what of a sync only this engine has.
func (s *store) notCarried(ctx context.Context, syncID string, losses *lossList) error {
	response, err := call[apipb.ListNamedValuesResponse](ctx, s.native, listNamedValues, &apipb.ListNamedValuesRequest{
		Annotations: annotations.New(c1zpb.SyncDetails_builder{Id: syncID}.Build()),
	})
	if err != nil {
		return err
	}
	if values := response.GetList(); len(values) > 0 {
		losses.add(lostNamedValue, "", int64(len(values)), syncID+": "+values[0].GetName())
	}
	return nil
}
