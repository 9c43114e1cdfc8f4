package page_test

import (
	"fmt"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/proto"

	"example.com/libc1z/go/internal/page"
)

func storedGrants(rows int) []byte {
	list := make([]*v2.Grant, 0, rows)
	for i := range rows {
		group, user := fmt.Sprintf("group-%06d", i/200), fmt.Sprintf("user-%06d", i*7919%50_000)
		id := "group:" + group + ":member"
		list = append(list, v2.Grant_builder{
			Id: id + ":user:" + user,
			Entitlement: v2.Entitlement_builder{Id: id, Resource: v2.Resource_builder{
				Id: v2.ResourceId_builder{ResourceType: "group", Resource: group}.Build(),
			}.Build()}.Build(),
			Principal: v2.Resource_builder{Id: v2.ResourceId_builder{ResourceType: "user", Resource: user}.Build()}.Build(),
		}.Build())
	}
	data, err := proto.Marshal(v2.GrantsServiceListGrantsResponse_builder{List: list}.Build())
	if err != nil {
		panic(err)
	}
	return data
}

func benchmarkGrants(b *testing.B, rows int, read func([]byte, *v2.GrantsServiceListGrantsResponse) error) {
	data := storedGrants(rows)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		var page v2.GrantsServiceListGrantsResponse
		if err := read(data, &page); err != nil || len(page.GetList()) != rows {
			b.Fatal(err, len(page.GetList()))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
}

func BenchmarkGrants(b *testing.B) {
	for _, rows := range []int{1, 20, 200, 10_000} {
		b.Run(fmt.Sprintf("page/%d", rows), func(b *testing.B) {
			benchmarkGrants(b, rows, func(data []byte, into *v2.GrantsServiceListGrantsResponse) error {
				return page.Grants(data, into)
			})
		})
		b.Run(fmt.Sprintf("proto/%d", rows), func(b *testing.B) {
			benchmarkGrants(b, rows, func(data []byte, into *v2.GrantsServiceListGrantsResponse) error {
				return proto.Unmarshal(data, into)
			})
		})
	}
}
