package page

import (
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/types/known/anypb"
)

func (p *parser) entitlementRow(message []byte) *v2.Entitlement { return p.entitlement(message, 1) }

// entitlement reads an entitlement that lies depth messages down in the page.
func (p *parser) entitlement(message []byte, depth int) *v2.Entitlement {
	entitlement := p.entitlements.next()
	var few [4]*anypb.Any
	annotations := few[:0]
	var fewTypes [4]*v2.ResourceType
	types := fewTypes[:0]
	f := p.fields(message)
	for f.more() {
		switch f.tag() {
		case 1<<3 | length:
			if f.once(!entitlement.HasResource()) {
				entitlement.SetResource(p.resource(f.bytes(), depth+1))
			}
		case 2<<3 | length:
			entitlement.SetId(f.text())
		case 3<<3 | length:
			entitlement.SetDisplayName(f.text())
		case 4<<3 | length:
			entitlement.SetDescription(f.text())
		case 5<<3 | length:
			types = append(types, p.resourceType(f.bytes()))
		case 6<<3 | length:
			annotations = append(annotations, p.annotation(f.bytes()))
		case 7<<3 | number:
			entitlement.SetPurpose(v2.Entitlement_PurposeValue(f.varint()))
		case 8<<3 | length:
			entitlement.SetSlug(f.text())
		default:
			f.end()
		}
	}
	if len(types) > 0 {
		entitlement.SetGrantableTo(p.typeLists.listOf(types))
	}
	if len(annotations) > 0 {
		entitlement.SetAnnotations(p.annotationLists.listOf(annotations))
	}
	return entitlement
}

// resourceType reads the little that an entitlement keeps of a resource type.
func (p *parser) resourceType(message []byte) *v2.ResourceType {
	resourceType := p.resourceTypes.next()
	f := p.fields(message)
	for f.more() {
		if f.tag() != 1<<3|length {
			f.end()
			break
		}
		resourceType.SetId(f.text())
	}
	return resourceType
}
