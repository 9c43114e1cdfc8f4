//! `c1.connector.v2.Grant` ↔ `c1.storage.v3.GrantRecord`.

use std::borrow::Cow;
use std::ops::Range;

use super::all_or_nothing;
use super::any::{put_annotations, Any};
use super::expandable::{is_expandable, put_expandable_annotation, Expandable};
use super::last_grant::{LastPut, LastRead};
use super::refs::{put_ids, EmbeddedEntitlement, EmbeddedPrincipal};
use super::sources::Sources;
use super::stamp::{put_timestamp, Stamp, Timestamp};
use super::stubs::{canonical_id, put_principal_stub, Reference};
use crate::keys::{GrantRef, ResourceRef};
use crate::proto::wire::{
    fields, merge, put_bytes, put_fields, put_message, put_nested, put_varint, values, Malformed,
};

#[derive(Default)]
struct Grant<'a> {
    entitlement: Option<Cow<'a, [u8]>>,
    /// The field that it comes from, as it stands.
    entitlement_field: &'a [u8],
    principal: Option<Cow<'a, [u8]>>,
    id: &'a str,
    annotated: bool,
    sources: Option<Cow<'a, [u8]>>,
}

impl<'a> Grant<'a> {
    fn parse(v2: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Self::default();
        for field in fields(v2) {
            let field = field?;
            match field.number {
                1 => {
                    merge(&mut message.entitlement, field.bytes()?);
                    message.entitlement_field = field.raw;
                }
                2 => merge(&mut message.principal, field.bytes()?),
                3 => message.id = field.str()?,
                4 => message.annotated = true,
                5 => merge(&mut message.sources, field.bytes()?),
                _ => {}
            }
        }
        Ok(message)
    }

    /// The annotations of the message that was parsed; most have none.
    fn annotations(&self, v2: &'a [u8]) -> impl Iterator<Item = Result<&'a [u8], Malformed>> {
        values(if self.annotated { v2 } else { &[] }, 4)
    }

    /// What it refers to, each message found once.
    fn embedded(&self) -> Result<Embedded<'_>, Malformed> {
        Ok(Embedded {
            entitlement: EmbeddedEntitlement::parse(self.entitlement.as_deref().unwrap_or_default())?,
            principal: EmbeddedPrincipal::parse(self.principal.as_deref().unwrap_or_default())?,
        })
    }

    /// Appends fields 2 to 4 of the record: which grant it is. Returns where field 3 is.
    fn put_identity(&self, ids: &Ids<'_>, out: &mut Vec<u8>) -> Range<usize> {
        let GrantRef { entitlement, principal } = ids.grant;
        put_bytes(out, 2, ids.external_id.as_bytes());
        let start = out.len();
        if self.entitlement.is_some() {
            put_nested(out, 3, |out| {
                put_ids(out, entitlement.resource, 1, 2);
                put_bytes(out, 3, entitlement.id.as_bytes());
            });
        }
        let reference = start..out.len();
        if self.principal.is_some() {
            put_nested(out, 4, |out| {
                put_ids(out, principal, 1, 2);
                put_ids(out, ids.parent, 3, 4);
            });
        }
        reference
    }

    /// Appends field 9 of the record.
    fn put_sources(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        if let Some(sources) = &self.sources {
            Sources::of_message(sources)?.put_in_record(out);
        }
        Ok(())
    }
}

struct Embedded<'a> {
    entitlement: EmbeddedEntitlement<'a>,
    principal: EmbeddedPrincipal<'a>,
}

/// The ids of one grant.
struct Ids<'a> {
    grant: GrantRef<'a>,
    parent: ResourceRef<'a>,
    /// Empty if it follows from the references.
    external_id: &'a str,
}

impl<'a> Ids<'a> {
    fn of(message: &Grant<'a>, embedded: &'a Embedded<'_>) -> Result<Self, Malformed> {
        let Embedded { entitlement, principal } = embedded;
        let grant = GrantRef { entitlement: entitlement.identity()?, principal: principal.identity()? };
        let refers = message.entitlement.is_some() && message.principal.is_some();
        let external_id = if refers && grant.is_canonical_id(message.id) { "" } else { message.id };
        Ok(Self { grant, parent: principal.parent()?, external_id })
    }
}

/// Shows `see` which grant a v2 grant is, as far as it says.
pub fn grant_identity<T>(v2: &[u8], see: impl FnOnce(GrantRef<'_>) -> T) -> Result<T, Malformed> {
    let message = Grant::parse(v2)?;
    let Embedded { entitlement, principal } = message.embedded()?;
    Ok(see(GrantRef { entitlement: entitlement.identity()?, principal: principal.identity()? }))
}

/// Appends the record of a v2 grant that a connector put.
///
/// The first `GrantExpandable` annotation that decodes leaves the annotations: as the record's expansion if it names
/// an entitlement, for good if it does not. A grant without one has no expansion, whatever was stored before.
pub fn grant_to_record(v2: &[u8], stamp: &Stamp<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
    next_grant_to_record(v2, Expansion::InAnnotations, stamp, &mut LastPut::default(), out)
}

/// Where it says what a grant expands.
#[derive(Clone, Copy, Debug)]
pub enum Expansion<'e> {
    /// In its annotations: it was not expanded yet.
    InAnnotations,
    /// Beside it, in an encoded `c1.connector.v2.GrantExpandable`, or nowhere; its annotations are what they are.
    Beside {
        /// Empty if the grant expands nothing.
        expandable: &'e [u8],
        /// Whether that is still to be done.
        pending: bool,
    },
}

/// [`grant_to_record`] for one of many.
pub(super) fn next_grant_to_record(
    v2: &[u8],
    expansion: Expansion<'_>,
    stamp: &Stamp<'_>,
    last: &mut LastPut,
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    // One without annotations expands nothing, unless that is said elsewhere.
    let is_plain = matches!(expansion, Expansion::InAnnotations | Expansion::Beside { expandable: [], .. });
    if is_plain && last.put_alike(v2, stamp, out) {
        return Ok(());
    }
    let message = Grant::parse(v2)?;
    let (taken, expandable, pending) = match expansion {
        Expansion::InAnnotations => {
            let first = if message.annotated { Expandable::first(v2, 4)? } else { None };
            let (taken, expandable) = first.unzip();
            (taken, expandable, true)
        }
        Expansion::Beside { expandable: [], .. } => (None, None, false),
        Expansion::Beside { expandable, pending } => (None, Some(Expandable::parse(expandable)?), pending),
    };
    let expansion = expandable.filter(|expandable| expandable.names_an_entitlement);
    let embedded = message.embedded()?;
    let ids = Ids::of(&message, &embedded)?;
    all_or_nothing(out, |out| {
        let reference = message.put_identity(&ids, out);
        // One that comes in several fields is merged.
        if let Some(Cow::Borrowed(_)) = message.entitlement {
            last.set(message.entitlement_field, &out[reference], ids.grant.entitlement.id);
        }
        put_timestamp(out, 5, stamp.discovered_at);
        if let Some(expansion) = &expansion {
            put_nested(out, 6, |out| expansion.put(out))?;
        }
        put_varint(out, 7, u64::from(pending && expansion.is_some()));
        for (place, annotation) in message.annotations(v2).enumerate() {
            let annotation = annotation?;
            Any::parse(annotation)?;
            if Some(place) != taken {
                put_message(out, 8, annotation);
            }
        }
        message.put_sources(out)?;
        put_bytes(out, 10, stamp.source_scope_key.as_bytes());
        Ok(())
    })
}

/// Appends the record of a v2 grant that the expander writes back, as if there were none yet: discovered `now`, with
/// neither expansion nor scope. What a stored one keeps is up to the engine.
///
/// `GrantExpandable` annotations are dropped: the expander copies grants together with the annotation, and a derived
/// grant must not be expanded again.
pub fn expanded_grant_to_record(v2: &[u8], now: Timestamp, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let message = Grant::parse(v2)?;
    let embedded = message.embedded()?;
    let ids = Ids::of(&message, &embedded)?;
    all_or_nothing(out, |out| {
        message.put_identity(&ids, out);
        put_timestamp(out, 5, now);
        for annotation in message.annotations(v2) {
            let annotation = annotation?;
            if !is_expandable(&Any::parse(annotation)?) {
                put_message(out, 8, annotation);
            }
        }
        message.put_sources(out)
    })
}

#[derive(Default)]
struct Record<'a> {
    external_id: &'a str,
    entitlement: Option<Cow<'a, [u8]>>,
    principal: Option<Cow<'a, [u8]>>,
    expansion: Option<Cow<'a, [u8]>>,
    needs_expansion: bool,
    annotated: bool,
    has_sources: bool,
}

impl<'a> Record<'a> {
    fn parse(v3: &'a [u8]) -> Result<Self, Malformed> {
        let mut record = Self::default();
        for field in fields(v3) {
            let field = field?;
            match field.number {
                2 => record.external_id = field.str()?,
                3 => merge(&mut record.entitlement, field.bytes()?),
                4 => merge(&mut record.principal, field.bytes()?),
                6 => merge(&mut record.expansion, field.bytes()?),
                7 => record.needs_expansion = field.varint()? != 0,
                8 => record.annotated = true,
                9 => record.has_sources = true,
                _ => {}
            }
        }
        Ok(record)
    }

    fn references(&self) -> Result<[Option<Reference<'_>>; 2], Malformed> {
        Ok([
            self.entitlement.as_deref().map(Reference::parse).transpose()?,
            self.principal.as_deref().map(Reference::parse).transpose()?,
        ])
    }
}

/// Appends the v2 grant of a record, as its connector sent it but that a `GrantExpandable` annotation comes last.
pub fn grant_from_record(v3: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    next_grant_from_record(v3, &mut LastRead::default(), out)
}

/// [`grant_from_record`] for one of many.
pub(super) fn next_grant_from_record(v3: &[u8], last: &mut LastRead, out: &mut Vec<u8>) -> Result<(), Malformed> {
    if last.put_alike(v3, out) {
        return Ok(());
    }
    let record = Record::parse(v3)?;
    if let Some(entitlement) = &record.entitlement {
        last.set(entitlement)?;
    }
    let principal = record.principal.as_deref().map(Reference::parse).transpose()?;
    let sources = if record.has_sources { Some(Sources::of_record(v3)?) } else { None };
    all_or_nothing(out, |out| {
        if record.entitlement.is_some() {
            out.extend_from_slice(last.stub());
        }
        if let Some(principal) = &principal {
            put_nested(out, 2, |out| put_principal_stub(out, principal));
        }
        match (record.external_id, &record.entitlement, &principal) {
            ("", Some(_), Some(principal)) => last.put_canonical_id(principal.id(), out),
            (id, ..) => put_bytes(out, 3, id.as_bytes()),
        }
        if record.annotated {
            put_annotations(out, 4, v3, 8)?;
        }
        if let Some(expansion) = &record.expansion {
            put_expandable_annotation(out, 4, expansion);
        }
        if let Some(sources) = sources {
            sources.put_in_grant(out);
        }
        Ok(())
    })
}

/// Appends the `c1z.v1.GrantWithAnnotation` of a record.
pub(super) fn next_grant_with_annotation(v3: &[u8], last: &mut LastRead, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let record = Record::parse(v3)?;
    all_or_nothing(out, |out| {
        put_nested(out, 1, |out| next_grant_from_record(v3, last, out))?;
        if let Some(expansion) = &record.expansion {
            put_message(out, 2, expansion);
            put_varint(out, 3, record.needs_expansion.into());
        }
        Ok(())
    })
}

/// Appends a stored grant as hosts are shown records: under its public id, also where that follows from its identity.
pub(super) fn grant_record(v3: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    all_or_nothing(out, |out| {
        let id = grant_public_id(v3)?;
        put_fields(out, v3, 1..=1)?;
        put_bytes(out, 2, id.as_bytes());
        put_fields(out, v3, 3..=u32::MAX)
    })
}

/// The public id of a stored grant: its external id or, if that is empty, `entitlement id:principal type:principal id`.
pub fn grant_public_id(v3: &[u8]) -> Result<Cow<'_, str>, Malformed> {
    let record = Record::parse(v3)?;
    match (record.external_id, record.references()?) {
        ("", [Some(entitlement), Some(principal)]) => {
            let id = canonical_id(entitlement.entitlement_id(), principal.id()).concat();
            String::from_utf8(id).map(Cow::Owned).map_err(|_| Malformed::Utf8 { number: 3 })
        }
        (id, _) => Ok(id.into()),
    }
}

/// Appends a stored grant as it was before expansion. The expander names a grant's own entitlement among the sources that it
/// gives it; sources without that are what its connector said.
pub fn unexpanded_grant(v3: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    const SOURCES: u32 = 9;
    let record = Record::parse(v3)?;
    let own = record.references()?[0].as_ref().map_or(&b""[..], |entitlement| entitlement.entitlement_id());
    if !Sources::of_record(v3)?.names(own) {
        out.extend_from_slice(v3);
        return Ok(());
    }
    all_or_nothing(out, |out| {
        for field in fields(v3) {
            let field = field?;
            if field.number != SOURCES {
                out.extend_from_slice(field.raw);
            }
        }
        Ok(())
    })
}

/// Appends the annotations of a stored grant, as lists show them, in field `number` of some message.
pub fn append_grant_annotations(v3: &[u8], number: u32, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let record = Record::parse(v3)?;
    put_annotations(out, number, v3, 8)?;
    if let Some(expansion) = &record.expansion {
        put_expandable_annotation(out, number, expansion);
    }
    Ok(())
}

/// The expansion of a stored grant as an encoded `c1.connector.v2.GrantExpandable`, `None` if it is not expandable.
pub fn grant_expandable(v3: &[u8]) -> Result<Option<Cow<'_, [u8]>>, Malformed> {
    Ok(Record::parse(v3)?.expansion)
}
