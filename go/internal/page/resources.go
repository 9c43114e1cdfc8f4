package page

import (
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"
)

func (p *parser) resourceRow(message []byte) *v2.Resource { return p.resource(message, 1) }

// resource reads a resource that lies depth messages down in the page.
func (p *parser) resource(message []byte, depth int) *v2.Resource {
	resource := p.resources.next()
	var few [4]*anypb.Any
	annotations := few[:0]
	f := p.fields(message)
	for f.more() {
		switch f.tag() {
		case 1<<3 | length:
			if f.once(!resource.HasId()) {
				resource.SetId(p.resourceID(f.bytes()))
			}
		case 2<<3 | length:
			if f.once(!resource.HasParentResourceId()) {
				resource.SetParentResourceId(p.resourceID(f.bytes()))
			}
		case 3<<3 | length:
			resource.SetDisplayName(f.text())
		case 4<<3 | length:
			annotations = append(annotations, p.annotation(f.bytes()))
		case 5<<3 | length:
			resource.SetDescription(f.text())
		case 6<<3 | number:
			resource.SetBatonResource(f.bool())
		case 9<<3 | length:
			if f.once(!resource.HasProfile()) {
				resource.SetProfile(p.profile(f.bytes(), depth+1))
			}
		case 10<<3 | length:
			if f.once(!resource.HasIcon()) {
				resource.SetIcon(p.icon(f.bytes()))
			}
		case 11<<3 | length:
			if f.once(!resource.HasStatus()) {
				resource.SetStatus(p.status(f.bytes()))
			}
		case 12<<3 | length:
			if f.once(!resource.HasCreatedAt()) {
				resource.SetCreatedAt(p.timestamp(f.bytes()))
			}
		default:
			f.end()
		}
	}
	if len(annotations) > 0 {
		resource.SetAnnotations(p.annotationLists.listOf(annotations))
	}
	return resource
}

func (p *parser) resourceID(message []byte) *v2.ResourceId {
	id := p.resourceIDs.next()
	f := p.fields(message)
	for f.more() {
		switch f.tag() {
		case 1<<3 | length:
			id.SetResourceType(f.text())
		case 2<<3 | length:
			id.SetResource(f.text())
		case 3<<3 | number:
			id.SetBatonResource(f.bool())
		default:
			f.end()
		}
	}
	return id
}

func (p *parser) status(message []byte) *v2.Status {
	status := p.statuses.next()
	f := p.fields(message)
	for f.more() {
		switch f.tag() {
		case 1<<3 | number:
			status.SetStatus(v2.Status_ResourceStatus(f.varint()))
		case 2<<3 | length:
			status.SetDetails(f.text())
		default:
			f.end()
		}
	}
	return status
}

func (p *parser) icon(message []byte) *v2.AssetRef {
	icon := p.icons.next()
	f := p.fields(message)
	for f.more() {
		if f.tag() != 1<<3|length {
			f.end()
			break
		}
		icon.SetId(f.text())
	}
	return icon
}

// profile is read by proto.Unmarshal: it is mostly maps and oneofs, whose memory lies in pieces anyway.
func (p *parser) profile(message []byte, depth int) *structpb.Struct {
	profile := new(structpb.Struct)
	if err := p.unmarshal(message, profile, depth); err != nil {
		p.odd = true
	}
	return profile
}
