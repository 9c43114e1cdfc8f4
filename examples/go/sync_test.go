package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/testing/protocmp"

	"example.com/libc1z/go/storetest"
)

var engines = []c1zstore.Engine{c1zstore.EngineSQLite, c1zstore.EnginePebble, rocksdb}

var (
	exampleMachine = options{passwd: "../data/passwd", group: "../data/group"}
	emptyMachine   = options{passwd: os.DevNull, group: os.DevNull}
)

// A small page makes every longer list take several calls.
const pageSize = 7

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must returns the grants of a call that is to succeed.
func must(t *testing.T) func([]*v2.Grant, error) []*v2.Grant {
	return func(list []*v2.Grant, err error) []*v2.Grant {
		t.Helper()
		noError(t, err)
		return list
	}
}

// synced syncs a machine into a new file.
func synced(t *testing.T, machine options, engine c1zstore.Engine, workers int) (path string) {
	t.Helper()
	machine.target = target{path: filepath.Join(t.TempDir(), "out.c1z"), engine: string(engine), workers: workers}
	noError(t, run(t.Context(), machine, t.Output()))
	return machine.path
}

// open opens a synced file for reading, with its one sync bound: some reads ask for the bound sync.
func open(t *testing.T, path string) (store c1zstore.Store, syncID string) {
	t.Helper()
	store, err := dotc1z.NewStore(t.Context(), path, dotc1z.WithReadOnly(true))
	noError(t, err)
	t.Cleanup(func() {
		if err := store.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	latest, err := store.SyncMeta().LatestFullSync(t.Context())
	if err != nil || latest == nil {
		t.Fatalf("latest full sync: %v, %v", latest, err)
	}
	noError(t, store.SetCurrentSync(t.Context(), latest.ID))
	return store, latest.ID
}

func TestEveryEngineReadsBackTheSameRecords(t *testing.T) {
	variants := []struct {
		engine  c1zstore.Engine
		workers int
	}{
		{c1zstore.EngineSQLite, 4},
		{c1zstore.EnginePebble, 1},
		{c1zstore.EnginePebble, 4},
		{rocksdb, 1},
		{rocksdb, 4},
	}
	for name, machine := range map[string]options{"example machine": exampleMachine, "empty machine": emptyMachine} {
		store, syncID := open(t, synced(t, machine, c1zstore.EngineSQLite, 1))
		want := readings(t, store, syncID)
		if failed := want.Failures(); len(failed) != 0 {
			t.Errorf("reads that failed: %v", failed)
		}
		for _, v := range variants {
			t.Run(fmt.Sprintf("%s, %s with %d workers", name, v.engine, v.workers), func(t *testing.T) {
				store, syncID := open(t, synced(t, machine, v.engine, v.workers))
				got := readings(t, store, syncID)
				if diff := storetest.Diff(want, got); diff != "" {
					t.Errorf("reads (-sqlite +%s):\n%s", v.engine, diff)
				}
			})
		}
	}
}

// readings are what the store answers, without what engines and runs may answer differently.
func readings(t *testing.T, store c1zstore.Store, syncID string) storetest.Readings {
	t.Helper()
	all := storetest.Read(t.Context(), store, storetest.Questions{
		SyncID:        syncID,
		PageSize:      pageSize,
		ResourceTypes: []string{"none"},
		Resources:     []*v2.ResourceId{v2.ResourceId_builder{ResourceType: "user", Resource: "none"}.Build()},
		Entitlements: []*v2.Entitlement{v2.Entitlement_builder{Id: "none", Resource: v2.Resource_builder{
			Id: v2.ResourceId_builder{ResourceType: "group", Resource: "none"}.Build(),
		}.Build()}.Build()},
		Grants: []string{"none"},
	})
	return storetest.AcrossEngines(storetest.OfOneSyncer(storetest.OfOneRun(all)))
}

func TestGrantsForResourceTypeAreAPartOfAllGrants(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			store, _ := open(t, synced(t, exampleMachine, engine, 1))
			all := must(t)(storetest.ListGrants(t.Context(), store, nil, pageSize))
			for _, resourceType := range []string{"user", "group", "role", "no such type"} {
				var want []*v2.Grant
				for _, g := range all {
					if storetest.IsGrantForType(engine, g, resourceType) {
						want = append(want, g)
					}
				}
				got := must(t)(storetest.ListGrantsForResourceType(t.Context(), store, resourceType, pageSize))
				if diff := cmp.Diff(storetest.GrantRecords(want), storetest.GrantRecords(got), protocmp.Transform()); diff != "" {
					t.Errorf("grants for %q (-part of all +got):\n%s", resourceType, diff)
				}
			}
		})
	}
}

// Who holds a role, and through what: written by hand from examples/data.
func TestWhoHoldsARoleAndThroughWhat(t *testing.T) {
	const direct, administrator = "itself", "role:administrator:assigned"
	sudo, wheel, docker, lxd, disk := "group:sudo:member", "group:wheel:member", "group:docker:member", "group:lxd:member", "group:disk:member"
	adm, journal := "group:adm:member", "group:systemd-journal:member"
	tests := []struct {
		role string
		want map[string][]string
	}{
		{"administrator", map[string][]string{
			"user/root":          {direct},
			"user/toor":          {direct, wheel},
			"user/grace":         {sudo},
			"user/margaret":      {sudo},
			"user/leslie":        {sudo, wheel, docker},
			"user/zoë":           {sudo},
			"user/hedy":          {sudo},
			"user/postgres":      {sudo},
			"user/ken":           {wheel},
			"user/gitlab-runner": {docker},
			"user/radia":         {docker, lxd},
			"user/denise":        {docker},
			"user/björn":         {docker},
			"user/anja":          {lxd},
			"user/backup":        {disk},
			"group/sudo":         {direct},
			"group/wheel":        {direct},
			"group/docker":       {direct},
			"group/lxd":          {direct},
			"group/disk":         {direct},
		}},
		{"log-reader", map[string][]string{
			"user/grace":            {adm, administrator},
			"user/dana":             {adm, journal},
			"user/olga":             {adm},
			"user/radia":            {journal, administrator},
			"user/josé":             {journal},
			"user/root":             {administrator},
			"user/toor":             {administrator},
			"user/margaret":         {administrator},
			"user/leslie":           {administrator},
			"user/zoë":              {administrator},
			"user/hedy":             {administrator},
			"user/postgres":         {administrator},
			"user/ken":              {administrator},
			"user/gitlab-runner":    {administrator},
			"user/denise":           {administrator},
			"user/björn":            {administrator},
			"user/anja":             {administrator},
			"user/backup":           {administrator},
			"group/adm":             {direct},
			"group/systemd-journal": {direct},
			"role/administrator":    {direct},
		}},
	}
	for _, engine := range engines {
		store, _ := open(t, synced(t, exampleMachine, engine, 1))
		for _, tt := range tests {
			t.Run(string(engine)+" "+tt.role, func(t *testing.T) {
				got := holders(t, store, "role:"+tt.role+":assigned", direct)
				if diff := cmp.Diff(tt.want, got, cmpopts.SortSlices(strings.Compare)); diff != "" {
					t.Errorf("holders (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// holders maps the principals of an entitlement to what they hold it through; direct stands for the grant itself.
func holders(t *testing.T, store c1zstore.Store, entitlementID, direct string) map[string][]string {
	t.Helper()
	response, err := store.GetEntitlement(t.Context(), reader_v2.EntitlementsReaderServiceGetEntitlementRequest_builder{
		EntitlementId: entitlementID,
	}.Build())
	noError(t, err)
	through := map[string][]string{}
	for _, g := range must(t)(storetest.ListGrantsForEntitlement(t.Context(), store, response.GetEntitlement(), pageSize)) {
		principal := g.GetPrincipal().GetId().GetResourceType() + "/" + g.GetPrincipal().GetId().GetResource()
		sources := g.GetSources().GetSources()
		if len(sources) == 0 {
			through[principal] = []string{direct}
		}
		for source := range sources {
			if source == entitlementID {
				source = direct
			}
			through[principal] = append(through[principal], source)
		}
	}
	return through
}
