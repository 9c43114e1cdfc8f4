//! What is done to a file, at random: from few ids that collide, nest and need escaping, so that everything happens to
//! everything.

use c1z::proto::connector::grant_sources::GrantSource;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use prost::Message;
use prost_types::{value::Kind, Any, Struct, Value};

use super::driver::*;
use super::model::TIMINGS;
use super::rows::EXPANDABLE;

pub const TYPES: [&str; 4] = ["a", "a:b", "b", "\0"];
pub const IDS: [&str; 6] = ["a", "b", "b:a", "a\0", "\u{1}é", ":"];
pub const ENTITLEMENT_IDS: [&str; 8] = ["m", "a:b:m", "a:b:a:m", "a:b:a:", "a:a:m", "ab", "a:b:m:a:a", "é\0"];
pub const GRANT_IDS: [&str; 6] = ["g", "a:b:m:a:a", "a:b:a:m:b:b", "g:1", "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19", "\0"];
pub const ASSETS: [&str; 3] = ["icon", "icon\0", "é"];
pub const SESSION_KEYS: [&str; 7] = ["", "k", "k1", "%", "a\0b", "ab", "a"];
pub const SESSION_PREFIXES: [&str; 6] = ["", "a", "ab", "%", "a\0", "k_"];
pub const SESSION_SYNCS: [&str; 3] = ["", "no sync", "no sync\0"];

/// A KSUID that no file gives to a sync by itself.
pub const CHOSEN_SYNC: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOv";
pub const NO_KSUID: &str = "no ksuid";

const TAILS: [&str; 4] = ["m", "", "a:m", ":::::::::::::::::"];
const SYNC_TYPES: [&str; 5] = ["full", "partial", "resources_only", "", "partial_upserts"];

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

#[derive(Clone, Debug)]
pub enum Operation {
    StartSync { sync_type: &'static str, parent: &'static str, id: Which },
    StartOrResumeSync { sync_type: &'static str, id: Which },
    ResumeSync(Which),
    SetCurrentSync(Which),
    Checkpoint(&'static str),
    EndSync,
    PutResourceTypes(Vec<(&'static str, u8)>),
    PutResources(Vec<ResourceSpec>),
    PutEntitlements(Vec<EntitlementSpec>),
    PutGrants(Vec<GrantSpec>),
    PutExpandedGrants(Vec<GrantSpec>),
    PutAsset { id: &'static str, size: usize },
    DeleteGrant(GrantId, GrantRefs),
    DeleteGrants(Vec<GrantRefs>),
    DeleteEntitlement(EntitlementRefs),
    DeleteResource(Ref),
    SetSession { sync: Which, prefix: &'static str, values: Vec<(&'static str, usize)> },
    DeleteSession { sync: Which, prefix: &'static str, keys: Vec<&'static str> },
    ClearSession { sync: Which, prefix: &'static str },
    Cleanup(u32),
    Diff(Which, Which),
    Clone(Which),
    MarkSupportsDiff(Which),
    MarkVerified(Which),
    ClearVerification(Which),
    RecalculateStats(Which),
    Reopen { save: bool, read_only: bool },
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
            profile: bit(2).then(|| Struct { fields: [("n".to_owned(), number)].into() }),
            icon: bit(3).then(|| AssetRef { id: if bit(4) { "icon".into() } else { String::new() } }),
            status: bit(5).then(|| Status { status: 99, details: String::new() }),
            ..stub(self.id)
        }
    }
}

impl EntitlementSpec {
    pub fn message(&self) -> Entitlement {
        let variant = self.variant;
        let type_of = |id: &&str| ResourceType { id: (*id).into(), display_name: "copied".into(), ..ResourceType::default() };
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
                GrantExpandable { entitlement_ids, shallow: *shallow, resource_type_ids: vec!["a".into()] }.encode_to_vec()
            }
        };
        Any { type_url: EXPANDABLE.to_owned(), value }
    }
}

impl GrantSpec {
    pub fn message(&self) -> Grant {
        let mut annotations: Vec<Any> = self.expand.iter().map(Expand::annotation).collect();
        annotations.extend((0..self.variant % 3).map(|_| note("of a grant")));
        let rotation = usize::from(self.variant) % annotations.len().max(1);
        annotations.rotate_left(rotation);
        let source = |id: &&str| ((*id).to_owned(), GrantSource { is_direct: self.variant % 2 == 0 });
        let sources = GrantSources { sources: ["m", "\0"][..usize::from(self.variant % 3)].iter().map(source).collect() };
        let mut grant = Grant {
            id: self.id.text(&self.refs),
            annotations,
            sources: (self.variant % 5 > 0).then_some(sources),
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

fn any_of<const N: usize>(values: [&'static str; N]) -> impl Strategy<Value = &'static str> + Clone {
    proptest::sample::select(values.to_vec())
}

/// A reference, most often one of few.
fn reference() -> impl Strategy<Value = Ref> + Clone {
    prop_oneof![
        3 => (any_of(["a", "b"]), any_of(["a", "b"])),
        1 => prop_oneof![Just(("a", "b:a")), Just(("a:b", "a"))],
        2 => (any_of(TYPES), any_of(IDS)),
    ]
}

fn entitlement_refs() -> impl Strategy<Value = EntitlementRefs> + Clone {
    let id = prop_oneof![
        4 => any_of(["m", "", "a:m"]).prop_map(EntitlementId::Below),
        1 => any_of(TAILS).prop_map(EntitlementId::Below),
        3 => any_of(ENTITLEMENT_IDS).prop_map(EntitlementId::Text),
    ];
    (reference(), id).prop_map(|(resource, id)| EntitlementRefs { resource, id })
}

fn grant_refs() -> impl Strategy<Value = GrantRefs> + Clone {
    (entitlement_refs(), reference()).prop_map(|(entitlement, principal)| GrantRefs { entitlement, principal })
}

fn grant_id() -> impl Strategy<Value = GrantId> + Clone {
    prop_oneof![
        3 => Just(GrantId::Empty),
        2 => Just(GrantId::Canonical),
        2 => any_of(GRANT_IDS).prop_map(GrantId::Text),
        1 => grant_refs().prop_map(|refs| GrantId::Of(Box::new(refs))),
    ]
}

fn expand() -> impl Strategy<Value = Expand> + Clone {
    prop_oneof![
        6 => (vec(any_of(["m", "", " \t", "a:a:m"]), 0..4), any::<bool>()).prop_map(|(ids, shallow)| Expand::To(ids, shallow)),
        1 => Just(Expand::Undecodable),
    ]
}

fn grant() -> impl Strategy<Value = GrantSpec> + Clone {
    let expand = prop_oneof![3 => Just(vec![]), 2 => vec(expand(), 1..3)];
    (grant_refs(), grant_id(), weighted(0.2, reference_or_empty()), expand, variant()).prop_map(
        |(refs, id, principal_parent, expand, variant)| GrantSpec { refs, id, principal_parent, expand, variant },
    )
}

fn reference_or_empty() -> impl Strategy<Value = Ref> + Clone {
    prop_oneof![6 => reference(), 1 => Just(("a", "")), 1 => Just(("", "a"))]
}

/// The last few are those that make a message incomplete.
fn variant() -> impl Strategy<Value = u8> + Clone {
    prop_oneof![60 => 0u8..240, 1 => 240u8..]
}

fn resource() -> impl Strategy<Value = ResourceSpec> {
    (reference_or_empty(), weighted(0.5, reference_or_empty()), variant())
        .prop_map(|(id, parent, variant)| ResourceSpec { id, parent, variant })
}

fn entitlement() -> impl Strategy<Value = EntitlementSpec> {
    (entitlement_refs(), variant()).prop_map(|(refs, variant)| EntitlementSpec { refs, variant })
}

fn which() -> impl Strategy<Value = Which> + Clone {
    prop_oneof![
        12 => (0usize..5).prop_map(Which::Ago),
        1 => Just(Which::Chosen),
        1 => Just(Which::NoKsuid),
        1 => Just(Which::Empty),
    ]
}

fn sync_type() -> impl Strategy<Value = &'static str> + Clone {
    prop_oneof![4 => Just("full"), 2 => any_of(["partial", "resources_only"]), 1 => any_of(SYNC_TYPES)]
}

fn size() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![60 => 0usize..4, 1 => Just(2_100_000usize), 1 => Just(4_132_864usize)]
}

fn lifecycle() -> impl Strategy<Value = Operation> {
    let id = prop_oneof![6 => Just(Which::Empty), 1 => which()];
    let parent = prop_oneof![5 => Just(""), 1 => Just(CHOSEN_SYNC)];
    prop_oneof![
        4 => (sync_type(), parent, id).prop_map(|(sync_type, parent, id)| Operation::StartSync { sync_type, parent, id }),
        2 => (sync_type(), prop_oneof![Just(Which::Empty), which()])
            .prop_map(|(sync_type, id)| Operation::StartOrResumeSync { sync_type, id }),
        2 => which().prop_map(Operation::ResumeSync),
        2 => which().prop_map(Operation::SetCurrentSync),
        2 => any_of(["", "token", TIMINGS]).prop_map(Operation::Checkpoint),
        5 => Just(Operation::EndSync),
        2 => (0u32..4).prop_map(Operation::Cleanup),
        3 => (which(), which()).prop_map(|(base, applied)| Operation::Diff(base, applied)),
        1 => which().prop_map(Operation::Clone),
        1 => which().prop_map(Operation::MarkSupportsDiff),
        1 => which().prop_map(Operation::MarkVerified),
        1 => which().prop_map(Operation::ClearVerification),
        1 => which().prop_map(Operation::RecalculateStats),
        3 => (prop::bool::weighted(0.8), prop::bool::weighted(0.2))
            .prop_map(|(save, read_only)| Operation::Reopen { save, read_only }),
    ]
}

fn record() -> impl Strategy<Value = Operation> {
    prop_oneof![
        2 => vec((prop_oneof![9 => any_of(TYPES), 1 => Just("")], variant()), 0..4).prop_map(Operation::PutResourceTypes),
        5 => vec(resource(), 0..6).prop_map(Operation::PutResources),
        5 => vec(entitlement(), 0..6).prop_map(Operation::PutEntitlements),
        9 => vec(grant(), 0..8).prop_map(Operation::PutGrants),
        3 => vec(grant(), 0..5).prop_map(Operation::PutExpandedGrants),
        1 => (prop_oneof![9 => any_of(ASSETS), 1 => Just("")], 0usize..3).prop_map(|(id, size)| Operation::PutAsset { id, size }),
        3 => (grant_id(), grant_refs()).prop_map(|(id, refs)| Operation::DeleteGrant(id, refs)),
        2 => vec(grant_refs(), 0..4).prop_map(Operation::DeleteGrants),
        2 => entitlement_refs().prop_map(Operation::DeleteEntitlement),
        2 => reference().prop_map(Operation::DeleteResource),
    ]
}

fn session() -> impl Strategy<Value = Operation> {
    let key = any_of(SESSION_KEYS);
    prop_oneof![
        4 => (which(), any_of(SESSION_PREFIXES), vec((key.clone(), size()), 0..5))
            .prop_map(|(sync, prefix, values)| Operation::SetSession { sync, prefix, values }),
        1 => (which(), any_of(SESSION_PREFIXES), vec(key, 0..3))
            .prop_map(|(sync, prefix, keys)| Operation::DeleteSession { sync, prefix, keys }),
        1 => (which(), any_of(SESSION_PREFIXES)).prop_map(|(sync, prefix)| Operation::ClearSession { sync, prefix }),
    ]
}

/// Up to `longest` operations on a file, nearly always with a sync started first.
pub fn operations(longest: usize) -> impl Strategy<Value = Vec<Operation>> {
    let any = prop_oneof![7 => record(), 3 => lifecycle(), 1 => session()];
    let start = Operation::StartSync { sync_type: "full", parent: "", id: Which::Empty };
    (weighted(0.95, Just(start)), vec(any, 1..longest))
        .prop_map(|(first, rest)| first.into_iter().chain(rest).collect())
}
