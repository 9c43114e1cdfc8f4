package c1z_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	c1z "example.com/libc1z/go"
)

func verified(t *testing.T, path string) *c1z.Report {
	t.Helper()
	report, err := c1z.Verify(context.Background(), path, c1z.VerifyOptions{TmpDir: t.TempDir()})
	require.NoError(t, err)
	require.Equal(t, "v3", report.Format)
	require.Positive(t, report.PayloadFiles)
	require.Positive(t, report.PayloadBytes)
	return report
}

func TestNothingIsFoundInFilesOfThisEngine(t *testing.T) {
	for _, encoding := range encodings {
		path, full := encodedFile(t, c1z.Engine, encoding)
		report := verified(t, path)
		require.Empty(t, report.Faults, report.Text)
		require.True(t, report.OK())
		require.True(t, report.DatabaseWalked)
		require.Equal(t, string(c1z.Engine), report.Engine)
		require.Len(t, report.Syncs, 3)
		for _, sync := range report.Syncs {
			require.True(t, sync.Complete)
			if sync.ID == full {
				require.EqualValues(t, len(readFile(t, path, full)["ListGrants"].([]*v2.Grant)), sync.Grants)
				require.Positive(t, sync.IndexEntries)
			}
		}
	}
}

func TestAFileOfTheSDKsEngineIsVerifiedAsAnEnvelope(t *testing.T) {
	for _, encoding := range encodings {
		path, _ := encodedFile(t, c1zstore.EnginePebble, encoding)
		report := verified(t, path)
		require.Empty(t, report.Faults, report.Text)
		require.False(t, report.DatabaseWalked)
		require.Empty(t, report.Syncs)
		require.Equal(t, string(c1zstore.PebbleManifestEngine), report.Engine)
		require.Contains(t, report.Text, "is not this library's: only the file around the database was verified")
	}
}

func TestADamagedFileIsAReportAndNoError(t *testing.T) {
	for _, engine := range []c1zstore.Engine{c1z.Engine, c1zstore.EnginePebble} {
		path, _ := encodedFile(t, engine, c1zstore.PayloadEncodingIndexedZstd)
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, whole[:len(whole)-1], 0o600))
		report, err := c1z.Verify(context.Background(), path, c1z.VerifyOptions{})
		require.NoError(t, err)
		require.False(t, report.OK())
		require.Len(t, report.Faults, 1)
		require.Equal(t, "INDEX", report.Faults[0].Kind)
		require.NotEmpty(t, report.Faults[0].Sentence)
		require.Contains(t, report.Text, report.Faults[0].Sentence)
	}
}

func TestWhatPreventsVerifyingIsAnError(t *testing.T) {
	ctx := context.Background()
	_, err := c1z.Verify(ctx, filepath.Join(t.TempDir(), "missing.c1z"), c1z.VerifyOptions{})
	require.Equal(t, codes.NotFound, status.Code(err))

	v1 := newPath(t)
	require.NoError(t, os.WriteFile(v1, []byte("C1ZF\x00"), 0o600))
	_, err = c1z.Verify(ctx, v1, c1z.VerifyOptions{})
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	var failure *c1z.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "FORMAT_V1", failure.Reason())

	path, _ := encodedFile(t, c1z.Engine, c1zstore.PayloadEncodingIndexedZstd)
	_, err = c1z.Verify(ctx, path, c1z.VerifyOptions{MaxDecodedBytes: 1})
	require.Equal(t, codes.ResourceExhausted, status.Code(err))

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = c1z.Verify(cancelled, path, c1z.VerifyOptions{})
	require.ErrorIs(t, err, context.Canceled)
}
