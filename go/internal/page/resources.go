package page

import (
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"
)

func (p *parser) resourceRow(message []byte) *v2.Resource {
	return p.resource(p.resources.next(), message, 1)
}

// resource reads a resource that lies depth messages down in the page.
func (p *parser) resource(into *resource, message []byte, depth int) *v2.Resource {
	var few [4]*anypb.Any
	annotations := few[:0]
	for len(message) > 0 {
		tag, value, rest := field(message)
		message = rest
		switch tag {
		case 1<<3 | length:
			if p.once(!into.HasId()) {
				into.SetId(p.resourceID(&into.id, value))
			}
		case 2<<3 | length:
			if p.once(!into.HasParentResourceId()) {
				into.SetParentResourceId(p.resourceID(p.resourceIDs.next(), value))
			}
		case 3<<3 | length:
			into.SetDisplayName(p.text(value))
		case 4<<3 | length:
			annotations = append(annotations, p.annotation(value))
		case 5<<3 | length:
			into.SetDescription(p.text(value))
		case 6<<3 | number:
			into.SetBatonResource(boolean(value))
		case 9<<3 | length:
			if p.once(!into.HasProfile()) {
				into.SetProfile(p.profile(value, depth+1))
			}
		case 10<<3 | length:
			if p.once(!into.HasIcon()) {
				into.SetIcon(p.icon(value))
			}
		case 11<<3 | length:
			if p.once(!into.HasStatus()) {
				into.SetStatus(p.status(value))
			}
		case 12<<3 | length:
			if p.once(!into.HasCreatedAt()) {
				into.SetCreatedAt(p.timestamp(value))
			}
		default:
			p.odd = true
		}
	}
	if len(annotations) > 0 {
		into.SetAnnotations(p.annotationLists.listOf(annotations))
	}
	return &into.Resource
}

func (p *parser) resourceID(id *v2.ResourceId, message []byte) *v2.ResourceId {
	for len(message) > 0 {
		tag, value, rest := field(message)
		message = rest
		switch tag {
		case 1<<3 | length:
			id.SetResourceType(p.text(value))
		case 2<<3 | length:
			id.SetResource(p.text(value))
		case 3<<3 | number:
			id.SetBatonResource(boolean(value))
		default:
			p.odd = true
		}
	}
	return id
}

func (p *parser) status(message []byte) *v2.Status {
	status := p.statuses.next()
	for len(message) > 0 {
		tag, value, rest := field(message)
		message = rest
		switch tag {
		case 1<<3 | number:
			status.SetStatus(v2.Status_ResourceStatus(varint(value)))
		case 2<<3 | length:
			status.SetDetails(p.text(value))
		default:
			p.odd = true
		}
	}
	return status
}

func (p *parser) icon(message []byte) *v2.AssetRef {
	icon := p.icons.next()
	for len(message) > 0 {
		tag, value, rest := field(message)
		message = rest
		p.odd = p.odd || tag != 1<<3|length
		icon.SetId(p.text(value))
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
