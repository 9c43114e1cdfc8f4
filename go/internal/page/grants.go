package page

import (
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/types/known/anypb"
)

func (p *parser) grant(message []byte) *v2.Grant {
	grant := p.grants.next()
	if p.plainGrant(grant, message) {
		return &grant.Grant
	}
	p.held = nil
	var few [4]*anypb.Any
	annotations := few[:0]
	for len(message) > 0 {
		tag, value, rest := field(message)
		message = rest
		switch tag {
		case 1<<3 | length:
			if p.once(!grant.HasEntitlement()) {
				grant.SetEntitlement(p.entitlement(&grant.entitlement, value, 2))
			}
		case 2<<3 | length:
			if p.once(!grant.HasPrincipal()) {
				grant.SetPrincipal(p.resource(&grant.principal, value, 2))
			}
		case 3<<3 | length:
			grant.SetId(p.text(value))
		case 4<<3 | length:
			annotations = append(annotations, p.annotation(value))
		case 5<<3 | length:
			if p.once(!grant.HasSources()) {
				grant.SetSources(p.grantSources(value))
			}
		default:
			p.odd = true
		}
	}
	if len(annotations) > 0 {
		grant.SetAnnotations(p.annotationLists.listOf(annotations))
	}
	return &grant.Grant
}

func (p *parser) grantSources(message []byte) *v2.GrantSources {
	sources := p.sources.next()
	var byID map[string]*v2.GrantSources_GrantSource
	for len(message) > 0 {
		tag, value, rest := field(message)
		message = rest
		p.odd = p.odd || tag != 1<<3|length
		if byID == nil {
			byID = make(map[string]*v2.GrantSources_GrantSource)
		}
		id, source := p.grantSourceEntry(value)
		byID[id] = source
	}
	if byID != nil {
		sources.SetSources(byID)
	}
	return sources
}

// grantSourceEntry reads one entry of the map, either half of which may be missing.
func (p *parser) grantSourceEntry(message []byte) (id string, source *v2.GrantSources_GrantSource) {
	for len(message) > 0 {
		tag, value, rest := field(message)
		message = rest
		switch tag {
		case 1<<3 | length:
			id = p.text(value)
		case 2<<3 | length:
			if p.once(source == nil) {
				source = p.grantSource(value)
			}
		default:
			p.odd = true
		}
	}
	if source == nil {
		source = p.source.next()
	}
	return id, source
}

func (p *parser) grantSource(message []byte) *v2.GrantSources_GrantSource {
	source := p.source.next()
	for len(message) > 0 {
		tag, value, rest := field(message)
		message = rest
		p.odd = p.odd || tag != 1<<3|number
		source.SetIsDirect(boolean(value))
	}
	return source
}
