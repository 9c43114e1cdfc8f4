package c1z

import (
	"context"
	"strings"

	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/tempdir"

	"example.com/libc1z/go/internal/apipb"
)

// ConvertOption says how [Convert] is to work.
type ConvertOption func(*conversion)

// WithConvertTmpDir says where databases are unpacked to. Without it that is what BATON_TMPDIR says, or the system's temporary
// folder.
func WithConvertTmpDir(path string) ConvertOption {
	return func(c *conversion) { c.tmpDir = path }
}

// WithSkipUnreadable leaves rows out that cannot be read, and tells of them in the result. Without it the first one fails the
// conversion.
func WithSkipUnreadable() ConvertOption {
	return func(c *conversion) { c.skipUnreadable = true }
}

type conversion struct {
	tmpDir         string
	skipUnreadable bool
}

// Converted is what came of a conversion.
type Converted struct {
	// Syncs in the order of the input.
	Syncs []ConvertedSync
	// Losses is empty if nothing was lost.
	Losses []ConvertLoss
}

// ConvertedSync is a sync with what became of its rows.
type ConvertedSync struct {
	ID    string
	Type  connectorstore.SyncType
	Ended bool

	ResourceTypes, Resources, Entitlements, Grants, Assets, SessionValues ConvertCounts
}

// ConvertCounts is what became of the rows of one kind.
type ConvertCounts struct {
	// Rows in the input and Records in the result.
	Rows, Records int64
	// Merged rows became one record with others of the same identity.
	Merged int64
	// Skipped rows could not be read.
	Skipped int64
}

// ConvertLoss is one kind of thing in one table that the input holds and the result does not.
type ConvertLoss struct {
	// Kind is a name of c1z.v1.LossKind without its prefix: UNREADABLE_ROW, NO_SYNC, SYNC_TYPE, LINKED_SYNC, VERIFICATION,
	// TABLE, COLUMN.
	Kind, Table string
	Count       int64
	// Examples are the first ones, in words for people.
	Examples []string
}

// Convert makes a new file of this engine of one of format v1, which the SDK's SQLite engine has written: with all its syncs,
// finished or not, under their ids, with types, parents, times, tokens and session values; records keep the time of their
// discovery, and grants what they expand and whether that is pending. Statistics are counted anew. The input is not changed.
//
// Times in format v1 have no zone: as in the SDK they are taken for those of the process's zone. Grants of a sync with one
// identity become one grant.
//
// The new file appears in one step and replaces none. Fails with codes.NotFound and os.ErrNotExist for a missing input,
// codes.AlreadyExists for an output that is there, codes.FailedPrecondition for an input that is not of format v1, codes.DataLoss
// for a damaged one, and with the context's error when that ended the call.
func Convert(ctx context.Context, input, output string, opts ...ConvertOption) (*Converted, error) {
	var c conversion
	for _, option := range opts {
		option(&c)
	}
	options := registered().openRequest(output, dotc1z.StoreOptions{TmpDir: tempdir.Resolve(c.tmpDir)})
	request := &apipb.ConvertFileRequest{
		InputPath:             asText(input),
		InputPathBytes:        asBytes(input),
		OutputPath:            options.GetPath(),
		OutputPathBytes:       options.GetPathBytes(),
		UnreadableRows:        apipb.UnreadableRows_UNREADABLE_ROWS_FAIL,
		TmpDir:                options.GetTmpDir(),
		TmpDirBytes:           options.GetTmpDirBytes(),
		Threads:               options.GetThreads(),
		MemoryBudgetBytes:     options.GetMemoryBudgetBytes(),
		MaxDecodedBytes:       options.GetMaxDecodedBytes(),
		MaxDecoderMemoryBytes: options.GetMaxDecoderMemoryBytes(),
		NoGrantDigests:        options.GetNoGrantDigests(),
	}
	if c.skipUnreadable {
		request.UnreadableRows = apipb.UnreadableRows_UNREADABLE_ROWS_SKIP
	}
	data, err := marshal(request)
	if err != nil {
		return nil, err
	}
	answer, err := callOnFile(ctx, convert, data)
	if err != nil {
		return nil, missingFile(err)
	}
	response, err := unmarshal[apipb.ConvertFileResponse](answer)
	if err != nil {
		return nil, err
	}
	return convertedOf(response), nil
}

func convertedOf(response *apipb.ConvertFileResponse) *Converted {
	converted := &Converted{}
	for _, sync := range response.GetSyncs() {
		converted.Syncs = append(converted.Syncs, ConvertedSync{
			ID:            sync.GetSyncId(),
			Type:          connectorstore.SyncType(sync.GetSyncType()),
			Ended:         sync.GetEnded(),
			ResourceTypes: convertCountsOf(sync.GetResourceTypes()),
			Resources:     convertCountsOf(sync.GetResources()),
			Entitlements:  convertCountsOf(sync.GetEntitlements()),
			Grants:        convertCountsOf(sync.GetGrants()),
			Assets:        convertCountsOf(sync.GetAssets()),
			SessionValues: convertCountsOf(sync.GetSessionValues()),
		})
	}
	for _, loss := range response.GetLosses() {
		kind := strings.TrimPrefix(loss.GetKind().String(), "LOSS_KIND_")
		converted.Losses = append(converted.Losses, ConvertLoss{kind, loss.GetTable(), loss.GetCount(), loss.GetExamples()})
	}
	return converted
}

func convertCountsOf(counts *apipb.ConvertCounts) ConvertCounts {
	return ConvertCounts{counts.GetRows(), counts.GetRecords(), counts.GetMerged(), counts.GetSkipped()}
}
