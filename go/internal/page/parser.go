package page

import (
	"encoding/binary"
	"unicode/utf8"
	"unsafe"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// parser makes the messages of one page. A method that meets what it does not know sets odd; its result is then worth
// nothing, and the row is read anew.
type parser struct {
	odd bool

	grants       slab[grant]
	entitlements slab[entitlement]
	resources    slab[resource]

	sources       slab[v2.GrantSources]
	source        slab[v2.GrantSources_GrantSource]
	resourceTypes slab[v2.ResourceType]
	resourceIDs   slab[v2.ResourceId]
	statuses      slab[v2.Status]
	icons         slab[v2.AssetRef]
	timestamps    slab[timestamppb.Timestamp]
	annotations   slab[anypb.Any]

	annotationLists slab[*anypb.Any]
	typeLists       slab[*v2.ResourceType]

	copies copies
	texts  uint      // that the row had so far
	before [8]string // the last text at each place in a row
	held   []byte    // the first field of the row before, its entitlement, if that was a plain grant
}

// Rows lie beside the parts that almost all of them have.
type (
	resource struct {
		v2.Resource
		id v2.ResourceId
	}
	entitlement struct {
		v2.Entitlement
		resource resource
	}
	grant struct {
		v2.Grant
		entitlement entitlement
		principal   resource
	}
)

// kind is a kind of row.
type kind[Row any] struct {
	read   func(*parser, []byte) *Row
	expect func(p *parser, rows int)
}

var (
	grants       = kind[v2.Grant]{(*parser).grant, func(p *parser, rows int) { p.grants.expected = rows }}
	entitlements = kind[v2.Entitlement]{(*parser).entitlementRow, func(p *parser, rows int) { p.entitlements.expected = rows }}
	resources    = kind[v2.Resource]{(*parser).resourceRow, func(p *parser, rows int) { p.resources.expected = rows }}
)

// once is whether a part of a message comes for the first time. What comes later is to be merged into it, which is not
// done here.
func (p *parser) once(first bool) bool {
	p.odd = p.odd || !first
	return first
}

// text copies a string, unless the row before has it at the same place.
func (p *parser) text(value []byte) string {
	before := &p.before[p.texts%uint(len(p.before))]
	p.texts++
	if *before == string(value) {
		return *before
	}
	if !isASCII(value) && !utf8.Valid(value) {
		p.odd = true
		return ""
	}
	*before = textOf(p.copies.of(value))
	return *before
}

// textOf is a copy as a string: nobody changes it.
func textOf(copied []byte) string { return unsafe.String(unsafe.SliceData(copied), len(copied)) }

// isASCII looks at eight bytes at a time, and at the last eight whether it has seen some of them or not.
func isASCII(value []byte) bool {
	var seen uint64
	if len(value) < 8 {
		for _, b := range value {
			seen |= uint64(b)
		}
		return seen < 0x80
	}
	last := value[len(value)-8:]
	for ; len(value) > 8; value = value[8:] {
		seen |= binary.LittleEndian.Uint64(value)
	}
	seen |= binary.LittleEndian.Uint64(last)
	return seen&0x8080808080808080 == 0
}

// bytes copies what the caller may change.
func (p *parser) bytes(value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	return p.copies.of(value)
}

func (p *parser) annotation(message []byte) *anypb.Any {
	annotation := p.annotations.next()
	for len(message) > 0 {
		tag, value, rest := field(message)
		message = rest
		switch tag {
		case 1<<3 | length:
			annotation.TypeUrl = p.text(value)
		case 2<<3 | length:
			annotation.Value = p.bytes(value)
		default:
			p.odd = true
		}
	}
	return annotation
}

func (p *parser) timestamp(message []byte) *timestamppb.Timestamp {
	timestamp := p.timestamps.next()
	for len(message) > 0 {
		tag, value, rest := field(message)
		message = rest
		switch tag {
		case 1<<3 | number:
			timestamp.Seconds = int64(varint(value))
		case 2<<3 | number:
			timestamp.Nanos = int32(varint(value))
		default:
			p.odd = true
		}
	}
	return timestamp
}
