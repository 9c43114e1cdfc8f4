package page

import "bytes"

// Almost all grants are plain: an entitlement and a principal that have nothing but ids, and an id, in this order. They
// are read here in half of the time that [parser.grant] takes for any grant.

// plainGrant reads a grant that is plain. For another it is false, and the grant as it was.
func (p *parser) plainGrant(into *grant, message []byte) bool {
	rest, held := bytes.CutPrefix(message, p.held)
	held = held && len(p.held) > 0
	if !held {
		_, _, rest = field(message)
	}
	principal, behind := leading(rest, 2<<3|length)
	principalType, principalID, ok := reference(principal)
	tag, id, behind := field(behind)
	if !ok || tag != 3<<3|length || len(behind) > 0 || !held && !p.hold(message[:len(message)-len(rest)]) {
		return false
	}
	p.texts = 3
	principalTypeText := p.text(principalType)
	principalIDText := p.text(principalID)
	idText := p.text(id)

	resource := &into.entitlement.resource
	resource.id.SetResourceType(p.before[0])
	resource.id.SetResource(p.before[1])
	resource.SetId(&resource.id)
	into.entitlement.SetResource(&resource.Resource)
	into.entitlement.SetId(p.before[2])
	into.SetEntitlement(&into.entitlement.Entitlement)
	into.principal.id.SetResourceType(principalTypeText)
	into.principal.id.SetResource(principalIDText)
	into.principal.SetId(&into.principal.id)
	into.SetPrincipal(&into.principal.Resource)
	into.SetId(idText)
	return true
}

// hold reads the first field of a plain grant, its entitlement. Most grants that follow have the same: its texts are the
// first three of theirs.
func (p *parser) hold(first []byte) bool {
	tag, message, _ := field(first)
	resource, rest := leading(message, 1<<3|length)
	id, rest := leading(rest, 2<<3|length)
	resourceType, resourceID, ok := reference(resource)
	if !ok || tag != 1<<3|length || !ended(rest) {
		return false
	}
	p.texts = 0
	p.text(resourceType)
	p.text(resourceID)
	p.text(id)
	p.held = first
	return true
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
