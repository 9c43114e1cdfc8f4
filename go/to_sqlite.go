package c1z

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	v3 "github.com/conductorone/baton-sdk/pb/c1/storage/v3"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"example.com/libc1z/go/internal/apipb"
)

// How many records go into SQLite at a time.
const sqliteBatch = 1000

// sqliteTarget is a file of the SDK's SQLite engine that syncs are written into, by the calls of a syncer.
type sqliteTarget struct {
	c1zstore.Store
	conversion *conversion
	source     *store
	losses     lossList
	// New ids of syncs by those that they had.
	ids   map[string]string
	done  uint64
	total uint64
}

// unbinds is what a store of SQLite has to leave a sync as it is, unfinished, and start another.
type unbinds interface {
	SetSyncID(ctx context.Context, syncID string) error
}

// toSQLite makes a file of the SDK's SQLite engine of all syncs of a store.
func (c *conversion) toSQLite(ctx context.Context, source *store, input, output string) (*Converted, error) {
	syncs, err := source.storedSyncs(ctx, input)
	if err != nil {
		return nil, err
	}
	opened, err := dotc1z.NewStore(ctx, output, dotc1z.WithEngine(c1zstore.EngineSQLite), dotc1z.WithTmpDir(c.tmpDir),
		// Nobody reads what a crash leaves of it.
		dotc1z.WithPragma("journal_mode", "OFF"), dotc1z.WithPragma("synchronous", "OFF"))
	if err != nil {
		return nil, err
	}
	target := &sqliteTarget{Store: opened, conversion: c, source: source, ids: map[string]string{}}
	for _, sync := range syncs {
		target.total += recordsOf(sync.stats)
	}
	converted := &Converted{}
	for _, sync := range syncs {
		made, known, copyErr := target.copySync(ctx, sync)
		if err = copyErr; err != nil {
			break
		}
		if known {
			converted.Syncs = append(converted.Syncs, made)
		}
	}
	// Closing saves. What is saved after an error is in a folder that goes.
	if err := errors.Join(err, opened.Close(context.WithoutCancel(ctx))); err != nil {
		return nil, endedBy(ctx, err)
	}
	converted.Losses = target.losses.list
	return converted, nil
}

// copySync copies one sync; false for one of a type that SQLite does not start.
func (t *sqliteTarget) copySync(ctx context.Context, sync storedSync) (ConvertedSync, bool, error) {
	made := ConvertedSync{Type: typeOf(sync.run), Ended: sync.run.GetEndedAt() != nil}
	was := sync.run.GetSyncId()
	if made.Type == connectorstore.SyncTypeAny {
		t.losses.add(lostSync, "", 1, fmt.Sprintf("%s: of type %s", was, sync.run.GetType()))
		return made, false, nil
	}
	parent := sync.run.GetParentSyncId()
	if id, renamed := t.ids[parent]; renamed {
		parent = id
	}
	if parent != "" && made.Type != connectorstore.SyncTypePartial {
		t.losses.add(lostParent, "", 1, fmt.Sprintf("%s: parent %s", was, sync.run.GetParentSyncId()))
		parent = ""
	}
	id, err := t.StartNewSync(ctx, made.Type, parent)
	if err != nil {
		return made, false, err
	}
	made.ID, t.ids[was] = id, id
	if err := t.noteLosses(ctx, sync, id); err != nil {
		return made, false, err
	}
	if err := t.copyRecords(ctx, was, &made); err != nil {
		return made, false, err
	}
	values, err := copySession(ctx, t.source.SessionStore(), was, t.SessionStore(), id)
	if err != nil {
		return made, false, err
	}
	made.SessionValues = ConvertCounts{Rows: values, Records: values}
	return made, true, t.finish(ctx, sync.run, &made)
}

// finish gives the sync what comes after its records, and says how many of them there are.
func (t *sqliteTarget) finish(ctx context.Context, run *v3.SyncRunRecord, made *ConvertedSync) error {
	if err := t.CheckpointSync(ctx, run.GetSyncToken()); err != nil {
		return err
	}
	if run.GetSupportsDiff() {
		if err := t.SyncMeta().MarkSyncSupportsDiff(ctx, made.ID); err != nil {
			return err
		}
	}
	if made.Ended {
		if err := t.EndSync(ctx); err != nil {
			return err
		}
		if err := t.verify(ctx, run, made.ID); err != nil {
			return err
		}
	} else if err := t.unbind(ctx); err != nil {
		return err
	}
	stats, err := t.SyncMeta().StatsV2(ctx, connectorstore.SyncTypeAny, made.ID)
	if err != nil {
		return err
	}
	resources, err := t.countResources(ctx, made.ID)
	if err != nil {
		return err
	}
	for _, of := range []struct {
		counts  *ConvertCounts
		records int64
		table   string
	}{
		{&made.ResourceTypes, stats.GetResourceTypes(), "resource_types"},
		{&made.Resources, resources, "resources"},
		{&made.Entitlements, stats.GetEntitlements(), "entitlements"},
		{&made.Grants, stats.GetGrants(), "grants"},
	} {
		of.counts.Records = of.records
		of.counts.Merged = of.counts.Rows - of.records
		t.losses.add(lostSameID, of.table, of.counts.Merged, fmt.Sprintf("%s: %d records", made.ID, of.counts.Merged))
	}
	made.Assets.Records = made.Assets.Rows
	return nil
}

// countResources counts the rows. SDK: statistics of SQLite leave out those of types that have no row.
func (t *sqliteTarget) countResources(ctx context.Context, syncID string) (int64, error) {
	reader, streams := t.Store.(connectorstore.StreamingReader)
	if !streams {
		return 0, newError(codes.Internal, "INTERNAL", fmt.Sprintf("%T lists no resources", t.Store))
	}
	var count int64
	for _, err := range reader.StreamResources(ctx, syncID, connectorstore.StreamResourcesOptions{}) {
		if err != nil {
			return 0, err
		}
		count++
	}
	return count, nil
}

// verify carries over that the sync passed its checks.
func (t *sqliteTarget) verify(ctx context.Context, run *v3.SyncRunRecord, id string) error {
	verified := c1zstore.IngestInvariantVerification{
		Generation: run.GetIngestInvariantGeneration(),
		Coverage:   run.GetIngestInvariantCoverage(),
		Mode:       c1zstore.IngestInvariantVerificationMode(run.GetIngestInvariantMode()),
	}
	writer, writes := t.SyncMeta().(c1zstore.IngestInvariantVerificationWriter)
	if !verified.IsVerified() || !writes {
		return nil
	}
	return writer.MarkIngestInvariantsVerified(ctx, id, verified)
}

func (t *sqliteTarget) unbind(ctx context.Context) error {
	store, unbinds := t.Store.(unbinds)
	if !unbinds {
		return newError(codes.Internal, "INTERNAL", fmt.Sprintf("%T is no store of the SDK's SQLite engine", t.Store))
	}
	return store.SetSyncID(ctx, "")
}

// copyRecords copies the records of a sync as a connector would put them.
func (t *sqliteTarget) copyRecords(ctx context.Context, syncID string, made *ConvertedSync) error {
	if err := t.copyResourceTypes(ctx, syncID, &made.ResourceTypes); err != nil {
		return err
	}
	resources := t.source.StreamResources(ctx, syncID, connectorstore.StreamResourcesOptions{})
	if err := inBatches(t, resources, &made.Resources, func(batch []*v2.Resource) error { return t.PutResources(ctx, batch...) }); err != nil {
		return err
	}
	entitlements := t.source.StreamEntitlements(ctx, syncID)
	if err := inBatches(t, entitlements, &made.Entitlements, func(batch []*v2.Entitlement) error {
		return t.PutEntitlements(ctx, batch...)
	}); err != nil {
		return err
	}
	grants := t.source.StreamGrants(ctx, syncID, connectorstore.StreamGrantsOptions{})
	if err := inBatches(t, grants, &made.Grants, func(batch []*v2.Grant) error { return t.PutGrants(ctx, batch...) }); err != nil {
		return err
	}
	return t.source.storedRecords(ctx, syncID, assetKind, func(records [][]byte) error {
		for _, record := range records {
			asset := &v3.AssetRecord{}
			if err := proto.Unmarshal(record, asset); err != nil {
				return unreadable(err)
			}
			made.Assets.Rows++
			t.copied(1)
			if len(asset.GetData()) == 0 {
				// SDK: SQLite passes over what is empty.
				t.losses.add(lostEmptyAsset, "assets", 1, asset.GetExternalId())
				continue
			}
			ref := v2.AssetRef_builder{Id: asset.GetExternalId()}.Build()
			if err := t.PutAsset(ctx, ref, asset.GetContentType(), asset.GetData()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *sqliteTarget) copyResourceTypes(ctx context.Context, syncID string, counts *ConvertCounts) error {
	for token := ""; ; {
		page, err := t.source.ListResourceTypes(ctx, v2.ResourceTypesServiceListResourceTypesRequest_builder{
			ActiveSyncId: syncID, PageToken: token,
		}.Build())
		if err != nil {
			return err
		}
		if err := inBatches(t, listed(page.GetList()), counts, func(batch []*v2.ResourceType) error {
			return t.PutResourceTypes(ctx, batch...)
		}); err != nil {
			return err
		}
		if token = page.GetNextPageToken(); token == "" {
			return nil
		}
	}
}

func (t *sqliteTarget) copied(records int) {
	t.done += uint64(records)
	t.conversion.progress(t.done, max(t.done, t.total))
}

func listed[Row any](list []*Row) iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		for _, row := range list {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// inBatches puts what rows yields, so many at a time.
func inBatches[Row any](t *sqliteTarget, rows iter.Seq2[*Row, error], counts *ConvertCounts, put func(batch []*Row) error) error {
	var batch []*Row
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		counts.Rows += int64(len(batch))
		t.copied(len(batch))
		defer func() { batch = batch[:0] }()
		return put(batch)
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if batch = append(batch, row); len(batch) == sqliteBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// noteLosses notes what of a sync SQLite has no place for, or stamps itself.
func (t *sqliteTarget) noteLosses(ctx context.Context, sync storedSync, id string) error {
	was := sync.run.GetSyncId()
	t.losses.add(lostSyncID, "", 1, fmt.Sprintf("%s is %s", was, id))
	t.losses.add(lostTimes, "", 1, was)
	if sync.run.GetCompacted() {
		t.losses.add(lostCompacted, "", 1, was)
	}
	graph, err := call[apipb.GetEntitlementGraphResponse](ctx, t.source.native, getEntitlementGraph, &apipb.GetEntitlementGraphRequest{SyncId: was})
	if err != nil {
		return err
	}
	if graph.Graph != nil {
		t.losses.add(lostGraph, "", 1, was)
	}
	if err := t.source.notCarried(ctx, was, &t.losses); err != nil {
		return err
	}
	for _, of := range recordFields {
		var discovered, scoped, settled int64
		if err := t.source.storedRecords(ctx, was, of.kind, func(records [][]byte) error {
			for _, record := range records {
				has, err := fieldNumbers(record)
				if err != nil {
					return err
				}
				discovered += count(slices.Contains(has, of.discoveredAt))
				scoped += count(of.scope != 0 && slices.Contains(has, of.scope))
				settled += count(of.kind == grantKind && slices.Contains(has, grantExpansion) && !slices.Contains(has, grantNeedsExpansion))
			}
			return nil
		}); err != nil {
			return err
		}
		t.losses.add(lostDiscovery, of.table, discovered, fmt.Sprintf("%s: %d records", was, discovered))
		t.losses.add(lostScope, of.table, scoped, fmt.Sprintf("%s: %d records", was, scoped))
		t.losses.add(lostNotPending, of.table, settled, fmt.Sprintf("%s: %d grants", was, settled))
	}
	return nil
}

// Fields of a c1.storage.v3.GrantRecord: what it expands, and whether that is pending.
const (
	grantExpansion      = 6
	grantNeedsExpansion = 7
)

// recordFields says where records of a kind have the time of their discovery and their scope, if any.
var recordFields = []struct {
	kind                apipb.RecordKind
	table               string
	discoveredAt, scope protowire.Number
}{
	{resourceTypeKind, "resource_types", 6, 0},
	{resourceKind, "resources", 8, 12},
	{entitlementKind, "entitlements", 8, 11},
	{grantKind, "grants", 5, 10},
	{assetKind, "assets", 5, 0},
}

// fieldNumbers are the numbers of the fields that a message has.
func fieldNumbers(message []byte) ([]protowire.Number, error) {
	var numbers []protowire.Number
	for len(message) > 0 {
		number, _, length := protowire.ConsumeField(message)
		if length < 0 {
			return nil, unreadable(protowire.ParseError(length))
		}
		numbers = append(numbers, number)
		message = message[length:]
	}
	return numbers, nil
}

func count(holds bool) int64 {
	if holds {
		return 1
	}
	return 0
}
