package page

import (
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// parser makes the messages of one page. A method that meets what it does not know sets odd; its result is then worth
// nothing, and the row is read anew.
type parser struct {
	odd   bool
	ascii bool // whether the row is

	grants        slab[v2.Grant]
	sources       slab[v2.GrantSources]
	source        slab[v2.GrantSources_GrantSource]
	entitlements  slab[v2.Entitlement]
	resourceTypes slab[v2.ResourceType]
	resources     slab[v2.Resource]
	resourceIDs   slab[v2.ResourceId]
	statuses      slab[v2.Status]
	icons         slab[v2.AssetRef]
	timestamps    slab[timestamppb.Timestamp]
	annotations   slab[anypb.Any]

	annotationLists slab[*anypb.Any]
	typeLists       slab[*v2.ResourceType]
}

// kind is a kind of row.
type kind[Row any] struct {
	read   func(*parser, []byte) *Row
	expect func(p *parser, rows int) // what every row has
}

var (
	grants = kind[v2.Grant]{(*parser).grant, func(p *parser, rows int) {
		p.grants.expected, p.entitlements.expected = rows, rows
		p.resources.expected, p.resourceIDs.expected = 2*rows, 2*rows
	}}
	entitlements = kind[v2.Entitlement]{(*parser).entitlementRow, func(p *parser, rows int) {
		p.entitlements.expected, p.resources.expected, p.resourceIDs.expected = rows, rows, rows
	}}
	resources = kind[v2.Resource]{(*parser).resourceRow, func(p *parser, rows int) {
		p.resources.expected, p.resourceIDs.expected = rows, rows
	}}
)

func (p *parser) fields(message []byte) fields {
	return fields{rest: message, odd: &p.odd, ascii: p.ascii}
}

// annotation keeps its value as it lies in the page: nothing else lies there.
func (p *parser) annotation(message []byte) *anypb.Any {
	annotation := p.annotations.next()
	f := p.fields(message)
	for f.more() {
		switch f.tag() {
		case 1<<3 | length:
			annotation.TypeUrl = f.text()
		case 2<<3 | length:
			annotation.Value = nilIfEmpty(f.bytes())
		default:
			f.end()
		}
	}
	return annotation
}

func nilIfEmpty(value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	return value
}

func (p *parser) timestamp(message []byte) *timestamppb.Timestamp {
	timestamp := p.timestamps.next()
	f := p.fields(message)
	for f.more() {
		switch f.tag() {
		case 1<<3 | number:
			timestamp.Seconds = int64(f.varint())
		case 2<<3 | number:
			timestamp.Nanos = int32(f.varint())
		default:
			f.end()
		}
	}
	return timestamp
}
