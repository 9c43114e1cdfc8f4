package c1z

import (
	"math"
	"os"
	"strconv"
	"unicode/utf8"

	c1zv3 "github.com/conductorone/baton-sdk/pb/c1/c1z/v3"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"

	"example.com/libc1z/go/internal/apipb"
)

// The SDK's environment variables for what a file may cost to unpack, in MiB.
const (
	maxDecodedSizeEnv   = "BATON_DECODER_MAX_DECODED_SIZE_MB"
	maxDecoderMemoryEnv = "BATON_DECODER_MAX_MEMORY_MB"
)

// openRequest says what of the SDK's options reaches the library. Retention stays here (see Cleanup). Not used are
// Pragmas, V2GrantsWriter and DecoderPool, which concern other engines, and DecoderOptions, which only the SDK can read:
// dotc1z.NewStore has already put their two limits into the fields used below.
func (d Driver) openRequest(path string, opts dotc1z.StoreOptions) *apipb.OpenRequest {
	return &apipb.OpenRequest{
		Path:                  asText(path),
		PathBytes:             asBytes(path),
		ReadOnly:              opts.ReadOnly,
		TmpDir:                asText(opts.TmpDir),
		TmpDirBytes:           asBytes(opts.TmpDir),
		Overwrite:             !d.RefuseConflicts,
		PayloadEncoding:       c1zv3.PayloadEncoding(opts.PayloadEncoding),
		Threads:               d.threads(opts.EncoderConcurrency),
		MemoryBudgetBytes:     d.MemoryBudgetBytes,
		MaxDecodedBytes:       orMebibytes(opts.MaxDecodedPayloadBytes, maxDecodedSizeEnv),
		MaxDecoderMemoryBytes: orMebibytes(opts.MaxDecoderMemoryBytes, maxDecoderMemoryEnv),
		NoGrantDigests:        opts.DisableGrantDigestIndex,
	}
}

// asText is a path as a request's field for text has it: empty if it is not UTF-8.
func asText(path string) string {
	if utf8.ValidString(path) {
		return path
	}
	return ""
}

// asBytes is a path as that field's twin for bytes has it: empty if it is UTF-8.
func asBytes(path string) []byte {
	if utf8.ValidString(path) {
		return nil
	}
	return []byte(path)
}

// threads prefers the driver's own setting. SDK: NewStore passes an encoder concurrency of 1 when nobody asked for any,
// so 1 cannot be told from "not set"; 0 means all processors there as here.
func (d Driver) threads(encoderConcurrency int) uint32 {
	threads := d.Threads
	if threads <= 0 && encoderConcurrency > 1 {
		threads = encoderConcurrency
	}
	return uint32(min(max(threads, 0), math.MaxInt32))
}

// orMebibytes is limit, or what the environment variable says when limit is zero. SDK: a value that is no number, zero
// or too large to count in bytes is as good as none.
func orMebibytes(limit uint64, variable string) uint64 {
	if limit != 0 {
		return limit
	}
	mebibytes, err := strconv.ParseUint(os.Getenv(variable), 10, 64)
	if err != nil || mebibytes > (1<<63)>>20 {
		return 0
	}
	return mebibytes << 20
}
