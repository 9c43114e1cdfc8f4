package page

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"example.com/libc1z/go/internal/apipb"
)

// PrincipalKeys reads a page of principals as keys: type and id of each with a byte 0 between them. The keys of a page lie
// side by side in memory, which one that is kept keeps.
func PrincipalKeys(data []byte) (keys []string, token string, err error) {
	pieces, ok := split(data)
	if !ok {
		return slowPrincipalKeys(data)
	}
	var all strings.Builder
	all.Grow(len(data))
	ends := make([]int, 0, pieces.rows)
	for rest := data; len(ends) < pieces.rows; {
		_, row, behind := field(rest)
		typeTag, resourceType, id := field(row)
		idTag, resource, end := field(id)
		if typeTag != 1<<3|length || idTag != 2<<3|length || len(end) > 0 || !isASCII(row) {
			return slowPrincipalKeys(data)
		}
		all.Write(resourceType)
		all.WriteByte(0)
		all.Write(resource)
		ends = append(ends, all.Len())
		rest = behind
	}
	keys = make([]string, len(ends))
	text, start := all.String(), 0
	for i, end := range ends {
		keys[i], start = text[start:end], end
	}
	return keys, pieces.token, nil
}

func slowPrincipalKeys(data []byte) ([]string, string, error) {
	page := &apipb.ListGrantPrincipalsResponse{}
	if err := proto.Unmarshal(data, page); err != nil {
		return nil, "", err
	}
	keys := make([]string, len(page.GetList()))
	for i, id := range page.GetList() {
		keys[i] = id.GetResourceType() + "\x00" + id.GetResource()
	}
	return keys, page.GetNextPageToken(), nil
}
