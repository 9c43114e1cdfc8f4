package c1z

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/tempdir"
	"google.golang.org/grpc/codes"

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

// WithConvertTo says of which engine the new file is: [Engine], c1zstore.EnginePebble or c1zstore.EngineSQLite.
func WithConvertTo(engine c1zstore.Engine) ConvertOption {
	return func(c *conversion) { c.to = engine }
}

// WithConvertSync names the sync that becomes a file of Pebble, which holds one. Without it that is the newest that has ended,
// of any type, or if none has the newest. Other directions take all syncs.
func WithConvertSync(syncID string) ConvertOption {
	return func(c *conversion) { c.syncID = syncID }
}

// WithConvertProgress has a function called with how much is done and of how much, 0 if that is not known: in records, and in
// bytes while the library unpacks or saves. Numbers start again where another step begins. It is called from one goroutine at
// a time, every few thousand records.
func WithConvertProgress(progress func(done, total uint64)) ConvertOption {
	return func(c *conversion) { c.progress = progress }
}

type conversion struct {
	tmpDir         string
	skipUnreadable bool
	to             c1zstore.Engine
	syncID         string
	progress       func(done, total uint64)
}

// Converted is what came of a conversion.
type Converted struct {
	// Syncs in the order of the input, under the ids that they have in the new file.
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
	//
	// From Pebble: SOURCE_CACHE, an entry of the source cache's manifest or the mark of a scope that lost a row. Rows keep
	// their scopes.
	//
	// On the way to Pebble: SYNC, another sync; NAMED_VALUE.
	//
	// On the way to SQLite: SYNC, one of a type that it does not have; SYNC_ID, SYNC_TIMES, COMPACTED (the mark of a merge),
	// PARENT (of a sync whose type has none there) and GRAPH, of each sync; DISCOVERED_AT and SCOPE, of records; NOT_PENDING,
	// an expandable grant that waits for its expansion again; SAME_ID, a record whose id another has; EMPTY_ASSET, one without bytes; NAMED_VALUE.
	Kind string
	// Table is that of the input, or the kind of record: "resource_types", "resources", "entitlements", "grants", "assets".
	Table string
	Count int64
	// Examples are the first ones, in words for people.
	Examples []string
}

// Convert makes a new file from one that another engine has written. The new one is of this engine unless [WithConvertTo] says
// otherwise. The input is not changed. Engines are this one, the SDK's SQLite engine (format v1) and its Pebble engine in every
// layout that the SDK itself opens.
//
// From SQLite and from Pebble all syncs come, finished or not, under their ids, with types, parents, times, tokens and
// session values; records keep the time of their discovery and their source-cache scope, and grants what they expand and
// whether that is pending. Records of Pebble are taken as they are stored, with fields that nobody knows. Statistics are
// counted anew, timings among them are kept. Times in format v1 have no zone: as in the SDK they are taken for those of the
// process's zone. Grants of a sync with one identity become one grant.
//
// To Pebble goes one sync, which is all that its files hold (see [WithConvertSync]), and back it is what it was, but for the
// time at which its statistics were written. To SQLite go all syncs through the calls that a syncer makes: SQLite gives them
// new ids and times, and every record a new time of discovery. Parents that are in the file are those with the new ids.
// The result lists whatever is lost.
//
// The new file appears in one step and replaces none. Fails with codes.NotFound and os.ErrNotExist for a missing input,
// codes.AlreadyExists for an output that is there, codes.FailedPrecondition for an input that is of the wanted engine already or
// of one that nobody knows, codes.DataLoss for a damaged one, and with the context's error when that ended the call.
func Convert(ctx context.Context, input, output string, opts ...ConvertOption) (*Converted, error) {
	c := conversion{to: Engine, progress: func(uint64, uint64) {}}
	for _, option := range opts {
		option(&c)
	}
	c.tmpDir = tempdir.Resolve(c.tmpDir)
	if _, err := os.Lstat(output); err == nil {
		return nil, newError(codes.AlreadyExists, "ALREADY_EXISTS", output+": must not exist, but does")
	}
	from, err := engineOf(input)
	if err != nil {
		return nil, missingFile(err)
	}
	switch {
	case from == c.to && c.to != Engine:
		return nil, newError(codes.FailedPrecondition, "ENGINE_MISMATCH", fmt.Sprintf("%s: a file of engine %s already", input, from))
	case c.to == Engine:
		return c.toThis(ctx, from, input, output)
	case c.to == c1zstore.EnginePebble || c.to == c1zstore.EngineSQLite:
		return c.toAnother(ctx, from, input, output)
	}
	return nil, invalidArgument(fmt.Sprintf("there is no engine %q to convert to", c.to))
}

// engineOf is the engine that a file is of, whatever it is called in the file.
func engineOf(path string) (c1zstore.Engine, error) {
	header, err := ReadHeader(path)
	switch {
	case err != nil:
		return "", err
	case header.Format == dotc1z.C1ZFormatV1:
		return c1zstore.EngineSQLite, nil
	case isPebble(header.Engine):
		return c1zstore.EnginePebble, nil
	}
	return header.Engine, nil
}

// toThis makes a file of this engine.
func (c *conversion) toThis(ctx context.Context, from c1zstore.Engine, input, output string) (*Converted, error) {
	if from == c1zstore.EnginePebble {
		return c.fromPebble(ctx, input, output)
	}
	// Files of other engines the library refuses.
	return c.fromSQLite(ctx, input, output)
}

// toAnother makes a file of one of the SDK's engines: beside its place, until it is whole. What this engine does not have open
// yet becomes a file of this engine first.
func (c *conversion) toAnother(ctx context.Context, from c1zstore.Engine, input, output string) (*Converted, error) {
	staged, err := stageIn(filepath.Dir(output))
	if err != nil {
		return nil, err
	}
	defer staged.remove()
	var before Converted
	if from != Engine {
		between := staged.input(0)
		first, err := c.toThis(ctx, from, input, between)
		if err != nil {
			return nil, err
		}
		input, before = between, *first
	}
	opened, err := registered().OpenStore(ctx, input, dotc1z.StoreOptions{ReadOnly: true, TmpDir: c.tmpDir})
	if err != nil {
		return nil, err
	}
	source := opened.(*store)
	convert := c.toPebble
	if c.to == c1zstore.EngineSQLite {
		convert = c.toSQLite
	}
	converted, err := convert(ctx, source, input, staged.file())
	if err := errors.Join(err, source.Discard()); err != nil {
		return nil, err
	}
	if err := staged.publish(output); err != nil {
		if errors.Is(err, os.ErrExist) {
			err = newError(codes.AlreadyExists, "ALREADY_EXISTS", output+": must not exist, but does")
		}
		return nil, err
	}
	converted.Losses = append(before.Losses, converted.Losses...)
	return converted, nil
}

// fromSQLite has the library read the database.
func (c *conversion) fromSQLite(ctx context.Context, input, output string) (*Converted, error) {
	options := registered().openRequest(output, dotc1z.StoreOptions{TmpDir: c.tmpDir})
	request := &apipb.ConvertFileRequest{
		InputPath:             asText(input),
		InputPathBytes:        asBytes(input),
		OutputPath:            options.GetPath(),
		OutputPathBytes:       options.GetPathBytes(),
		UnreadableRows:        c.unreadableRows(),
		TmpDir:                options.GetTmpDir(),
		TmpDirBytes:           options.GetTmpDirBytes(),
		Threads:               options.GetThreads(),
		MemoryBudgetBytes:     options.GetMemoryBudgetBytes(),
		MaxDecodedBytes:       options.GetMaxDecodedBytes(),
		MaxDecoderMemoryBytes: options.GetMaxDecoderMemoryBytes(),
		NoGrantDigests:        options.GetNoGrantDigests(),
	}
	data, err := marshal(request)
	if err != nil {
		return nil, err
	}
	var numbers meter
	var answer buffer
	numbers.during(c.progress, func() { answer, err = callOnFileWith(ctx, convert, data, &numbers) })
	if err != nil {
		return nil, missingFile(err)
	}
	response, err := unmarshal[apipb.ConvertFileResponse](answer)
	if err != nil {
		return nil, err
	}
	converted := &Converted{Losses: lossesOf(response.GetLosses())}
	for _, sync := range response.GetSyncs() {
		converted.Syncs = append(converted.Syncs, convertedSyncOf(sync))
	}
	return converted, nil
}

func (c *conversion) unreadableRows() apipb.UnreadableRows {
	if c.skipUnreadable {
		return apipb.UnreadableRows_UNREADABLE_ROWS_SKIP
	}
	return apipb.UnreadableRows_UNREADABLE_ROWS_FAIL
}

func convertedSyncOf(sync *apipb.ConvertedSync) ConvertedSync {
	return ConvertedSync{
		ID:            sync.GetSyncId(),
		Type:          connectorstore.SyncType(sync.GetSyncType()),
		Ended:         sync.GetEnded(),
		ResourceTypes: convertCountsOf(sync.GetResourceTypes()),
		Resources:     convertCountsOf(sync.GetResources()),
		Entitlements:  convertCountsOf(sync.GetEntitlements()),
		Grants:        convertCountsOf(sync.GetGrants()),
		Assets:        convertCountsOf(sync.GetAssets()),
		SessionValues: convertCountsOf(sync.GetSessionValues()),
	}
}

func lossesOf(list []*apipb.ConvertLoss) []ConvertLoss {
	var losses []ConvertLoss
	for _, loss := range list {
		kind := strings.TrimPrefix(loss.GetKind().String(), "LOSS_KIND_")
		losses = append(losses, ConvertLoss{kind, loss.GetTable(), loss.GetCount(), loss.GetExamples()})
	}
	return losses
}

func convertCountsOf(counts *apipb.ConvertCounts) ConvertCounts {
	return ConvertCounts{counts.GetRows(), counts.GetRecords(), counts.GetMerged(), counts.GetSkipped()}
}
