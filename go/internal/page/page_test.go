package page_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"example.com/libc1z/go/internal/page"
	"example.com/libc1z/go/internal/randompb"
)

// pages are a response of each shape and what reads it.
var pages = []struct {
	empty func() proto.Message
	read  func(data []byte, into proto.Message) error
}{
	{
		func() proto.Message { return &v2.GrantsServiceListGrantsResponse{} },
		func(data []byte, into proto.Message) error { return page.Grants(data, into.(page.Of[v2.Grant])) },
	},
	{
		func() proto.Message { return &v2.EntitlementsServiceListEntitlementsResponse{} },
		func(data []byte, into proto.Message) error {
			return page.Entitlements(data, into.(page.Of[v2.Entitlement]))
		},
	},
	{
		func() proto.Message { return &v2.ResourcesServiceListResourcesResponse{} },
		func(data []byte, into proto.Message) error { return page.Resources(data, into.(page.Of[v2.Resource])) },
	},
	{
		func() proto.Message { return &reader_v2.ResourcesReaderServiceListResourcesByIdsResponse{} },
		func(data []byte, into proto.Message) error { return page.Resources(data, into.(page.Of[v2.Resource])) },
	},
	{
		func() proto.Message { return &reader_v2.GrantsReaderServiceGetGrantResponse{} },
		func(data []byte, into proto.Message) error {
			return readSingle(data, into, page.Grant, into.(*reader_v2.GrantsReaderServiceGetGrantResponse).SetGrant)
		},
	},
	{
		func() proto.Message { return &reader_v2.EntitlementsReaderServiceGetEntitlementResponse{} },
		func(data []byte, into proto.Message) error {
			return readSingle(data, into, page.Entitlement, into.(*reader_v2.EntitlementsReaderServiceGetEntitlementResponse).SetEntitlement)
		},
	},
	{
		func() proto.Message { return &reader_v2.ResourcesReaderServiceGetResourceResponse{} },
		func(data []byte, into proto.Message) error {
			return readSingle(data, into, page.Resource, into.(*reader_v2.ResourcesReaderServiceGetResourceResponse).SetResource)
		},
	},
}

// readSingle reads as the driver reads the answer to a get.
func readSingle[Row any](data []byte, into proto.Message, read func([]byte) (*Row, bool), set func(*Row)) error {
	row, ok := read(data)
	if !ok {
		return proto.Unmarshal(data, into)
	}
	set(row)
	return nil
}

// requireSameAsProto reads data as every kind of page and compares with what proto.Unmarshal makes of it.
func requireSameAsProto(t *testing.T, data []byte) {
	t.Helper()
	for _, kind := range pages {
		want, got := kind.empty(), kind.empty()
		wantErr := proto.Unmarshal(data, want)
		passing := bytes.Clone(data)
		gotErr := kind.read(passing, got)
		clear(passing)
		require.Equal(t, wantErr == nil, gotErr == nil, "%T: want %v, got %v\n%x", want, wantErr, gotErr, data)
		if wantErr != nil {
			continue
		}
		require.True(t, proto.Equal(want, got), "%x\nwant %v\ngot  %v", data, want, got)
		require.Equal(t, encoded(t, want), encoded(t, got), "%x", data)
	}
}

// encoded also shows unknown fields of every part, in their order.
func encoded(t *testing.T, message proto.Message) []byte {
	t.Helper()
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	require.NoError(t, err)
	return data
}

func TestPagesReadAsProtoReadsThem(t *testing.T) {
	for seed := range uint64(120) {
		random := rand.New(rand.NewPCG(seed, 1))
		for _, kind := range pages {
			for _, fill := range []float64{1, 0.5, 0.1} {
				message := kind.empty()
				randompb.Populate(random, message, fill)
				data := encoded(t, message)
				requireSameAsProto(t, data)
				for range 5 {
					requireSameAsProto(t, disturbed(random, data))
				}
			}
		}
	}
}

func FuzzPages(f *testing.F) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 2))
		for _, kind := range pages {
			message := kind.empty()
			randompb.Populate(random, message, 0.5)
			data, err := proto.Marshal(message)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { requireSameAsProto(t, data) })
}

func TestPagesOfUnusualRows(t *testing.T) {
	id := field(1, "\x0a\x04user\x12\x01a")
	for name, row := range map[string]string{
		"empty":                              "",
		"empty parts":                        field(1, "") + field(2, "") + field(3, "") + field(4, "") + field(5, ""),
		"a scalar twice, the last one empty": field(3, "first") + field(3, ""),
		"a part twice is merged":             field(1, field(2, "e")) + field(1, field(3, "name")),
		"an id twice is merged":              field(2, id+field(1, "\x12\x01b")),
		"a map entry without key":            field(5, field(1, field(2, "\x08\x01"))),
		"a map entry without value":          field(5, field(1, field(1, "k"))),
		"a map key twice":                    field(5, field(1, field(1, "k")+field(2, "\x08\x01"))+field(1, field(1, "k"))),
		"two keys in one map entry":          field(5, field(1, field(1, "k")+field(1, "l"))),
		"two values in one map entry":        field(5, field(1, field(2, "\x08\x01")+field(2, ""))),
		"an unknown field in a map entry":    field(5, field(1, field(1, "k")+field(3, "?"))),
		"sources twice are merged":           field(5, field(1, field(1, "k"))) + field(5, field(1, field(1, "l"))),
		"a tag in two bytes":                 "\x9a\x00\x01x",
		"a length in two bytes":              "\x1a\x81\x00x",
		"a bool of 2":                        field(2, field(1, "\x18\x02")) + field(5, field(1, field(2, "\x08\x02"))),
		"a bool in ten bytes":                field(2, field(1, "\x18\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")),
		"a varint in eleven bytes":           field(2, field(1, "\x18\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")),
		"the wrong wire type":                "\x18\x01" + field(1, "\x10\x01"),
		"field 0":                            "\x02\x00",
		"a group":                            "\x33\x34",
		"a group that does not end":          "\x33",
		"a group that ends before it starts": "\x34",
		"text that is not UTF-8":             field(3, "\xff"),
		"text that is not UTF-8, below":      field(1, field(2, "\xc3")),
		"half a length":                      "\x1a\x80",
		"more than there is":                 "\x1a\x05ab",
		"far more than there is":             "\x1a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"an annotation with unknown fields":  field(4, field(1, "t")+field(2, "v")+field(9, "?")),
		"an annotation with an empty value":  field(4, field(1, "t")+field(2, "")),
		"a negative enum":                    "\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"an enum beyond 32 bits":             "\x38\x81\x80\x80\x80\x10",
		"a long text":                        field(3, strings.Repeat("long", 10_000)),
		"five annotations":                   field(4, field(1, "a")) + field(4, "") + field(4, "") + field(4, "") + field(4, field(1, "e")),
	} {
		t.Run(name, func(t *testing.T) {
			ordinary := field(1, field(3, "row"))
			requireSameAsProto(t, []byte(ordinary+field(1, row)+ordinary+field(2, "token")))
			requireSameAsProto(t, []byte(row))
		})
	}
}

func TestRowsLikeTheirNeighboursReadAsProtoReadsThem(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 3))
		for _, row := range []proto.Message{&v2.Grant{}, &v2.Entitlement{}, &v2.Resource{}} {
			randompb.Populate(random, row, 0.7)
			data := encoded(t, row)
			page := field(1, string(data)) + field(1, string(data))
			for range 5 {
				page += field(1, string(disturbed(random, data)))
				requireSameAsProto(t, []byte(page+field(1, string(data))))
			}
		}
	}
}

func TestPlainGrantsWithAnyDamageReadAsProtoReadsThem(t *testing.T) {
	row, n := protowire.ConsumeBytes(storedGrants(1)[1:])
	require.Positive(t, n)
	for at := range row {
		for _, other := range []byte{row[at] + 1, row[at] - 1, row[at] ^ 0x80, row[at] ^ 1<<3, 0, 0xff} {
			damaged := bytes.Clone(row)
			damaged[at] = other
			requireSameAsProto(t, []byte(field(1, string(damaged))))
			requireSameAsProto(t, []byte(field(1, string(row))+field(1, string(damaged))+field(1, string(row))))
		}
		requireSameAsProto(t, []byte(field(1, string(row[:at]))))
		requireSameAsProto(t, []byte(field(1, string(row[:at])+string(row[at+1:]))))
		requireSameAsProto(t, []byte(field(1, string(row[:at])+"x"+string(row[at:]))))
	}
}

func TestPlainGrantsOfAnyLengthReadAsProtoReadsThem(t *testing.T) {
	for size := range 300 {
		text := strings.Repeat("x", size)
		resource := func(kind, id string) string { return field(1, field(1, kind)+field(2, id)) }
		for _, row := range []string{
			field(1, field(1, resource("t", "r"))+field(2, "e")) + field(2, resource("t", "p")) + field(3, text),
			field(1, field(1, resource("t", "r"))+field(2, text)) + field(2, resource("t", "p")) + field(3, "g"),
			field(1, field(1, resource("t", text))+field(2, "e")) + field(2, resource(text, "p")) + field(3, "g"),
		} {
			requireSameAsProto(t, []byte(field(1, row)))
		}
	}
}

func TestTextThatNeighboursShareIsStoredOnce(t *testing.T) {
	data := storedGrants(2)
	var got v2.GrantsServiceListGrantsResponse
	require.NoError(t, page.Grants(data, &got))
	first, second := got.GetList()[0], got.GetList()[1]
	require.Equal(t, first.GetEntitlement().GetId(), second.GetEntitlement().GetId())
	require.Same(t, unsafe.StringData(first.GetEntitlement().GetId()), unsafe.StringData(second.GetEntitlement().GetId()))
	second.GetEntitlement().SetId("another")
	require.NotEqual(t, first.GetEntitlement().GetId(), second.GetEntitlement().GetId())
}

func TestALongPageReadsAsProtoReadsIt(t *testing.T) {
	token, plain := field(2, "next"), string(storedGrants(2345))
	for name, data := range map[string]string{
		"rows and a token":           plain + token,
		"a token between rows":       plain + token + plain,
		"odd rows":                   plain + field(1, "\x9a\x00\x01x") + plain + field(1, field(1, field(1, "")+field(1, ""))),
		"rows that are not ASCII":    plain + field(1, field(3, "ä")) + plain,
		"a row that is not UTF-8":    plain + field(1, field(3, "\xff")) + plain,
		"a row that ends too soon":   plain + field(1, "\x1a\x05ab") + plain,
		"a page that ends in a row":  plain[:len(plain)-1],
		"exactly a number of shares": string(storedGrants(2000)),
		"one row more":               string(storedGrants(2001)),
	} {
		t.Run(name, func(t *testing.T) { requireSameAsProto(t, []byte(data)) })
	}
}

func TestMessagesNestAsDeepAsProtoPermitsAndNoDeeper(t *testing.T) {
	var accepted, refused int
	for levels := 4990; levels < 5005; levels++ {
		value := "" // of a list in a value in a list: two messages a level
		for range levels {
			value = field(6, field(1, value))
		}
		profile := field(9, field(1, field(1, "k")+field(2, value)))
		for _, row := range []string{profile, field(2, profile), field(1, field(1, profile))} {
			data := []byte(field(1, row))
			requireSameAsProto(t, data)
			for _, kind := range pages {
				if err := kind.read(data, kind.empty()); err == nil {
					accepted++
				} else {
					refused++
				}
			}
		}
	}
	require.NotZero(t, accepted)
	require.NotZero(t, refused)
}

func TestRowsShareNothingThatCanBeChanged(t *testing.T) {
	row := func(id string) *v2.Grant {
		grant := &v2.Grant{}
		randompb.Populate(rand.New(rand.NewPCG(7, 7)), grant, 1)
		grant.SetId(id)
		return grant
	}
	var list []*v2.Grant
	for i := range 600 {
		list = append(list, row(fmt.Sprint(i)))
	}
	data := encoded(t, v2.GrantsServiceListGrantsResponse_builder{List: list}.Build())
	var got v2.GrantsServiceListGrantsResponse
	require.NoError(t, page.Grants(data, &got))
	clear(data)

	for i, grant := range got.GetList() {
		if i%3 != 0 {
			continue
		}
		grant.SetAnnotations(append(grant.GetAnnotations(), nil))
		grant.GetAnnotations()[0].Value = append(grant.GetAnnotations()[0].GetValue(), "overflow"...)
		clear(grant.GetAnnotations()[0].GetValue())
		entitlement := grant.GetEntitlement()
		entitlement.SetGrantableTo(append(entitlement.GetGrantableTo(), nil))
		clear(entitlement.GetAnnotations())
		clear(grant.GetSources().GetSources())
		proto.Reset(grant.GetPrincipal().GetId())
		proto.Merge(entitlement, row("merged").GetEntitlement())
		if i%2 == 0 {
			proto.Reset(grant)
		}
	}
	for i, grant := range got.GetList() {
		if i%3 != 0 {
			require.True(t, proto.Equal(list[i], grant), "row %d\nwant %v\ngot  %v", i, list[i], grant)
		}
	}
	got.GetList()[0].SetId("still a message")
	clone := proto.CloneOf(got.GetList()[0])
	require.True(t, proto.Equal(clone, got.GetList()[0]))
	require.Contains(t, clone.String(), "still a message")
}

func TestAPageTakesAHandfulOfAllocations(t *testing.T) {
	data := storedGrants(1000)
	allocations := testing.AllocsPerRun(10, func() {
		var got v2.GrantsServiceListGrantsResponse
		if err := page.Grants(data, &got); err != nil {
			t.Error(err)
		}
	})
	require.Less(t, allocations, 40.0)
}
