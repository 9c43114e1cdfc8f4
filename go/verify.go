package c1z

import (
	"context"
	"strings"

	"example.com/libc1z/go/internal/apipb"
)

// VerifyOptions bound what a verification costs. The zero value is the library's defaults.
type VerifyOptions struct {
	// TmpDir is where the database is unpacked to; the system's temporary folder when empty.
	TmpDir string
	// Threads that decode frames; 0 means one for each processor, at most 8.
	Threads int
	// MemoryBudgetBytes bounds the caches of the database. 0 means 256 MiB.
	MemoryBudgetBytes uint64
	// MaxDecodedBytes is what the payload may unpack to. 0 means the larger of 10 GiB and 100 times the file.
	MaxDecodedBytes uint64
	// MaxDecoderMemoryBytes is what a zstd window may take. 0 means 128 MiB.
	MaxDecoderMemoryBytes uint64
	// MaxFaults are listed before the report is cut. 0 means 1000.
	MaxFaults int
}

// Report is what a walk through a file has found.
type Report struct {
	// Faults in the order in which they were found; none of a sound file.
	Faults []Fault
	// Truncated says that there are more faults than are listed.
	Truncated bool
	// Engine as the manifest names it; empty if that could not be read.
	Engine string
	// Format is "v3", or empty if the head could not be read.
	Format string
	// PayloadFiles were read, PayloadBytes is their size unpacked.
	PayloadFiles, PayloadBytes uint64
	// DatabaseWalked is false for a file of another engine, of which only the file around the database is verified, and
	// for a database that could not be opened.
	DatabaseWalked bool
	// Syncs that the file holds, by id.
	Syncs []VerifiedSync
	// Text is all of this for people, with a line for each fault.
	Text string
}

// OK says that nothing was found. It does not say that all could be looked at: see DatabaseWalked.
func (r *Report) OK() bool { return len(r.Faults) == 0 && !r.Truncated }

// VerifiedSync is what was walked of one sync.
type VerifiedSync struct {
	ID                                                                   string
	ResourceTypes, Resources, Entitlements, Grants, Assets, IndexEntries uint64
	// Complete says that all of it could be read.
	Complete bool
}

// Fault is one thing that is wrong with a file. What it is not about is empty.
type Fault struct {
	// Kind is one stable upper-case word or several with underscores between, such as "INDEX_WITHOUT_RECORD".
	Kind string
	// File of the payload.
	File string
	// SyncID of the sync.
	SyncID string
	// Keyspace is what lies under the key, such as "grant" or "grant by principal".
	Keyspace string
	// Key as hexadecimal digits.
	Key string
	// KeyElements are the elements of the key.
	KeyElements []string
	// Sentence says what is wrong, for people.
	Sentence string
}

// Verify walks the file at path: the file around the database with all its checksums; then, if this engine wrote it,
// every record and every index entry. It does not change the file, which may be open.
//
// Damage is no error: the report lists it. An error is what prevents looking: codes.NotFound for a missing file,
// codes.FailedPrecondition for one of format v1, codes.ResourceExhausted when it unpacks to more than the options allow.
func Verify(ctx context.Context, path string, options VerifyOptions) (*Report, error) {
	request, err := marshal(&apipb.VerifyRequest{
		Path:                  asText(path),
		PathBytes:             asBytes(path),
		TmpDir:                asText(options.TmpDir),
		TmpDirBytes:           asBytes(options.TmpDir),
		Threads:               uint32(max(options.Threads, 0)),
		MemoryBudgetBytes:     options.MemoryBudgetBytes,
		MaxDecodedBytes:       options.MaxDecodedBytes,
		MaxDecoderMemoryBytes: options.MaxDecoderMemoryBytes,
		MaxFaults:             uint32(max(options.MaxFaults, 0)),
	})
	if err != nil {
		return nil, err
	}
	answer, err := callOnFile(ctx, verify, request)
	if err != nil {
		return nil, err
	}
	report, err := unmarshal[apipb.VerifyReport](answer)
	if err != nil {
		return nil, err
	}
	return newReport(report), nil
}

func newReport(from *apipb.VerifyReport) *Report {
	report := &Report{
		Truncated:      from.GetTruncated(),
		Engine:         from.GetEngine(),
		Format:         from.GetFormat(),
		PayloadFiles:   from.GetPayloadFiles(),
		PayloadBytes:   from.GetPayloadBytes(),
		DatabaseWalked: from.GetDatabaseWalked(),
		Text:           from.GetText(),
	}
	for _, sync := range from.GetSyncs() {
		report.Syncs = append(report.Syncs, VerifiedSync{
			ID: sync.GetSyncId(), ResourceTypes: sync.GetResourceTypes(), Resources: sync.GetResources(),
			Entitlements: sync.GetEntitlements(), Grants: sync.GetGrants(), Assets: sync.GetAssets(),
			IndexEntries: sync.GetIndexEntries(), Complete: sync.GetComplete(),
		})
	}
	for _, fault := range from.GetFaults() {
		report.Faults = append(report.Faults, Fault{
			Kind: strings.TrimPrefix(fault.GetKind().String(), "FAULT_KIND_"), File: fault.GetFile(),
			SyncID: fault.GetSyncId(), Keyspace: fault.GetKeyspace(), Key: fault.GetKeyHex(),
			KeyElements: fault.GetKeyElements(), Sentence: fault.GetSentence(),
		})
	}
	return report
}
