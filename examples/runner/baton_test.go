package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	batonv1 "github.com/conductorone/baton-sdk/pb/baton/v1"
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	c1z "example.com/libc1z/go"
	"example.com/libc1z/go/storetest"
)

// buildBaton builds the SDK's command, once for all tests.
var buildBaton = sync.OnceValues(func() (binary string, err error) {
	target := cmp.Or(os.Getenv("CARGO_TARGET_DIR"), "../../target/make")
	binary, err = filepath.Abs(filepath.Join(target, "baton-for-tests"))
	if err != nil {
		return "", err
	}
	if output, err := exec.Command("../../scripts/baton.sh", binary).CombinedOutput(); err != nil {
		return "", fmt.Errorf("scripts/baton.sh: %w\n%s", err, output)
	}
	return binary, nil
})

// baton runs the SDK's command on the file at path. An exit status other than zero fails the test.
func baton(t *testing.T, path string, arguments ...string) (stdout string) {
	t.Helper()
	stdout, stderr, status := tried(t, path, arguments...)
	if status != 0 {
		t.Fatalf("baton %s: exit status %d\n%s", arguments, status, stderr)
	}
	return stdout
}

func tried(t *testing.T, path string, arguments ...string) (stdout, stderr string, status int) {
	t.Helper()
	binary, err := buildBaton()
	noError(t, err)
	return started(t, binary, append(arguments, "-f", path)...)
}

// message is what the command prints as JSON.
func message[M proto.Message](t *testing.T, into M, output string) M {
	t.Helper()
	noError(t, protojson.Unmarshal([]byte(output), into))
	return into
}

// sorted are the lines of a text in one order, for what the command shows in the order of a map.
func sorted(text string) []string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return lines
}

func sameText(t *testing.T, pebble, ours string) {
	t.Helper()
	if pebble != ours {
		t.Errorf("printed (-pebble +rocksdb):\n%s", gocmp.Diff(strings.Split(pebble, ","), strings.Split(ours, ",")))
	}
}

// What is printed when the command looks into a file with one sync of the example machine.
var looks = [][]string{
	{"resource-types"},
	{"resources"},
	{"resources", "-t", "group"},
	{"entitlements"},
	{"entitlements", "-t", "role"},
	{"grants"},
	{"grants", "-e", "group:sudo:member"},
	{"grants", "-t", "role", "-r", "log-reader"},
	{"grants", "-t", "user"},
	{"principals"},
	{"principals", "-e", "group:sudo:member"},
}

func TestBatonPrintsOfAFileWhatItPrintsOfPebbles(t *testing.T) {
	pebble, ours := synced(t, "--storage-engine", "pebble"), synced(t)
	for _, arguments := range looks {
		t.Run(strings.Join(arguments, " "), func(t *testing.T) {
			arguments = append(arguments, "-o", "json")
			sameText(t, baton(t, pebble, arguments...), baton(t, ours, arguments...))
		})
	}
	t.Run("as tables", func(t *testing.T) {
		sameText(t, baton(t, pebble, "grants"), baton(t, ours, "grants"))
	})
	t.Run("access", func(t *testing.T) {
		want, got := access(t, pebble, "leslie"), access(t, ours, "leslie")
		if diff := gocmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("access (-pebble +rocksdb):\n%s", diff)
		}
		if len(got.GetAccess()) < 5 {
			t.Errorf("access to %d resources only", len(got.GetAccess()))
		}
	})
	t.Run("stats", func(t *testing.T) {
		want, got := stats(t, pebble), stats(t, ours)
		if diff := gocmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("statistics (-pebble +rocksdb):\n%s", diff)
		}
	})
	t.Run("export csv", func(t *testing.T) {
		want, got := exported(t, pebble), exported(t, ours)
		if diff := gocmp.Diff(sorted(want), sorted(got)); diff != "" {
			t.Errorf("lines (-pebble +rocksdb):\n%s", diff)
		}
		if !strings.Contains(got, "group:sudo:member") {
			t.Errorf("nothing of the machine is exported:\n%s", got)
		}
	})
}

// access is what a user has, with the resources in one order.
func access(t *testing.T, path, user string) *batonv1.ResourceAccessListOutput {
	t.Helper()
	list := message(t, &batonv1.ResourceAccessListOutput{}, baton(t, path, "access", "-t", "user", "-r", user, "-o", "json"))
	slices.SortFunc(list.GetAccess(), func(a, b *batonv1.ResourceAccessOutput) int {
		return strings.Compare(storetest.ResourceKey(a.GetResource().GetId()), storetest.ResourceKey(b.GetResource().GetId()))
	})
	return list
}

// stats are the statistics of a file's sync, without how long its steps took, which Pebble's alone tell.
func stats(t *testing.T, path string) *reader_v2.SyncStats {
	t.Helper()
	run := message(t, &reader_v2.SyncRun{}, baton(t, path, "stats", "-o", "json"))
	alone := storetest.AcrossCompactors(storetest.Readings{"": run.GetStats()})
	return alone[""].(*reader_v2.SyncStats)
}

func exported(t *testing.T, path string) (csv string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.csv")
	baton(t, path, "export", "csv", "--out", out)
	text, err := os.ReadFile(out)
	noError(t, err)
	return string(text)
}

func TestBatonComparesTheSyncsOfAFileAsSQLites(t *testing.T) {
	changed := t.TempDir()
	rewrite(t, changed, "group", func(string) (string, bool) { return "", false })
	rewrite(t, changed, "passwd", func(line string) (string, bool) {
		switch {
		case strings.HasPrefix(line, "grace:"):
			return "newcomer:x:2222:100:New Comer:/home/newcomer:/bin/bash", true
		case strings.HasPrefix(line, "ken:"):
			return strings.Replace(line, "/usr/bin/fish", "/bin/sh", 1), true
		}
		return "", false
	})
	twice := func(flags ...string) *batonv1.C1ZDiffOutput {
		path := synced(t, flags...)
		syncInto(t, path, changed, flags...)
		return message(t, &batonv1.C1ZDiffOutput{}, baton(t, path, "diff"))
	}
	want, got := changes(twice("--storage-engine", "sqlite")), changes(twice())
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-sqlite +rocksdb):\n%s", diff)
	}
	for kind, one := range map[string]string{
		"resources created":  storetest.ResourceKey(user("newcomer")),
		"resources deleted":  storetest.ResourceKey(user("grace")),
		"resources modified": storetest.ResourceKey(user("ken")),
	} {
		if !slices.Equal(got[kind], []string{one}) {
			t.Errorf("%s: %q, want %q", kind, got[kind], one)
		}
	}
	if !slices.Contains(got["grants deleted"], "group:sudo:member:user:grace") {
		t.Errorf("grants deleted: %q", got["grants deleted"])
	}
}

func user(id string) *v2.ResourceId {
	return v2.ResourceId_builder{ResourceType: "user", Resource: id}.Build()
}

// rewrite copies a file of the example machine into folder, with other lines where instead says so.
func rewrite(t *testing.T, folder, name string, instead func(line string) (string, bool)) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, name))
	noError(t, err)
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if other, ok := instead(line); ok {
			lines[i] = other
		}
	}
	noError(t, os.WriteFile(filepath.Join(folder, name), []byte(strings.Join(lines, "\n")), 0o600))
}

// changes are the ids of what differs, in one order.
func changes(diff *batonv1.C1ZDiffOutput) map[string][]string {
	resource := func(r *v2.Resource) string { return storetest.ResourceKey(r.GetId()) }
	resources, entitlements, grants := diff.GetResources(), diff.GetEntitlements(), diff.GetGrants()
	return map[string][]string{
		"resources created":     named(resources.GetCreated(), resource),
		"resources deleted":     named(resources.GetDeleted(), resource),
		"resources modified":    named(resources.GetModified(), resource),
		"entitlements created":  named(entitlements.GetCreated(), (*v2.Entitlement).GetId),
		"entitlements deleted":  named(entitlements.GetDeleted(), (*v2.Entitlement).GetId),
		"entitlements modified": named(entitlements.GetModified(), (*v2.Entitlement).GetId),
		"grants created":        named(grants.GetCreated(), (*v2.Grant).GetId),
		"grants deleted":        named(grants.GetDeleted(), (*v2.Grant).GetId),
		"grants modified":       named(grants.GetModified(), (*v2.Grant).GetId),
	}
}

func named[T any](list []*T, id func(*T) string) []string {
	ids := make([]string, 0, len(list))
	for _, element := range list {
		ids = append(ids, id(element))
	}
	slices.Sort(ids)
	return ids
}

// A file of Pebble's never has two.
func TestBatonRefusesToCompareAFilesOnlySyncAsOfPebble(t *testing.T) {
	_, want, wantStatus := tried(t, synced(t, "--storage-engine", "pebble"), "diff")
	_, got, status := tried(t, synced(t), "diff")
	if status != wantStatus || got != want || status == 0 {
		t.Errorf("exit status %d, %q; of pebble's %d, %q", status, got, wantStatus, want)
	}
}

func TestBatonSanitizesAFileAsPebbles(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	noError(t, os.WriteFile(secret, []byte("of thirty-two bytes, as it must be"), 0o600))
	sanitized := func(path string) string {
		out := filepath.Join(t.TempDir(), "sanitized.c1z")
		baton(t, path, "sanitize", "--out", out, "--secret-file", secret, "--anchor", "2020-02-02T00:00:00Z")
		return out
	}
	pebble, ours := sanitized(synced(t, "--storage-engine", "pebble")), sanitized(synced(t))
	if _, engine := read(t, ours); engine != string(c1z.Engine) {
		t.Errorf("the copy is %s's", engine)
	}
	for _, kind := range []string{"resource-types", "resources", "entitlements", "grants"} {
		t.Run(kind, func(t *testing.T) {
			got := baton(t, ours, kind, "-o", "json")
			sameText(t, baton(t, pebble, kind, "-o", "json"), got)
			if strings.Contains(got, "leslie") {
				t.Error("a login is left")
			}
		})
	}
}

func TestBatonSanitizesEverySyncOfAFile(t *testing.T) {
	path, out := synced(t), filepath.Join(t.TempDir(), "sanitized.c1z")
	syncInto(t, path, data)
	baton(t, path, "sanitize", "--out", out)
	list := message(t, &batonv1.SyncListOutput{}, baton(t, out, "syncs", "-o", "json"))
	if len(list.GetSyncs()) != 2 {
		t.Errorf("syncs %v, want two", list.GetSyncs())
	}
}

func TestBatonDumpsTheDatabaseOfAFile(t *testing.T) {
	for engine, path := range map[string]string{"pebble": synced(t, "--storage-engine", "pebble"), "rocksdb": synced(t)} {
		t.Run(engine, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "database")
			want := "Extracted Pebble payload directory to " + out + "\n"
			if stdout := baton(t, path, "dump-db", "--out", out); stdout != want {
				t.Errorf("printed %q, want %q", stdout, want)
			}
			for _, part := range []string{"*.sst", "MANIFEST-*"} {
				if files, err := filepath.Glob(filepath.Join(out, part)); err != nil || len(files) == 0 {
					t.Errorf("%s: %v, %v", part, files, err)
				}
			}
		})
	}
}

func TestBatonsCommandsForSQLiteRefuseAFileAsPebbles(t *testing.T) {
	pebble, ours := synced(t, "--storage-engine", "pebble"), synced(t)
	for _, name := range []string{"to-pebble", "rollback-expansion"} {
		out := filepath.Join(t.TempDir(), "out.c1z")
		_, want, wantStatus := tried(t, pebble, name, "--out", out)
		_, got, status := tried(t, ours, name, "--out", out)
		if want = strings.ReplaceAll(want, "pebble-backed", "rocksdb-backed"); got != want || status != wantStatus || status == 0 {
			t.Errorf("%s: exit status %d, %q; of pebble's %d, %q", name, status, got, wantStatus, want)
		}
	}
}

func TestBatonOptimizesNothingAndSaysSo(t *testing.T) {
	path := synced(t)
	before, err := os.ReadFile(path)
	noError(t, err)
	if stdout := baton(t, path, "optimize"); !strings.Contains(stdout, "not applicable for rocksdb-backed") {
		t.Errorf("printed %q", stdout)
	}
	after, err := os.ReadFile(path)
	noError(t, err)
	if !slices.Equal(before, after) {
		t.Error("the file has changed")
	}
}

func TestBatonClonesASyncAndCountsItAnew(t *testing.T) {
	path, out := synced(t), filepath.Join(t.TempDir(), "clone.c1z")
	baton(t, path, "export", "c1z", "--out", out)
	sameText(t, baton(t, path, "grants", "-o", "json"), baton(t, out, "grants", "-o", "json"))
	before := stats(t, out)
	baton(t, out, "recalculate-stats")
	if diff := gocmp.Diff(before, stats(t, out), protocmp.Transform()); diff != "" {
		t.Errorf("statistics (-before +after):\n%s", diff)
	}
}
