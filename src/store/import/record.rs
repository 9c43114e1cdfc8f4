//! Whether a stranger's record is one that can be stored.

use prost::Message;

use crate::engine::{Asset, Entitlement, Grant, Kind, Resource, ResourceType};
use crate::keys::{self, Slot};
use crate::memory::ask_for;
use crate::proto::storage::{EntitlementRecord, GrantRecord, ResourceRecord, ResourceTypeRecord};
use crate::proto::wire::{fields, values, Malformed};
use crate::proto::{explain, first_unreadable};
use crate::quoted::{self, Quoted};
use crate::reflect::check_cost;
use crate::store::records::MAX_SCOPE_BYTES;
use crate::translate::{self, FromRecords, Shape};

/// Looks at records of one kind, one after the other.
pub struct Check {
    kind: Kind,
    /// Of assets nothing is shown but their bytes.
    shown: Option<FromRecords>,
    message: Vec<u8>,
}

impl Check {
    pub fn new(kind: Kind) -> Check {
        let shape = match kind {
            Kind::ResourceType => Some(Shape::ResourceType),
            Kind::Resource => Some(Shape::Resource),
            Kind::Entitlement => Some(Shape::Entitlement),
            Kind::Grant => Some(Shape::Grant),
            Kind::Asset => None,
        };
        Check { kind, shown: shape.map(FromRecords::new), message: Vec::new() }
    }

    /// Fails with what is wrong: a record that a protobuf reader would not accept or nobody could be shown, a part of the identity
    /// that is missing, a scope that is too long.
    pub fn check(&mut self, record: &[u8]) -> Result<(), String> {
        let malformed = |error| explain(message_of(self.kind), record, error);
        decodes(self.kind, record)?;
        self.message.clear();
        if let Some(shown) = &mut self.shown {
            shown.append(record, &mut self.message).map_err(malformed)?;
        }
        let (missing, scope) = parts(self.kind, record).map_err(malformed)?;
        match (missing, scope.len()) {
            (Some(part), _) => Err(format!("it has no {part}")),
            (None, length) if length > MAX_SCOPE_BYTES => {
                Err(format!("its source_scope_key has {length} bytes, at most {MAX_SCOPE_BYTES} are permitted"))
            }
            _ => Ok(()),
        }
    }
}

/// The part of the identity that is missing, if one is, and the scope, or "".
fn parts(kind: Kind, record: &[u8]) -> Result<(Option<&'static str>, &str), Malformed> {
    Ok(match kind {
        Kind::ResourceType => ResourceType::parse(record).map(|_| (None, ""))?,
        Kind::Resource => {
            translate::check_profile(record)?;
            (None, Resource::parse(record)?.source_scope)
        }
        Kind::Entitlement => {
            let entitlement = Entitlement::parse(record)?;
            (entitlement.missing(), entitlement.source_scope)
        }
        Kind::Grant => {
            let grant = Grant::parse(record)?;
            (grant.missing(), grant.source_scope)
        }
        Kind::Asset => (Asset::parse(record)?.id.is_empty().then_some("id"), ""),
    })
}

/// Whether a protobuf reader that knows the schema accepts the record. Of what nobody is shown nothing else would tell.
fn decodes(kind: Kind, record: &[u8]) -> Result<(), String> {
    fn decode<M: Message + Default>(name: &str, record: &[u8]) -> Result<(), String> {
        check_cost(name, record).and_then(|()| ask_for(2 * record.len())).map_err(|error| error.to_string())?;
        match M::decode(record) {
            Ok(_) => Ok(()),
            Err(error) => Err(first_unreadable(name, record).unwrap_or_else(|| quoted::line(error))),
        }
    }
    let name = message_of(kind);
    match kind {
        Kind::ResourceType => decode::<ResourceTypeRecord>(name, record),
        Kind::Resource => decode::<ResourceRecord>(name, record),
        Kind::Entitlement => decode::<EntitlementRecord>(name, record),
        Kind::Grant => decode::<GrantRecord>(name, record),
        Kind::Asset => asset_decodes(record).map_err(|error| explain(name, record, error)),
    }
}

/// An asset may be as large as memory permits: it is not copied.
fn asset_decodes(record: &[u8]) -> Result<(), Malformed> {
    for field in fields(record) {
        let field = field?;
        match field.number {
            1..=3 => drop(field.str()?),
            4 => drop(field.bytes()?),
            5 => {
                for part in fields(field.bytes()?) {
                    let part = part?;
                    if part.number <= 2 {
                        part.varint()?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The full name of the message that a record of that kind is.
fn message_of(kind: Kind) -> &'static str {
    match kind {
        Kind::ResourceType => "c1.storage.v3.ResourceTypeRecord",
        Kind::Resource => "c1.storage.v3.ResourceRecord",
        Kind::Entitlement => "c1.storage.v3.EntitlementRecord",
        Kind::Grant => "c1.storage.v3.GrantRecord",
        Kind::Asset => "c1.storage.v3.AssetRecord",
    }
}

/// A record that may be no whole one, by its place in the call and its id, as far as it has one.
pub fn called(kind: Kind, index: usize, record: &[u8]) -> String {
    let last = |number| values(record, number).map_while(Result::ok).last();
    let id = match kind {
        Kind::Resource => last(2).zip(last(3)).map(|(of_type, id)| [of_type, id].join(&b':')),
        Kind::Grant => match last(2) {
            Some(id) => Some(id.to_vec()),
            None => Grant::parse(record).ok().map(|grant| grant.identity.canonical_id().into_bytes()),
        },
        _ => last(2).map(<[u8]>::to_vec),
    };
    let id = id.map(|id| format!(", {},", Quoted::new(id))).unwrap_or_default();
    format!("{} {index} of the call{id}", kind.keyspace().noun())
}

/// The key of a grant that was looked at, in no slot.
pub fn grant_key(grant: &[u8]) -> Result<Vec<u8>, Malformed> {
    Ok(keys::grant(Slot::NONE, Grant::parse(grant)?.identity))
}
