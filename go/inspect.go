package c1z

import (
	"context"
	"iter"

	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"google.golang.org/protobuf/types/descriptorpb"

	"example.com/libc1z/go/internal/apipb"
)

// InspectOptions narrows what [Inspect] yields. The zero value narrows nothing.
type InspectOptions struct {
	SyncID      string   // only what belongs to this sync
	RecordTypes []string // only records of these types, named as in [Record]
	TmpDir      string   // where the file is unpacked; the system's temporary folder when empty
}

// Record is one value that a file holds, shown by the descriptors in the file.
type Record struct {
	SyncID string // empty for what belongs to the file
	Type   string // full name of the message, such as "c1.storage.v3.GrantRecord"; a word such as "sync_token" if it is none
	Key    []byte
	JSON   string // protobuf JSON, with "@unknown" for fields that the descriptors do not name
}

// Inspect yields everything that a file of this engine holds, of all its syncs, by what the file says of itself: neither
// the program nor the library needs to know the schema. An error comes once and last.
func Inspect(ctx context.Context, path string, opts InspectOptions) iter.Seq2[Record, error] {
	request := &apipb.InspectRequest{
		Open:        Driver{}.openRequest(path, dotc1z.StoreOptions{ReadOnly: true, TmpDir: opts.TmpDir}),
		SyncId:      opts.SyncID,
		RecordTypes: opts.RecordTypes,
	}
	return func(yield func(Record, error) bool) {
		if err := scanInto(ctx, inspect, func(answer buffer) (bool, error) {
			page, err := unmarshal[apipb.InspectPage](answer)
			if err != nil {
				return false, err
			}
			for _, record := range page.GetList() {
				if err := checkContext(ctx); err != nil {
					return false, err
				}
				if !yield(Record{record.GetSyncId(), record.GetRecordType(), record.GetKey(), record.GetJson()}, nil) {
					return false, nil
				}
			}
			return true, nil
		}, request); err != nil {
			yield(Record{}, err)
		}
	}
}

// Schema returns the descriptors that a file of format v3 carries, of whatever engine. It reads the head of the file
// alone.
func Schema(path string) (*descriptorpb.FileDescriptorSet, error) {
	request, err := marshal(&apipb.InspectSchemaRequest{Path: asText(path), PathBytes: asBytes(path)})
	if err != nil {
		return nil, err
	}
	answer, err := describe(schemaOf, request)
	if err != nil {
		return nil, err
	}
	return unmarshal[descriptorpb.FileDescriptorSet](answer)
}
