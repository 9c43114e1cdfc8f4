package page

import (
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/types/known/anypb"
)

func (p *parser) grant(message []byte) *v2.Grant {
	grant := p.grants.next()
	var few [4]*anypb.Any
	annotations := few[:0]
	f := p.fields(message)
	for f.more() {
		switch f.tag() {
		case 1<<3 | length:
			if f.once(!grant.HasEntitlement()) {
				grant.SetEntitlement(p.entitlement(f.bytes(), 2))
			}
		case 2<<3 | length:
			if f.once(!grant.HasPrincipal()) {
				grant.SetPrincipal(p.resource(f.bytes(), 2))
			}
		case 3<<3 | length:
			grant.SetId(f.text())
		case 4<<3 | length:
			annotations = append(annotations, p.annotation(f.bytes()))
		case 5<<3 | length:
			if f.once(!grant.HasSources()) {
				grant.SetSources(p.grantSources(f.bytes()))
			}
		default:
			f.end()
		}
	}
	if len(annotations) > 0 {
		grant.SetAnnotations(p.annotationLists.listOf(annotations))
	}
	return grant
}

func (p *parser) grantSources(message []byte) *v2.GrantSources {
	sources := p.sources.next()
	var byID map[string]*v2.GrantSources_GrantSource
	f := p.fields(message)
	for f.more() {
		if f.tag() != 1<<3|length {
			f.end()
			break
		}
		if byID == nil {
			byID = make(map[string]*v2.GrantSources_GrantSource)
		}
		id, source := p.grantSourceEntry(f.bytes())
		byID[id] = source
	}
	if byID != nil {
		sources.SetSources(byID)
	}
	return sources
}

// grantSourceEntry reads one entry of the map, either half of which may be missing.
func (p *parser) grantSourceEntry(message []byte) (id string, source *v2.GrantSources_GrantSource) {
	f := p.fields(message)
	for f.more() {
		switch f.tag() {
		case 1<<3 | length:
			id = f.text()
		case 2<<3 | length:
			if f.once(source == nil) {
				source = p.grantSource(f.bytes())
			}
		default:
			f.end()
		}
	}
	if source == nil {
		source = p.source.next()
	}
	return id, source
}

func (p *parser) grantSource(message []byte) *v2.GrantSources_GrantSource {
	source := p.source.next()
	f := p.fields(message)
	for f.more() {
		if f.tag() != 1<<3|number {
			f.end()
			break
		}
		source.SetIsDirect(f.bool())
	}
	return source
}
