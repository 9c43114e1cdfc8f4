//! What is done to a file, with few ids that collide, nest and need escaping, so that everything happens to everything.

use c1z::proto::connector::grant_sources::GrantSource;
use c1z::proto::storage::PrincipalRef;
use c1z::proto::Profile;
use prost::Message;
use prost_types::{value::Kind, Any, Struct, Value};

use super::driver::*;
use super::rows::EXPANDABLE;

pub const TYPES: [&str; 4] = ["a", "a:b", "b", "\0"];
pub const IDS: [&str; 6] = ["a", "b", "b:a", "a\0", "\u{1}é", ":"];
pub const ENTITLEMENT_IDS: [&str; 8] = ["m", "a:b:m", "a:b:a:m", "a:b:a:", "a:a:m", "ab", "a:b:m:a:a", "é\0"];
pub const GRANT_IDS: [&str; 6] =
    ["g", "a:b:m:a:a", "a:b:a:m:b:b", "g:1", "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19", "\0"];
pub const ASSETS: [&str; 3] = ["icon", "icon\0", "é"];
pub const SESSION_KEYS: [&str; 7] = ["", "k", "k1", "%", "a\0b", "ab", "a"];
pub const SESSION_PREFIXES: [&str; 6] = ["", "a", "ab", "%", "a\0", "k_"];
pub const SESSION_SYNCS: [&str; 3] = ["", "no sync", "no sync\0"];

/// A KSUID that no file gives to a sync by itself.
pub const CHOSEN_SYNC: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOv";
pub const NO_KSUID: &str = "no ksuid";

pub const TAILS: [&str; 4] = ["m", "", "a:m", ":::::::::::::::::"];
pub const SYNC_TYPES: [&str; 5] = ["full", "partial", "resources_only", "", "partial_upserts"];

pub type Ref = (&'static str, &'static str);

/// Which sync is named: the one that was made so many syncs ago, or one that never was.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    Ago(usize),
    Chosen,
    NoKsuid,
    Empty,
}

#[derive(Clone, Copy, Debug)]
pub enum EntitlementId {
    /// Starts with the type and the id of its resource.
    Below(&'static str),
    Text(&'static str),
}

#[derive(Clone, Debug)]
pub enum GrantId {
    Empty,
    Canonical,
    Text(&'static str),
    /// The canonical id of another grant.
    Of(Box<GrantRefs>),
}

#[derive(Clone, Copy, Debug)]
pub struct EntitlementRefs {
    pub resource: Ref,
    pub id: EntitlementId,
}

#[derive(Clone, Copy, Debug)]
pub struct GrantRefs {
    pub entitlement: EntitlementRefs,
    pub principal: Ref,
}

#[derive(Clone, Debug)]
pub enum Expand {
    To(Vec<&'static str>, bool),
    Undecodable,
}

#[derive(Clone, Debug)]
pub struct ResourceSpec {
    pub id: Ref,
    pub parent: Option<Ref>,
    pub variant: u8,
}

#[derive(Clone, Debug)]
pub struct EntitlementSpec {
    pub refs: EntitlementRefs,
    pub variant: u8,
}

#[derive(Clone, Debug)]
pub struct GrantSpec {
    pub refs: GrantRefs,
    pub id: GrantId,
    pub principal_parent: Option<Ref>,
    pub expand: Vec<Expand>,
    pub variant: u8,
}

#[derive(Clone, Copy, Debug)]
pub struct ContributionSpec {
    pub principal: Ref,
    pub parent: Option<Ref>,
    pub variant: u8,
}

#[derive(Clone, Copy, Debug)]
pub enum Stored {
    GrantsByRefs,
    GrantById,
    Entitlement,
    Resource,
}

#[derive(Clone, Debug)]
pub enum Operation {
    StartSync {
        sync_type: &'static str,
        parent: &'static str,
        id: Which,
    },
    StartOrResumeSync {
        sync_type: &'static str,
        id: Which,
    },
    ResumeSync(Which),
    SetCurrentSync(Which),
    Checkpoint(&'static str),
    EndSync,
    PutResourceTypes(Vec<(&'static str, u8)>),
    PutResources(Vec<ResourceSpec>),
    PutEntitlements(Vec<EntitlementSpec>),
    PutGrants(Vec<GrantSpec>),
    PutExpandedGrants(Vec<GrantSpec>),
    PutContributions {
        of: EntitlementRefs,
        list: Vec<ContributionSpec>,
        promised_new: bool,
    },
    PutAsset {
        id: &'static str,
        size: usize,
    },
    DeleteGrant(GrantId, GrantRefs),
    DeleteGrants(Vec<GrantRefs>),
    DeleteEntitlement(EntitlementRefs),
    DeleteResource(Ref),
    /// Deletes records of the bound sync by their places in its lists, wrapping around.
    DeleteStored(Stored, Vec<usize>),
    /// What expansion does: stored grants come back with other sources.
    ExpandStored(Vec<usize>, u8),
    SetSession {
        sync: Which,
        prefix: &'static str,
        values: Vec<(&'static str, usize)>,
    },
    DeleteSession {
        sync: Which,
        prefix: &'static str,
        keys: Vec<&'static str>,
    },
    ClearSession {
        sync: Which,
        prefix: &'static str,
    },
    Cleanup(u32),
    Diff(Which, Which),
    Clone(Which),
    MarkSupportsDiff(Which),
    MarkVerified(Which),
    ClearVerification(Which),
    RecalculateStats(Which),
    Reopen {
        save: bool,
        read_only: bool,
    },
}

impl EntitlementRefs {
    pub fn public_id(&self) -> String {
        match self.id {
            EntitlementId::Below(tail) => format!("{}:{}:{tail}", self.resource.0, self.resource.1),
            EntitlementId::Text(id) => id.to_owned(),
        }
    }

    pub fn message(&self) -> Entitlement {
        Entitlement { id: self.public_id(), resource: Some(stub(self.resource)), ..Entitlement::default() }
    }
}

impl GrantRefs {
    pub fn canonical_id(&self) -> String {
        format!("{}:{}:{}", self.entitlement.public_id(), self.principal.0, self.principal.1)
    }

    pub fn message(&self) -> Grant {
        Grant {
            entitlement: Some(self.entitlement.message()),
            principal: Some(stub(self.principal)),
            ..Grant::default()
        }
    }
}

impl GrantId {
    pub fn text(&self, own: &GrantRefs) -> String {
        match self {
            GrantId::Empty => String::new(),
            GrantId::Canonical => own.canonical_id(),
            GrantId::Text(id) => (*id).to_owned(),
            GrantId::Of(other) => other.canonical_id(),
        }
    }
}

/// What a grant of that variant comes from.
pub fn sources(variant: u8) -> GrantSources {
    let source = |id: &&str| ((*id).to_owned(), GrantSource { is_direct: variant.is_multiple_of(2) });
    GrantSources { sources: ["m", "\0"][..usize::from(variant % 3)].iter().map(source).collect() }
}

pub fn resource_id((resource_type, resource): Ref) -> ResourceId {
    ResourceId { resource_type: resource_type.to_owned(), resource: resource.to_owned(), baton_resource: false }
}

fn stub(id: Ref) -> Resource {
    Resource { id: Some(resource_id(id)), ..Resource::default() }
}

fn note(text: &str) -> Any {
    Any { type_url: "type.googleapis.com/example.Note".to_owned(), value: text.as_bytes().to_vec() }
}

pub fn resource_type((id, variant): &(&'static str, u8)) -> ResourceType {
    ResourceType {
        id: (*id).to_owned(),
        display_name: format!("type {variant}"),
        traits: (0..i32::from(variant % 3)).collect(),
        annotations: (0..variant % 2).map(|_| note("of a type")).collect(),
        sourced_externally: variant % 4 == 3,
        ..ResourceType::default()
    }
}

impl ResourceSpec {
    #[allow(deprecated)]
    pub fn message(&self) -> Resource {
        let bit = |bit: u8| self.variant & (1 << bit) != 0;
        let number = Value { kind: Some(Kind::NumberValue(f64::from(self.variant))) };
        Resource {
            parent_resource_id: self.parent.map(resource_id),
            display_name: format!("resource {}", self.variant),
            annotations: bit(0).then(|| note("of a resource")).into_iter().collect(),
            baton_resource: bit(1),
            external_id: bit(1).then(|| ExternalId { id: "elsewhere".into(), ..ExternalId::default() }),
            profile: bit(2)
                .then(|| Profile { encoded: Struct { fields: [("n".to_owned(), number)].into() }.encode_to_vec() }),
            icon: bit(3).then(|| AssetRef { id: if bit(4) { "icon".into() } else { String::new() } }),
            status: bit(5).then(|| Status { status: 99, details: String::new() }),
            ..stub(self.id)
        }
    }
}

impl EntitlementSpec {
    pub fn message(&self) -> Entitlement {
        let variant = self.variant;
        let type_of =
            |id: &&str| ResourceType { id: (*id).into(), display_name: "copied".into(), ..ResourceType::default() };
        let mut entitlement = Entitlement {
            display_name: format!("entitlement {variant}"),
            grantable_to: ["a", "", "b"][..usize::from(variant % 4)].iter().map(type_of).collect(),
            annotations: (0..variant % 2).map(|_| note("of an entitlement")).collect(),
            purpose: i32::from(variant % 6),
            slug: ["", "slug"][usize::from(variant % 2)].to_owned(),
            ..self.refs.message()
        };
        match variant {
            250.. => entitlement.resource = None,
            245..=249 => entitlement.resource = Some(stub((self.refs.resource.0, ""))),
            _ => entitlement.resource.as_mut().unwrap().display_name = "copied".into(),
        }
        entitlement
    }
}

impl Expand {
    fn annotation(&self) -> Any {
        let value = match self {
            Expand::Undecodable => vec![0x0a, 0xff],
            Expand::To(ids, shallow) => {
                let entitlement_ids = ids.iter().map(|id| (*id).to_owned()).collect();
                GrantExpandable { entitlement_ids, shallow: *shallow, resource_type_ids: vec!["a".into()] }
                    .encode_to_vec()
            }
        };
        Any { type_url: EXPANDABLE.to_owned(), value }
    }
}

impl ContributionSpec {
    pub fn message(&self) -> GrantContribution {
        let parent = self.parent.unwrap_or_default();
        let principal = PrincipalRef {
            resource_type_id: self.principal.0.into(),
            resource_id: self.principal.1.into(),
            parent_resource_type_id: parent.0.into(),
            parent_resource_id: parent.1.into(),
        };
        let principal = (self.variant < 254).then_some(principal);
        GrantContribution { principal, sources: (self.variant != 253).then(|| sources(1 + self.variant % 2)) }
    }
}

impl GrantSpec {
    pub fn message(&self) -> Grant {
        let mut annotations: Vec<Any> = self.expand.iter().map(Expand::annotation).collect();
        annotations.extend((0..self.variant % 3).map(|_| note("of a grant")));
        let rotation = usize::from(self.variant) % annotations.len().max(1);
        annotations.rotate_left(rotation);
        let mut grant = Grant {
            id: self.id.text(&self.refs),
            annotations,
            sources: (!self.variant.is_multiple_of(5)).then(|| sources(self.variant)),
            ..self.refs.message()
        };
        let principal = grant.principal.as_mut().unwrap();
        principal.parent_resource_id = self.principal_parent.map(resource_id);
        match self.variant {
            254.. => grant.entitlement = None,
            252..=253 => grant.principal = None,
            250..=251 => principal.id = Some(resource_id(("", "a"))),
            248..=249 => grant.entitlement.as_mut().unwrap().id.clear(),
            _ => {}
        }
        grant
    }
}
