//! Operations at random.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;

use super::operation::*;
use super::sync::TIMINGS;

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
        6 => (vec(any_of(["m", "", " \t", "a:a:m"]), 0..5), any::<bool>()).prop_map(|(ids, shallow)| Expand::To(ids, shallow)),
        1 => Just(Expand::Undecodable),
    ]
}

fn grant() -> impl Strategy<Value = GrantSpec> + Clone {
    let expand = prop_oneof![1 => Just(vec![]), 1 => vec(expand(), 1..3)];
    (grant_refs(), grant_id(), weighted(0.2, reference_or_empty()), expand, variant()).prop_map(
        |(refs, id, principal_parent, expand, variant)| GrantSpec { refs, id, principal_parent, expand, variant },
    )
}

fn contribution() -> impl Strategy<Value = ContributionSpec> + Clone {
    (reference_or_empty(), weighted(0.2, reference_or_empty()), any::<u8>())
        .prop_map(|(principal, parent, variant)| ContributionSpec { principal, parent, variant })
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
        2 => (sync_type(), parent, id).prop_map(|(sync_type, parent, id)| Operation::StartSync { sync_type, parent, id }),
        2 => (sync_type(), prop_oneof![Just(Which::Empty), which()])
            .prop_map(|(sync_type, id)| Operation::StartOrResumeSync { sync_type, id }),
        2 => which().prop_map(Operation::ResumeSync),
        2 => which().prop_map(Operation::SetCurrentSync),
        2 => any_of(["", "token", TIMINGS]).prop_map(Operation::Checkpoint),
        3 => Just(Operation::EndSync),
        3 => (0u32..4).prop_map(Operation::Cleanup),
        3 => (which(), which()).prop_map(|(base, applied)| Operation::Diff(base, applied)),
        1 => which().prop_map(Operation::Clone),
        1 => which().prop_map(Operation::MarkSupportsDiff),
        1 => which().prop_map(Operation::MarkVerified),
        1 => which().prop_map(Operation::ClearVerification),
        2 => which().prop_map(Operation::RecalculateStats),
        3 => (prop::bool::weighted(0.8), prop::bool::weighted(0.2))
            .prop_map(|(save, read_only)| Operation::Reopen { save, read_only }),
    ]
}

fn record() -> impl Strategy<Value = Operation> {
    let stored = prop_oneof![
        3 => Just(Stored::GrantsByRefs),
        2 => Just(Stored::GrantById),
        1 => Just(Stored::Entitlement),
        1 => Just(Stored::Resource),
    ];
    prop_oneof![
        2 => vec((prop_oneof![9 => any_of(TYPES), 1 => Just("")], variant()), 0..4).prop_map(Operation::PutResourceTypes),
        5 => vec(resource(), 0..6).prop_map(Operation::PutResources),
        5 => vec(entitlement(), 0..6).prop_map(Operation::PutEntitlements),
        9 => vec(grant(), 0..8).prop_map(Operation::PutGrants),
        3 => vec(grant(), 0..5).prop_map(Operation::PutExpandedGrants),
        3 => (entitlement_refs(), vec(contribution(), 0..6), any::<bool>())
            .prop_map(|(of, list, promised_new)| Operation::PutContributions { of, list, promised_new }),
        1 => (prop_oneof![9 => any_of(ASSETS), 1 => Just("")], 0usize..3).prop_map(|(id, size)| Operation::PutAsset { id, size }),
        2 => (grant_id(), grant_refs()).prop_map(|(id, refs)| Operation::DeleteGrant(id, refs)),
        1 => vec(grant_refs(), 0..4).prop_map(Operation::DeleteGrants),
        1 => entitlement_refs().prop_map(Operation::DeleteEntitlement),
        1 => reference().prop_map(Operation::DeleteResource),
        3 => (stored, vec(any::<usize>(), 1..4)).prop_map(|(stored, places)| Operation::DeleteStored(stored, places)),
        2 => (vec(any::<usize>(), 1..4), 0u8..240).prop_map(|(places, variant)| Operation::ExpandStored(places, variant)),
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

/// A sync that begins with records of every kind.
fn filled_sync() -> impl Strategy<Value = Vec<Operation>> {
    let sync_type = prop_oneof![3 => Just("full"), 1 => Just("partial")];
    (sync_type, vec(grant(), 3..12), vec(entitlement(), 2..8), vec(resource(), 2..8)).prop_map(
        |(sync_type, grants, entitlements, resources)| {
            vec![
                Operation::StartSync { sync_type, parent: "", id: Which::Empty },
                Operation::PutGrants(grants),
                Operation::PutEntitlements(entitlements),
                Operation::PutResources(resources),
            ]
        },
    )
}

/// What belongs together: most often one operation, at times the end of a sync and the next one, or two and a diff.
fn step() -> impl Strategy<Value = Vec<Operation>> {
    let with = |before: &[Operation], sync: Vec<Operation>, after: &[Operation]| [before, &sync, after].concat();
    prop_oneof![
        28 => record().prop_map(|operation| vec![operation]),
        6 => lifecycle().prop_map(|operation| vec![operation]),
        3 => session().prop_map(|operation| vec![operation]),
        1 => filled_sync().prop_map(move |sync| with(&[Operation::EndSync], sync, &[])),
        1 => filled_sync().prop_map(move |sync| {
            with(&[Operation::EndSync], sync, &[Operation::EndSync, Operation::Diff(Which::Ago(1), Which::Ago(0))])
        }),
        1 => Just(vec![Operation::EndSync, Operation::ResumeSync(Which::Ago(0))]),
    ]
}

/// Up to `longest` steps, nearly always with a filled sync first.
pub fn operations(longest: usize) -> impl Strategy<Value = Vec<Operation>> {
    (weighted(0.95, filled_sync()), vec(step(), 1..longest))
        .prop_map(|(first, rest)| first.into_iter().chain(rest).flatten().collect())
}
