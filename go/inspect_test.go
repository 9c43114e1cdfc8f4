package c1z_test

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	c1zv3 "github.com/conductorone/baton-sdk/pb/c1/c1z/v3"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	formatv3 "github.com/conductorone/baton-sdk/pkg/dotc1z/format/v3"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	c1z "example.com/libc1z/go"
)

// inspected are the records of a file by their types.
func inspected(t *testing.T, path string, opts c1z.InspectOptions) map[string][]c1z.Record {
	t.Helper()
	records := map[string][]c1z.Record{}
	for record, err := range c1z.Inspect(context.Background(), path, opts) {
		require.NoError(t, err)
		records[record.Type] = append(records[record.Type], record)
	}
	return records
}

// TestInspectShowsWhatTheDescriptorsInTheFileDescribe reads every record's JSON back with Google's library, into messages
// that are made from the file's own descriptors.
func TestInspectShowsWhatTheDescriptorsInTheFileDescribe(t *testing.T) {
	path, full := encodedFile(t, c1z.Engine, c1zstore.PayloadEncodingIndexedZstd)
	set, err := c1z.Schema(path)
	require.NoError(t, err)
	require.NoError(t, formatv3.VerifyDescriptorClosure(set))
	files, err := protodesc.NewFiles(set)
	require.NoError(t, err)

	records := inspected(t, path, c1z.InspectOptions{})
	messages := 0
	for name, list := range records {
		found, err := files.FindDescriptorByName(protoreflect.FullName(name))
		if err != nil {
			require.Contains(t, []string{"metadata", "sync_token", "grant_digest"}, name)
			continue
		}
		for _, record := range list {
			messages++
			checkJSON(t, found.(protoreflect.MessageDescriptor), record)
		}
	}
	stats := inspected(t, path, c1z.InspectOptions{SyncID: full, RecordTypes: []string{"c1.storage.v3.SyncStatsRecord"}})
	require.Len(t, stats, 1)
	require.Len(t, records["c1.storage.v3.SyncRunRecord"], 3)
	require.NotEmpty(t, records["c1.storage.v3.GrantRecord"])
	require.Greater(t, messages, 100)
}

// checkJSON reads a record back. What Google's library cannot know are unknown fields, and contents of an Any that the
// file does not describe: those are taken out.
func checkJSON(t *testing.T, of protoreflect.MessageDescriptor, record c1z.Record) {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(record.JSON), &fields), record.JSON)
	require.NotContains(t, fields, "@error")
	delete(fields, "@unknown")
	delete(fields, "annotations")
	known, err := json.Marshal(fields)
	require.NoError(t, err)
	require.NoError(t, protojson.Unmarshal(known, dynamicpb.NewMessage(of)), record.JSON)
}

func TestInspectEndsWithAnErrorAndStopsWhenAsked(t *testing.T) {
	path, _ := encodedFile(t, c1z.Engine, c1zstore.PayloadEncodingTar)
	seen := 0
	for _, err := range c1z.Inspect(context.Background(), path, c1z.InspectOptions{TmpDir: t.TempDir()}) {
		require.NoError(t, err)
		if seen++; seen == 3 {
			break
		}
	}
	require.Equal(t, 3, seen)
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for ctx, want := range map[context.Context]codes.Code{context.Background(): codes.NotFound, done: codes.Canceled} {
		var last error
		for _, err := range c1z.Inspect(ctx, path+".missing", c1z.InspectOptions{}) {
			require.NoError(t, last, "an error is the last")
			last = err
		}
		require.Equal(t, want, status.Code(last))
	}
	theirs, _ := encodedFile(t, c1zstore.EnginePebble, c1zstore.PayloadEncodingIndexedZstd)
	for _, err := range c1z.Inspect(context.Background(), theirs, c1z.InspectOptions{}) {
		require.Equal(t, codes.FailedPrecondition, status.Code(err))
	}
	set, err := c1z.Schema(theirs)
	require.NoError(t, err)
	require.NoError(t, formatv3.VerifyDescriptorClosure(set))
}

// TestTheSDKKeepsWhatAFileSaysOfItself packs a file of the library's again with the SDK.
func TestTheSDKKeepsWhatAFileSaysOfItself(t *testing.T) {
	path, _ := encodedFile(t, c1z.Engine, c1zstore.PayloadEncodingIndexedZstd)
	whole, err := formatv3.ReadEnvelope(openFile(t, path))
	require.NoError(t, err)
	defer whole.Close()
	require.Equal(t, "type.googleapis.com/c1z.v1.EngineConfig", whole.Manifest.GetEngineConfig().GetTypeUrl())
	require.Empty(t, whole.Manifest.GetRecordTypes())

	folder := t.TempDir()
	_, reuse, err := formatv3.ExtractEnvelopePayload(openFile(t, path), folder)
	require.NoError(t, err)
	manifest := proto.CloneOf(whole.Manifest)
	manifest.SetPayloadEncoding(c1zv3.PayloadEncoding(c1zstore.PayloadEncodingTarZstd))
	repacked := newPath(t)
	out, err := os.Create(repacked)
	require.NoError(t, err)
	_, err = formatv3.WriteEnvelopeWithReuse(out, manifest, folder, reuse)
	require.NoError(t, err)
	require.NoError(t, out.Close())
	require.Equal(t, inspected(t, path, c1z.InspectOptions{}), inspected(t, repacked, c1z.InspectOptions{}))
}
