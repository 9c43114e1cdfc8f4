package c1z_test

import (
	"context"
	"fmt"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/conductorone/baton-sdk/pkg/sourcecache"
	"github.com/stretchr/testify/require"

	c1z "example.com/libc1z/go"
)

// TestFilesOfSQLiteAreWhatTheResultSays converts random files to SQLite, and compares whatever they can be asked.
func TestFilesOfSQLiteAreWhatTheResultSays(t *testing.T) {
	for _, from := range []c1zstore.Engine{c1z.Engine, c1zstore.EnginePebble} {
		for _, seed := range seeds(2) {
			t.Run(fmt.Sprintf("%s, seed %d", from, seed), func(t *testing.T) {
				w := newWorkload(t, seed, false, from)
				w.run(40)
				w.close()
				out, result := convert(t, w.contenders[0].path, c1zstore.EngineSQLite)
				was := map[string]int{"SYNC_ID": 0, "SYNC_TIMES": 0, "DISCOVERED_AT": 0}
				for _, loss := range result.Losses {
					require.Contains(t, was, loss.Kind, "%v", loss)
				}
				last := result.Syncs[len(result.Syncs)-1]
				w.contenders = append(w.contenders, &contender{engine: c1zstore.EngineSQLite, path: out, syncID: last.ID})
				w.open(dotc1z.WithReadOnly(true))
				w.bind()
				w.compare("when converted")
				w.close()
			})
		}
	}
}

// TestAllSyncsBecomeSyncsOfSQLite has parents, tokens, sessions, marks, and what SQLite does not keep.
func TestAllSyncsBecomeSyncsOfSQLite(t *testing.T) {
	require.NoError(t, c1z.Register())
	ctx, path := context.Background(), newPath(t)
	store := openPath(t, path)
	full, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, "")
	require.NoError(t, err)
	require.NoError(t, store.PutResources(sourcecache.WithScope(ctx, "a"), resource("user", "u")))
	require.NoError(t, store.PutAsset(ctx, v2.AssetRef_builder{Id: "icon"}.Build(), "image/png", []byte("png")))
	require.NoError(t, store.PutAsset(ctx, v2.AssetRef_builder{Id: "none"}.Build(), "image/png", nil))
	other := grant("h", "v")
	other.SetId(grant("g", "u").GetId())
	require.NoError(t, store.PutGrants(ctx, grant("g", "u"), other))
	require.NoError(t, store.CheckpointSync(ctx, "done"))
	require.NoError(t, store.SyncMeta().MarkSyncSupportsDiff(ctx, full))
	require.NoError(t, store.EndSync(ctx))
	verified := c1zstore.IngestInvariantVerification{Generation: "1", Coverage: []string{"I5"}, Mode: "connector"}
	require.NoError(t, store.SyncMeta().(c1zstore.IngestInvariantVerificationWriter).MarkIngestInvariantsVerified(ctx, full, verified))
	require.NoError(t, store.(interface {
		PutEntitlementGraphBlob(ctx context.Context, data []byte) error
	}).PutEntitlementGraphBlob(ctx, []byte("graph")))
	var unfinished []string
	for i := range 2 {
		syncID, err := store.StartNewSync(ctx, connectorstore.SyncTypePartial, full)
		require.NoError(t, err)
		require.NoError(t, store.PutGrants(ctx, grant("g", fmt.Sprint("u", i), v2.GrantExpandable_builder{EntitlementIds: []string{"e"}}.Build())))
		require.NoError(t, store.SessionStore().Set(ctx, "page", []byte("7"), session(syncID)))
		require.NoError(t, store.CheckpointSync(ctx, fmt.Sprint("going on ", i)))
		require.NoError(t, store.Close(ctx))
		store = openPath(t, path)
		unfinished = append(unfinished, syncID)
	}
	require.NoError(t, store.Close(ctx))

	out, result := convert(t, path, c1zstore.EngineSQLite)
	runs := runsOfStore(t, out)
	require.Len(t, runs, 3)
	require.Equal(t, []any{connectorstore.SyncTypeFull, "done", true, verified}, []any{
		runs[0].Type, runs[0].SyncToken, runs[0].SupportsDiff, runs[0].IngestInvariantVerification,
	})
	require.NotNil(t, runs[0].EndedAt)
	sqlite, err := dotc1z.NewStore(ctx, out, dotc1z.WithReadOnly(true), dotc1z.WithTmpDir(t.TempDir()))
	require.NoError(t, err)
	defer func() { require.NoError(t, sqlite.Close(ctx)) }()
	for i, run := range runs[1:] {
		require.Nil(t, run.EndedAt)
		require.Equal(t, []any{connectorstore.SyncTypePartial, fmt.Sprint("going on ", i), runs[0].ID}, []any{run.Type, run.SyncToken, run.ParentSyncID})
		require.Equal(t, run.ID, result.Syncs[i+1].ID)
		value, found, err := sqlite.SessionStore().Get(ctx, "page", session(run.ID))
		require.NoError(t, err)
		require.Equal(t, []any{true, "7"}, []any{found, string(value)})
		require.Equal(t, []string{fmt.Sprintf("group:g:member:user:u%d[e] false", i)}, pendingIDs(t, out, run.ID))
	}
	require.NoError(t, sqlite.SetCurrentSync(ctx, runs[0].ID))
	contentType, _, err := sqlite.GetAsset(ctx, v2.AssetServiceGetAssetRequest_builder{Asset: v2.AssetRef_builder{Id: "icon"}.Build()}.Build())
	require.NoError(t, err)
	require.Equal(t, "image/png", contentType)

	counts := map[string]int64{}
	for _, loss := range result.Losses {
		counts[loss.Kind+" "+loss.Table] += loss.Count
	}
	require.Equal(t, map[string]int64{
		"SYNC_ID ": 3, "SYNC_TIMES ": 3, "GRAPH ": 1, "SAME_ID grants": 1, "EMPTY_ASSET assets": 1, "SCOPE resources": 1,
		"DISCOVERED_AT resources": 1, "DISCOVERED_AT grants": 4, "DISCOVERED_AT assets": 2,
	}, counts)
	require.Equal(t, c1z.ConvertCounts{Rows: 2, Records: 1, Merged: 1}, result.Syncs[0].Grants)
	require.NotContains(t, []string{full, unfinished[0], unfinished[1]}, result.Syncs[0].ID)
}
