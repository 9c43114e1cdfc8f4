package page

import (
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/types/known/anypb"
)

func (p *parser) entitlementRow(message []byte) *v2.Entitlement {
	return p.entitlement(p.entitlements.next(), message, 1)
}

// entitlement reads an entitlement that lies depth messages down in the page.
func (p *parser) entitlement(into *entitlement, message []byte, depth int) *v2.Entitlement {
	var few [4]*anypb.Any
	annotations := few[:0]
	var fewTypes [4]*v2.ResourceType
	types := fewTypes[:0]
	for len(message) > 0 {
		tag, value, rest := field(message)
		message = rest
		switch tag {
		case 1<<3 | length:
			if p.once(!into.HasResource()) {
				into.SetResource(p.resource(&into.resource, value, depth+1))
			}
		case 2<<3 | length:
			into.SetId(p.text(value))
		case 3<<3 | length:
			into.SetDisplayName(p.text(value))
		case 4<<3 | length:
			into.SetDescription(p.text(value))
		case 5<<3 | length:
			types = append(types, p.resourceType(value))
		case 6<<3 | length:
			annotations = append(annotations, p.annotation(value))
		case 7<<3 | number:
			into.SetPurpose(v2.Entitlement_PurposeValue(varint(value)))
		case 8<<3 | length:
			into.SetSlug(p.text(value))
		default:
			p.odd = true
		}
	}
	if len(types) > 0 {
		into.SetGrantableTo(p.typeLists.listOf(types))
	}
	if len(annotations) > 0 {
		into.SetAnnotations(p.annotationLists.listOf(annotations))
	}
	return &into.Entitlement
}

// resourceType reads the little that an entitlement keeps of a resource type.
func (p *parser) resourceType(message []byte) *v2.ResourceType {
	resourceType := p.resourceTypes.next()
	for len(message) > 0 {
		tag, value, rest := field(message)
		message = rest
		p.odd = p.odd || tag != 1<<3|length
		resourceType.SetId(p.text(value))
	}
	return resourceType
}
