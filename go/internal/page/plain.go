package page

import v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"

// Almost all grants are plain: an entitlement and a principal that have nothing but ids, and an id, in this order. They
// are read here in three quarters of the time that [parser.grant] takes for any grant.

// plainGrant reads a grant that is plain. For another it is false, and the grant as it was.
func (p *parser) plainGrant(into *grant, message []byte) bool {
	first, entitlement, message := field(message)
	second, principal, message := field(message)
	third, id, message := field(message)
	if first != 1<<3|length || second != 2<<3|length || third != 3<<3|length || len(message) > 0 {
		return false
	}
	principalType, principalID, ok := reference(principal)
	if !ok || !p.plainEntitlement(&into.entitlement, entitlement) {
		return false
	}
	into.SetEntitlement(&into.entitlement.Entitlement)
	into.SetPrincipal(p.plainResource(&into.principal, principalType, principalID))
	into.SetId(p.text(id))
	return true
}

// plainEntitlement reads the entitlement of a plain grant. Most have that of the row before, whose texts are the first
// three there.
func (p *parser) plainEntitlement(into *entitlement, message []byte) bool {
	if len(message) > 0 && string(message) == string(p.held) {
		into.resource.id.SetResourceType(p.before[0])
		into.resource.id.SetResource(p.before[1])
		into.resource.SetId(&into.resource.id)
		into.SetResource(&into.resource.Resource)
		into.SetId(p.before[2])
		p.texts = 3
		return true
	}
	resource, rest := leading(message, 1<<3|length)
	id, rest := leading(rest, 2<<3|length)
	resourceType, resourceID, ok := reference(resource)
	if !ok || !ended(rest) {
		return false
	}
	into.SetResource(p.plainResource(&into.resource, resourceType, resourceID))
	into.SetId(p.text(id))
	p.held = message
	return true
}

func (p *parser) plainResource(into *resource, resourceType, id []byte) *v2.Resource {
	into.id.SetResourceType(p.text(resourceType))
	into.id.SetResource(p.text(id))
	into.SetId(&into.id)
	return &into.Resource
}

// reference takes a resource apart that has nothing but a type and an id.
func reference(message []byte) (resourceType, id []byte, ok bool) {
	both, rest := leading(message, 1<<3|length)
	resourceType, behind := leading(both, 1<<3|length)
	id, behind = leading(behind, 2<<3|length)
	return resourceType, id, ended(rest) && ended(behind)
}

// leading is the first field of a message and what comes behind it; nil if it has another tag, or more than 127 bytes.
// The compiler has it in place of a call.
func leading(message []byte, tag byte) (value, rest []byte) {
	if len(message) < 2 || message[0] != tag || message[1] >= 0x80 || 2+int(message[1]) > len(message) {
		return nil, nil
	}
	end := 2 + int(message[1])
	return message[2:end], message[end:]
}

// ended is whether leading found the field, and nothing comes behind it.
func ended(rest []byte) bool { return rest != nil && len(rest) == 0 }
