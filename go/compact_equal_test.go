package c1z_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/synccompactor"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/anypb"

	c1z "example.com/libc1z/go"
	"example.com/libc1z/go/storetest"
)

// compactor is one of those that are given the same inputs, each in files of its engine.
type compactor struct {
	name   string
	engine c1zstore.Engine
	mode   synccompactor.PebbleCompactorMode
	// same leaves of readings what this compactor's results and ours have to answer alike.
	same func(storetest.Readings) storetest.Readings
}

// The SDK's compactors. Of records of one time fold keeps the base's, unlike the others.
var (
	overlay  = compactor{"overlay", c1zstore.EnginePebble, synccompactor.PebbleCompactorModeOverlay, ofPebble}
	kway     = compactor{"kway", c1zstore.EnginePebble, synccompactor.PebbleCompactorModeKWay, ofPebble}
	fold     = compactor{"fold", c1zstore.EnginePebble, synccompactor.PebbleCompactorModeFold, ofPebble}
	attached = compactor{"attached", c1zstore.EngineSQLite, synccompactor.PebbleCompactorModeAuto, ofSQLite}
)

func ofPebble(r storetest.Readings) storetest.Readings {
	return storetest.AcrossCompactors(storetest.AcrossKeyed(r))
}

func ofSQLite(r storetest.Readings) storetest.Readings {
	return storetest.OfRecords(storetest.AcrossEngines(r))
}

// TestCompactMakesWhatTheSDKsCompactorsMake gives all of them the same random families of inputs, and compares whatever a
// store can be asked about the results.
func TestCompactMakesWhatTheSDKsCompactorsMake(t *testing.T) {
	for name, shape := range shapes {
		for _, seed := range seeds(1) {
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				t.Parallel()
				made := newFamily(rand.New(rand.NewPCG(seed, uint64(len(name)))), shape)
				expansions := []bool{false}
				if shape.expanded {
					expansions = append(expansions, true)
				}
				ours := made.write(t, c1z.Engine)
				want := map[bool]compacted{}
				for _, expand := range expansions {
					want[expand] = compactOurs(t, ours, expand)
				}
				if shape.expanded && shape.base == connectorstore.SyncTypeFull && shape.inBase > 0 {
					require.Greater(t, len(want[true].grants()), len(want[false].grants()), "nothing was derived")
				}
				theirs := map[c1zstore.Engine][]*synccompactor.CompactableSync{}
				for _, other := range []compactor{overlay, kway, fold, attached} {
					if other.engine == c1zstore.EngineSQLite && shape.partials > 10 {
						continue // Writing the inputs takes long.
					}
					if theirs[other.engine] == nil {
						theirs[other.engine] = made.write(t, other.engine)
					}
					for _, expand := range expansions {
						got := other.compact(t, theirs[other.engine], expand)
						requireAlike(t, fmt.Sprintf("%s, expanded: %v", other.name, expand), other, got, want[expand])
					}
				}
			})
		}
	}
}

// shape says what a family's inputs have in common.
type shape struct {
	partials int
	base     connectorstore.SyncType
	// of a hundred records in the base, and in each partial.
	inBase, inPartial int
	// holds says whether an input holds a record at all.
	holds func(input, record int) bool
	// sameContent makes all versions of a record alike.
	sameContent bool
	// shuffled writes inputs in another order than they are merged in, so that the oldest may be the newest.
	shuffled bool
	// older syncs come before that of each file, and an unfinished one behind it.
	severalSyncs bool
	// expanded expands grants, too.
	expanded bool
}

var shapes = map[string]shape{
	"a small partial":      {partials: 1, base: connectorstore.SyncTypeFull, inBase: 100, inPartial: 4},
	"small partials":       {partials: 5, base: connectorstore.SyncTypeFull, inBase: 100, inPartial: 2, expanded: true},
	"as many as the base":  {partials: 3, base: connectorstore.SyncTypeFull, inBase: 60, inPartial: 60, expanded: true},
	"nothing new":          {partials: 2, base: connectorstore.SyncTypeFull, inBase: 50, inPartial: 0},
	"an empty base":        {partials: 2, base: connectorstore.SyncTypeFull, inBase: 0, inPartial: 50},
	"nothing at all":       {partials: 2, base: connectorstore.SyncTypeFull, expanded: true},
	"partials alone":       {partials: 3, base: connectorstore.SyncTypePartial, inBase: 50, inPartial: 30, expanded: true},
	"resources":            {partials: 2, base: connectorstore.SyncTypeResourcesOnly, inBase: 50, inPartial: 30, expanded: true},
	"identical":            {partials: 3, base: connectorstore.SyncTypeFull, inBase: 100, inPartial: 100, sameContent: true},
	"all in conflict":      {partials: 3, base: connectorstore.SyncTypeFull, inBase: 100, inPartial: 100, expanded: true},
	"in another order":     {partials: 4, base: connectorstore.SyncTypeFull, inBase: 70, inPartial: 40, shuffled: true},
	"small, other order":   {partials: 4, base: connectorstore.SyncTypeFull, inBase: 100, inPartial: 3, shuffled: true},
	"several syncs a file": {partials: 3, base: connectorstore.SyncTypeFull, inBase: 60, inPartial: 30, severalSyncs: true},
	"fifty partials":       {partials: 50, base: connectorstore.SyncTypeFull, inBase: 80, inPartial: 5},
	"disjoint": {
		partials: 3, base: connectorstore.SyncTypeFull, inBase: 100, inPartial: 100,
		holds: func(input, record int) bool { return record%4 == input },
	},
}

// family is inputs of a merge, in the order of merging.
type family struct {
	inputs []familyInput
	// writing is the order in which they are written: the later, the newer are their records.
	writing []int
}

type familyInput struct {
	syncs      []familySync // that have ended
	unfinished *familySync
}

type familySync struct {
	syncType connectorstore.SyncType
	organisation
}

// organisation is records of a sync: users and groups, with users and groups in them.
type organisation struct {
	types        []*v2.ResourceType
	resources    []*v2.Resource
	entitlements []*v2.Entitlement
	grants       []*v2.Grant
}

func (o organisation) put(t *testing.T, store c1zstore.Store) {
	t.Helper()
	ctx := context.Background()
	require.NoError(t, store.PutResourceTypes(ctx, o.types...))
	require.NoError(t, store.PutResources(ctx, o.resources...))
	require.NoError(t, store.PutEntitlements(ctx, o.entitlements...))
	require.NoError(t, store.PutGrants(ctx, o.grants...))
}

func newFamily(random *rand.Rand, shape shape) family {
	var made family
	version := 0
	next := func(input int) familySync {
		version++
		syncType, share := connectorstore.SyncTypePartial, shape.inPartial
		if input == 0 {
			syncType, share = shape.base, shape.inBase
		}
		content := version
		if shape.sameContent {
			content = 0
		}
		holds := func(record int) bool {
			return random.IntN(100) < share && (shape.holds == nil || shape.holds(input, record))
		}
		return familySync{syncType: syncType, organisation: versionOf(content, holds)}
	}
	for input := range 1 + shape.partials {
		var of familyInput
		if shape.severalSyncs {
			of.syncs = append(of.syncs, next(input))
		}
		of.syncs = append(of.syncs, next(input))
		if shape.severalSyncs {
			unfinished := next(input)
			of.unfinished = &unfinished
		}
		made.inputs = append(made.inputs, of)
		made.writing = append(made.writing, input)
	}
	if shape.shuffled {
		random.Shuffle(len(made.writing), func(i, j int) {
			made.writing[i], made.writing[j] = made.writing[j], made.writing[i]
		})
	}
	return made
}

// versionOf is one version of those records of an organisation that are held. What is not the same in all versions tells
// which one a record is of.
func versionOf(version int, holds func(record int) bool) organisation {
	const users, groups = 40, 10
	var made organisation
	record := 0
	held := func() bool { record++; return holds(record) }
	for _, id := range []string{"user", "group", "none"} {
		if held() {
			one := resourceType(id)
			one.SetDisplayName(fmt.Sprint("Type of version ", version))
			made.types = append(made.types, one)
		}
	}
	named := func(resourceTypeID, id string) {
		if held() {
			one := resource(resourceTypeID, id)
			one.SetDisplayName(fmt.Sprint("Resource of version ", version))
			if version%3 == 1 {
				one.SetParentResourceId(resourceID("group", "g0"))
			}
			made.resources = append(made.resources, one)
		}
	}
	for user := range users {
		named("user", fmt.Sprint("u", user))
	}
	for group := range groups {
		named("group", fmt.Sprint("g", group))
	}
	for group := range groups {
		if held() {
			one := entitlement(fmt.Sprint("g", group), "member")
			one.SetDisplayName(fmt.Sprint("Entitlement of version ", version))
			made.entitlements = append(made.entitlements, one)
		}
	}
	for group := range groups {
		for user := range users {
			if (user*7+group*3)%4 == 0 && held() {
				made.grants = append(made.grants, grant(fmt.Sprint("g", group), fmt.Sprint("u", user), sourceOf(version)))
			}
		}
	}
	for group := 1; group < groups; group++ {
		if held() {
			made.grants = append(made.grants, nested(fmt.Sprint("g", (group-1)/2), fmt.Sprint("g", group), version))
		}
	}
	return made
}

func sourceOf(version int) *v2.GrantImmutable {
	return v2.GrantImmutable_builder{SourceId: fmt.Sprint("version ", version)}.Build()
}

// nested puts a group into another with all its members, but in every fifth version without them.
func nested(group, member string, version int) *v2.Grant {
	one := grant(group, "", sourceOf(version))
	one.SetPrincipal(resource("group", member))
	one.SetId(one.GetEntitlement().GetId() + ":group:" + member)
	if version%5 != 2 {
		packed, err := anypb.New(v2.GrantExpandable_builder{
			EntitlementIds: []string{entitlement(member, "member").GetId()}, Shallow: version%2 == 1, ResourceTypeIds: []string{"user"},
		}.Build())
		if err != nil {
			panic(err)
		}
		one.SetAnnotations(append(one.GetAnnotations(), packed))
	}
	return one
}

// write writes the inputs into files of an engine.
func (f family) write(t *testing.T, engine c1zstore.Engine) []*synccompactor.CompactableSync {
	t.Helper()
	return f.writeInto(t, engine)
}

// writeInto writes the inputs into files of several engines, which take turns.
func (f family) writeInto(t *testing.T, engines ...c1zstore.Engine) []*synccompactor.CompactableSync {
	t.Helper()
	require.NoError(t, c1z.Register())
	ctx, folder := context.Background(), t.TempDir()
	files := make([]*synccompactor.CompactableSync, len(f.inputs))
	for _, i := range f.writing {
		engine := engines[i%len(engines)]
		path := filepath.Join(folder, fmt.Sprintf("%s-%d.c1z", engine, i))
		options := []dotc1z.C1ZOption{dotc1z.WithEngine(engine), dotc1z.WithTmpDir(folder)}
		if engine == c1zstore.EngineSQLite { // It would synchronise the disk some forty times a file.
			options = append(options, dotc1z.WithPragma("journal_mode", "OFF"), dotc1z.WithPragma("synchronous", "OFF"))
		}
		store, err := dotc1z.NewStore(ctx, path, options...)
		require.NoError(t, err)
		syncs := f.inputs[i].syncs
		if engine == c1zstore.EnginePebble { // It keeps one a file.
			syncs = syncs[len(syncs)-1:]
		}
		var syncID string
		for _, sync := range syncs {
			syncID = startIn(t, store, sync)
			require.NoError(t, store.EndSync(ctx))
		}
		if unfinished := f.inputs[i].unfinished; unfinished != nil && engine != c1zstore.EnginePebble {
			startIn(t, store, *unfinished)
		}
		require.NoError(t, store.Close(ctx))
		files[i] = &synccompactor.CompactableSync{FilePath: path, SyncID: syncID}
	}
	return files
}

func startIn(t *testing.T, store c1zstore.Store, sync familySync) string {
	t.Helper()
	ctx := context.Background()
	syncID, err := store.StartNewSync(ctx, sync.syncType, "")
	require.NoError(t, err)
	sync.put(t, store)
	return syncID
}

// compacted is a result, and what it answers.
type compacted struct {
	*synccompactor.CompactableSync
	readings storetest.Readings
}

func compactOurs(t *testing.T, inputs []*synccompactor.CompactableSync, expand bool) compacted {
	t.Helper()
	options := []c1z.CompactOption{c1z.WithTmpDir(t.TempDir())}
	if !expand {
		options = append(options, c1z.WithSkipGrantExpansion())
	}
	return readCompacted(t, c1z.Engine, unchanged(t, inputs, func(output string) (*synccompactor.CompactableSync, error) {
		return c1z.Compact(context.Background(), output, inputs, options...)
	}))
}

func (c compacted) grants() []*v2.Grant {
	list, _ := c.readings["ListGrants"].([]*v2.Grant)
	return list
}

// compact is the SDK's.
func (c compactor) compact(t *testing.T, inputs []*synccompactor.CompactableSync, expand bool) compacted {
	t.Helper()
	options := []synccompactor.Option{synccompactor.WithTmpDir(t.TempDir()), synccompactor.WithPebbleCompactorMode(c.mode)}
	if !expand {
		options = append(options, synccompactor.WithSkipGrantExpansion())
	}
	return readCompacted(t, c.engine, unchanged(t, inputs, func(output string) (*synccompactor.CompactableSync, error) {
		compactor, cleanup, err := synccompactor.NewCompactor(context.Background(), output, inputs, options...)
		require.NoError(t, err)
		defer func() { require.NoError(t, cleanup()) }()
		return compactor.Compact(context.Background())
	}))
}

// unchanged runs a compaction that has to leave its inputs as they are, and one file in its folder.
func unchanged(
	t *testing.T, inputs []*synccompactor.CompactableSync, compact func(output string) (*synccompactor.CompactableSync, error),
) *synccompactor.CompactableSync {
	t.Helper()
	before := contents(t, inputs)
	output := t.TempDir()
	result, err := compact(output)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(output, "compacted-"+result.SyncID+".c1z"), result.FilePath)
	entries, err := os.ReadDir(output)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.True(t, slices.Equal(before, contents(t, inputs)), "inputs have changed")
	return result
}

func contents(t *testing.T, files []*synccompactor.CompactableSync) []string {
	t.Helper()
	var list []string
	for _, file := range files {
		data, err := os.ReadFile(file.FilePath)
		require.NoError(t, err)
		list = append(list, string(data))
	}
	return list
}

// readCompacted asks a result everything.
func readCompacted(t *testing.T, engine c1zstore.Engine, result *synccompactor.CompactableSync) compacted {
	t.Helper()
	store := openPath(t, result.FilePath, dotc1z.WithEngine(engine), dotc1z.WithReadOnly(true))
	readings := storetest.Read(context.Background(), store, storetest.Questions{SyncID: result.SyncID, PageSize: 100})
	require.NoError(t, store.Close(context.Background()))
	if engine == c1z.Engine {
		require.Empty(t, verified(t, result.FilePath).Faults)
	}
	return compacted{result, readings}
}

// requireAlike holds results to the same records, indexes, statistics and types. Their tokens say how each was merged.
func requireAlike(t *testing.T, which string, other compactor, theirs, ours compacted) {
	t.Helper()
	plain := func(of compacted) storetest.Readings {
		return storetest.OfOneRun(storetest.OfOneSyncer(storetest.OfOneSync(other.same(of.readings), of.SyncID)))
	}
	if diff := storetest.Diff(plain(theirs), plain(ours)); diff != "" {
		t.Errorf("reads of %s (-theirs +ours):\n%.5000s", which, diff)
	}
}

// TestInputsOfEveryEngineAreCompactedAlike writes families into files of several engines, which take turns. Those of the SDK's
// engines its own compactor merges too.
func TestInputsOfEveryEngineAreCompactedAlike(t *testing.T) {
	for _, name := range []string{"small partials", "all in conflict", "small, other order", "several syncs a file", "partials alone"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shape := shapes[name]
			made := newFamily(rand.New(rand.NewPCG(1, uint64(len(name)))), shape)
			ours := made.write(t, c1z.Engine)
			theirs := made.writeInto(t, c1zstore.EnginePebble, c1zstore.EngineSQLite)
			mixed := made.writeInto(t, c1zstore.EnginePebble, c1z.Engine, c1zstore.EngineSQLite)
			for _, expand := range []bool{false, true} {
				if expand && !shape.expanded {
					continue
				}
				want := compactOurs(t, ours, expand)
				requireAlike(t, "inputs of every engine", attached, compactOurs(t, mixed, expand), want)
				got := compactOurs(t, theirs, expand)
				requireAlike(t, "inputs of the SDK's engines", overlay, overlay.compact(t, theirs, expand), got)
			}
		})
	}
}
