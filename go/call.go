package c1z

import (
	"context"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// nativeCall is one function of the library on one store: request bytes in, response bytes out.
type nativeCall func(ctx context.Context, request []byte) ([]byte, error)

// message is a pointer to a message of type M.
type message[M any] interface {
	*M
	proto.Message
}

// call sends request and reads the answer into a new message, which belongs to the caller.
func call[Response any, P message[Response]](ctx context.Context, native nativeCall, request proto.Message) (*Response, error) {
	data, err := send(ctx, native, request)
	if err != nil {
		return nil, err
	}
	return unmarshal[Response, P](data)
}

// exec sends a request whose answer is empty.
func exec(ctx context.Context, native nativeCall, request proto.Message) error {
	_, err := send(ctx, native, request)
	return err
}

func send(ctx context.Context, native nativeCall, request proto.Message) ([]byte, error) {
	data, err := marshal(request)
	if err != nil {
		return nil, err
	}
	return native(ctx, data)
}

// marshal fails on text that is not UTF-8.
func marshal(request proto.Message) ([]byte, error) {
	data, err := proto.Marshal(request)
	if err != nil {
		return nil, invalidArgument(err.Error())
	}
	return data, nil
}

func unmarshal[M any, P message[M]](data []byte) (*M, error) {
	m := P(new(M))
	if err := proto.Unmarshal(data, m); err != nil {
		return nil, newError(codes.Internal, "INTERNAL", err.Error())
	}
	return m, nil
}

// nonNil is list without its nil elements, which a put skips. The caller's list stays as it is.
func nonNil[T any](list []*T) []*T {
	if !slices.Contains(list, nil) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(element *T) bool { return element == nil })
}
