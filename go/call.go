package c1z

import (
	"context"
	"slices"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"example.com/libc1z/go/internal/page"
)

// message is a pointer to a message of type M.
type message[M any] interface {
	*M
	proto.Message
}

// pageOf is a pointer to a message of type M that is a page of rows.
type pageOf[M, Row any] interface {
	*M
	page.Of[Row]
}

// call sends request to a function on the store and reads the answer into a new message, which belongs to the caller.
func call[Response any, P message[Response]](ctx context.Context, native *handle, fn *function, request proto.Message) (*Response, error) {
	answer, err := send(ctx, native, fn, request)
	if err != nil {
		return nil, err
	}
	return unmarshal[Response, P](answer)
}

// get is call for an answer that is one row, which read may know.
func get[Response, Row any, P message[Response]](
	ctx context.Context, native *handle, fn *function, request proto.Message,
	read func(data []byte) (*Row, bool), of func(row *Row) *Response,
) (*Response, error) {
	answer, err := send(ctx, native, fn, request)
	if err != nil {
		return nil, err
	}
	if row, ok := read(answer.data); ok {
		answer.free()
		return of(row), nil
	}
	return unmarshal[Response, P](answer)
}

// list is call for an answer that is a page of rows, which read knows.
func list[Response, Row any, P pageOf[Response, Row]](
	ctx context.Context, native *handle, fn *function, request proto.Message, read func(data []byte, into page.Of[Row]) error,
) (*Response, error) {
	answer, err := send(ctx, native, fn, request)
	if err != nil {
		return nil, err
	}
	return readPage[Response, Row, P](answer, read)
}

// listBy is list for a request that encode appends.
func listBy[Response, Row any, P pageOf[Response, Row]](
	ctx context.Context, native *handle, fn *function, encode func(buffer []byte) []byte, read func(data []byte, into page.Of[Row]) error,
) (*Response, error) {
	answer, err := sendEncoded(ctx, native, fn, func(buffer []byte) ([]byte, error) { return encode(buffer), nil })
	if err != nil {
		return nil, err
	}
	return readPage[Response, Row, P](answer, read)
}

// readPage reads and frees a page of rows.
func readPage[Response, Row any, P pageOf[Response, Row]](answer buffer, read func(data []byte, into page.Of[Row]) error) (*Response, error) {
	defer answer.free()
	response := P(new(Response))
	if err := read(answer.data, response); err != nil {
		return nil, unreadable(err)
	}
	return response, nil
}

// exec sends a request whose answer is empty.
func exec(ctx context.Context, native *handle, fn *function, request proto.Message) error {
	answer, err := send(ctx, native, fn, request)
	answer.free()
	return err
}

func send(ctx context.Context, native *handle, fn *function, request proto.Message) (buffer, error) {
	return sendEncoded(ctx, native, fn, func(buffer []byte) ([]byte, error) {
		data, err := proto.MarshalOptions{}.MarshalAppend(buffer, request)
		if err != nil {
			return nil, unencodable(err, request)
		}
		return data, nil
	})
}

// put sends the rows that are not nil, if there are any; the answer is empty.
func put[Row any](
	ctx context.Context, native *handle, fn *function, rows []*Row, scope string,
	encode func(buffer []byte, rows []*Row, scope string) ([]byte, error),
) error {
	rows = nonNil(rows)
	if len(rows) == 0 {
		return nil
	}
	answer, err := sendEncoded(ctx, native, fn, func(buffer []byte) ([]byte, error) {
		data, err := encode(buffer, rows, scope)
		if err != nil {
			return nil, unencodableRows(err, rows)
		}
		return data, nil
	})
	answer.free()
	return err
}

// sendEncoded lends encode memory to append the request to: the library only reads it during the call.
func sendEncoded(ctx context.Context, native *handle, fn *function, encode func(memory []byte) ([]byte, error)) (buffer, error) {
	memory := requests.Get().(*[]byte)
	defer release(memory)
	request, err := encode((*memory)[:0])
	if err != nil {
		return buffer{}, err
	}
	*memory = request
	return native.call(ctx, fn, request)
}

// requests keep the memory of requests between calls. Larger pieces than maxKept are not kept.
var requests = sync.Pool{New: func() any { return new([]byte) }}

const maxKept = 4 << 20

func release(memory *[]byte) {
	if cap(*memory) <= maxKept {
		requests.Put(memory)
	}
}

// marshal fails on text that is not UTF-8.
func marshal(request proto.Message) ([]byte, error) {
	data, err := proto.Marshal(request)
	if err != nil {
		return nil, unencodable(err, request)
	}
	return data, nil
}

// unmarshal reads and frees an answer.
func unmarshal[M any, P message[M]](answer buffer) (*M, error) {
	defer answer.free()
	m := P(new(M))
	if err := proto.Unmarshal(answer.data, m); err != nil {
		return nil, unreadable(err)
	}
	return m, nil
}

// unreadable is for an answer that is not the message it should be.
func unreadable(err error) error { return newError(codes.Internal, "INTERNAL", err.Error()) }

// nonNil is list without its nil elements, which a put skips. The caller's list stays as it is.
func nonNil[T any](list []*T) []*T {
	if !slices.Contains(list, nil) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(element *T) bool { return element == nil })
}
