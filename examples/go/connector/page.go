package connector

import (
	"strconv"

	"github.com/conductorone/baton-sdk/pkg/types/resource"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// pageSize keeps a page far below gRPC's limit of 4 MiB a message.
const pageSize = 100

// page converts the items of all from the offset that the token holds, and says where the next page begins.
func page[T, R any](all []T, opts resource.SyncOpAttrs, convert func(T) (R, error)) ([]R, *resource.SyncOpResults, error) {
	start, err := offset(opts.PageToken.Token, len(all))
	if err != nil {
		return nil, nil, err
	}
	end := min(start+pageSize, len(all))
	list := make([]R, 0, end-start)
	for _, item := range all[start:end] {
		converted, err := convert(item)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, converted)
	}
	results := &resource.SyncOpResults{}
	if end < len(all) {
		results.NextPageToken = strconv.Itoa(end)
	}
	return list, results, nil
}

func offset(token string, length int) (int, error) {
	if token == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(token)
	if err != nil {
		return 0, status.Errorf(codes.InvalidArgument, "page token: %v", err)
	}
	if n < 0 || n > length {
		return 0, status.Errorf(codes.InvalidArgument, "page token %d is outside of %d items", n, length)
	}
	return n, nil
}
