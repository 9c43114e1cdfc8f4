package c1z

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/cgo"
	"sync"

	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Source is a file that is read by ranges where it lies, in object storage for one.
//
// Its methods are called by any goroutine, several at a time, and may not use the store that they read for. A read that fails
// or gives too few bytes fails the call that needs it, which can be made again. The library does not repeat a read: a source
// that can try again does so by itself.
type Source interface {
	// Size is how many bytes the file has. It is asked once.
	Size() int64
	// ReadRange does what io.ReaderAt does with ReadAt, and ends when ctx is done. ctx is that of the call that needs the
	// bytes; what is read ahead is given up when a call ends that may wait for it, and when the store is closed.
	// [ErrSourceChanged] says that the file is another by now. Of other errors the call fails with the status code.
	ReadRange(ctx context.Context, p []byte, off int64) (int, error)
	// Identity says which bytes the last read gave, such as an ETag. It is asked when the file is opened and after every
	// read, whose bytes count only if it is the same: so it must cost nothing. Empty for a source that watches by itself.
	// At most 256 bytes count.
	Identity() string
}

// ErrSourceChanged is what a [Source] returns, and what calls fail with, once its file is not the one that was opened.
var ErrSourceChanged = errors.New("the source has changed")

// ReaderAt is a source that reads r, a file of size bytes, which nobody changes. A call that is cancelled waits for the read
// that it is in.
func ReaderAt(r io.ReaderAt, size int64) Source { return readerAt{r, size} }

type readerAt struct {
	reader io.ReaderAt
	size   int64
}

func (r readerAt) Size() int64 { return r.size }

func (r readerAt) Identity() string { return "" }

func (r readerAt) ReadRange(ctx context.Context, p []byte, off int64) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return r.reader.ReadAt(p, off)
}

// OpenSource opens a file that lies elsewhere, read-only whatever opts say: its start and end are read, and of the rest what
// calls need. Errors call it name. Of what was read, up to MaxLocalBytes are kept on the disk. The caller closes the store,
// which does not use the source after that.
//
// Only a file with the payload encoding INDEXED_ZSTD can be read by ranges; any other fails with codes.FailedPrecondition and
// the reason PAYLOAD_ENCODING. Calls whose reads fail have the reason SOURCE and the source's status code, and errors.Is finds
// the source's error.
func (d Driver) OpenSource(ctx context.Context, name string, from Source, opts dotc1z.StoreOptions) (c1zstore.Store, error) {
	size := from.Size()
	if size < 0 {
		return nil, invalidArgument(fmt.Sprintf("%s: a size of %d bytes", name, size))
	}
	options := d.openRequest(name, opts)
	options.ReadOnly = true
	options.MaxLocalBytes = d.MaxLocalBytes
	request, err := marshal(options)
	if err != nil {
		return nil, err
	}
	native, err := openSource(ctx, request, newSource(from, uint64(size)))
	if err != nil {
		return nil, err
	}
	return newStore(ctx, native, opts)
}

// source is a Source in the hands of the library.
type source struct {
	from Source
	size uint64

	mu      sync.Mutex
	ahead   context.Context // of what no call has asked for yet
	giveUp  context.CancelFunc
	closing int // calls that close the store, or have closed it: ahead is done, and stays so
}

func newSource(from Source, size uint64) *source {
	s := &source{from: from, size: size}
	s.ahead, s.giveUp = context.WithCancel(context.Background())
	return s
}

// running is a call that reads a source on its own thread.
type running struct {
	ctx    context.Context
	handle cgo.Handle
	err    error // why a read failed last
	stop   func()
}

// begin is how a call on a store with a source starts; without one it is nil. A call whose context ends may wait for what is
// read ahead, so that is given up: who needs it reads it anew.
func (s *source) begin(ctx context.Context) *running {
	if s == nil {
		return nil
	}
	r := &running{ctx: ctx, stop: func() {}}
	r.handle = cgo.NewHandle(r)
	if ctx.Done() != nil {
		done := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			defer close(done)
			s.giveUpAhead()
		})
		r.stop = func() {
			if !stop() {
				<-done
			}
		}
	}
	return r
}

func (r *running) end() {
	if r != nil {
		r.stop()
		r.handle.Delete()
	}
}

// explain adds why the source failed to the failure of a call that it caused.
func (r *running) explain(err error) error {
	var failure *Error
	if r == nil || r.err == nil || !errors.As(err, &failure) {
		return err
	}
	if failure.reason == "SOURCE" || failure.reason == "SOURCE_CHANGED" {
		failure.causes = append(failure.causes, r.err)
	}
	return err
}

func (s *source) giveUpAhead() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.giveUp()
	if s.closing == 0 {
		s.ahead, s.giveUp = context.WithCancel(context.Background())
	}
}

// close gives up what is read ahead, now and from now on: the library waits for it when it closes the store.
func (s *source) close() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing++
	s.giveUp()
}

// reopen takes back a close where the store stayed open.
func (s *source) reopen() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing--
	if s.closing == 0 {
		s.ahead, s.giveUp = context.WithCancel(context.Background())
	}
}

// read fills p, or says why not. A source that panics must not unwind what called it.
func (s *source) read(r *running, p []byte, off int64) (n int, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			n, err = 0, status.Errorf(codes.Internal, "the source panicked: %v", panicked)
		}
		if r != nil && err != nil {
			r.err = err
		}
	}()
	var ctx context.Context
	if r != nil {
		ctx = r.ctx
	} else {
		s.mu.Lock()
		ctx = s.ahead
		s.mu.Unlock()
	}
	n, err = s.from.ReadRange(ctx, p, off)
	// What io.ReaderAt says of the end, and io.ReadFull of a file that has become shorter. An error that only wraps them is one
	// of the source's own, of a connection for instance.
	if err == io.EOF || err == io.ErrUnexpectedEOF { //nolint:errorlint // see above
		return n, nil
	}
	return n, err
}

func (s *source) identity() (identity string) {
	defer func() {
		if panicked := recover(); panicked != nil {
			identity = fmt.Sprintf("the source panicked: %v", panicked)
		}
	}()
	return s.from.Identity()
}

// sourceCode is what the library is told of an error.
func sourceCode(err error) codes.Code {
	switch {
	case errors.Is(err, ErrSourceChanged):
		return codes.Aborted
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	}
	switch code := status.Code(err); code {
	case codes.OK, codes.Aborted:
		return codes.Unknown
	default:
		return code
	}
}
