package c1z

import (
	"context"
	"errors"

	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/engine/pebble"
	formatv3 "github.com/conductorone/baton-sdk/pkg/dotc1z/format/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Error is why a call failed. It unwraps to the SDK's sentinel for its reason, where there is one, and to the context's
// error when the context ended the call.
type Error struct {
	code    codes.Code
	reason  string
	message string
	causes  []error
}

// Error returns the message alone.
func (e *Error) Error() string { return e.message }

// GRPCStatus makes status.Code and status.FromError see the code.
func (e *Error) GRPCStatus() *status.Status { return status.New(e.code, e.message) }

// Unwrap returns the SDK's sentinel and the context's error, those that there are.
func (e *Error) Unwrap() []error { return e.causes }

// Is finds a status of the same code and message, as the errors of the status package do.
func (e *Error) Is(target error) bool {
	other, ok := status.FromError(target)
	return ok && proto.Equal(other.Proto(), e.GRPCStatus().Proto())
}

// Reason is one stable upper-case word for what the code alone does not tell, such as "SEALED". The library's header
// lists them.
func (e *Error) Reason() string { return e.reason }

// sentinels are the SDK's errors that callers look for. Those of its own engine are used where they mean the same, so
// that a caller need not know which engine it talks to.
var sentinels = map[string]error{
	"ARTIFACT_UNUSABLE": dotc1z.ErrArtifactUnusable,
	"CONFLICT":          dotc1z.ErrArtifactUnusable,
	"READ_ONLY":         dotc1z.ErrReadOnly,
	"NOT_C1Z":           dotc1z.ErrInvalidFile,
	"NO_CURRENT_SYNC":   pebble.ErrNoCurrentSync,
	"SEALED":            pebble.ErrEngineSealed,
	"BAD_TOKEN":         pebble.ErrInvalidPageToken,
	"AMBIGUOUS_ID":      pebble.ErrAmbiguousExternalID,
	"CLOSED":            pebble.ErrEngineClosing,
	"SOURCE_CHANGED":    ErrSourceChanged,
	"ALREADY_EXISTS":    pebble.ErrSaveDestExists,
	"ENGINE_MISMATCH":   pebble.ErrUnknownEngine,
	"LIMIT_EXCEEDED":    formatv3.ErrMaxSizeExceeded,
}

// limits says how a user of the SDK raises the limits that the library names.
const limits = " (max_decoded_bytes is set by " + maxDecodedSizeEnv + ", max_decoder_memory_bytes by " + maxDecoderMemoryEnv + ", in MiB)"

func newError(code codes.Code, reason, message string) *Error {
	if reason == "LIMIT_EXCEEDED" {
		message += limits
	}
	failure := &Error{code: code, reason: reason, message: message}
	if sentinel, ok := sentinels[reason]; ok {
		failure.causes = append(failure.causes, sentinel)
	}
	return failure
}

// errClosed is what every call on a closed store gets once its handle is gone; until then the library says the same.
var errClosed error = newError(codes.Unavailable, "CLOSED", "the store is closed")

func invalidArgument(message string) error {
	return newError(codes.InvalidArgument, "INVALID_ARGUMENT", message)
}

// statusText gives an error the text of its status, where callers compare it with that of the SDK's own engines.
type statusText struct{ error }

func (e statusText) Error() string { return status.Convert(e.error).Err().Error() }
func (e statusText) Unwrap() error { return e.error }

// checkContext returns the context's error, with its code, once the context is done.
func checkContext(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	return &Error{code: status.FromContextError(err).Code(), reason: "CANCELLED", message: err.Error(), causes: []error{err}}
}

// endedBy adds the context's error to a failure that the context caused.
func endedBy(ctx context.Context, err error) error {
	var failure *Error
	if cause := ctx.Err(); cause != nil && errors.As(err, &failure) && failure.code == codes.Canceled {
		failure.code = status.FromContextError(cause).Code()
		failure.causes = append(failure.causes, cause)
	}
	return err
}
