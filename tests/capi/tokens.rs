//! Page tokens: each leads on in its own listing and is refused by every other.

use c1z::capi::api::CallFn;
use c1z::capi::code::C1Z_INVALID_ARGUMENT;
use c1z::capi::digests::c1z_list_grants_in_bucket;
use c1z::capi::entitlements::c1z_list_entitlements;
use c1z::capi::expansion::{c1z_list_grant_principals, c1z_list_grants_with_annotations, c1z_list_pending_expansion};
use c1z::capi::grants::{
    c1z_list_grants, c1z_list_grants_for_entitlement, c1z_list_grants_for_entitlements, c1z_list_grants_for_principal,
    c1z_list_grants_for_resource_type,
};
use c1z::capi::pages::c1z_list_named_values;
use c1z::capi::references::c1z_list_references;
use c1z::capi::resource_types::c1z_list_resource_types;
use c1z::capi::resources::c1z_list_resources;
use c1z::capi::syncs::{c1z_list_sync_runs, c1z_list_syncs, c1z_set_current_sync};
use c1z::proto::api::{
    ListGrantPrincipalsRequest, ListGrantsInBucketRequest, ListGrantsWithAnnotationsRequest, ListNamedValuesRequest,
    ListPendingExpansionRequest, ListReferencesRequest, ListSyncRunsRequest, ReferenceKind, SetCurrentSyncRequest,
};
use c1z::proto::connector::{
    EntitlementsServiceListEntitlementsRequest, GrantsServiceListGrantsRequest,
    ResourceTypesServiceListResourceTypesRequest, ResourcesServiceListResourcesRequest,
};
use c1z::proto::reader::{
    GrantsReaderServiceListGrantsForEntitlementRequest, GrantsReaderServiceListGrantsForEntitlementsRequest,
    GrantsReaderServiceListGrantsForPrincipalRequest, GrantsReaderServiceListGrantsForResourceTypeRequest,
    SyncsReaderServiceListSyncsRequest,
};
use prost::Message;

use crate::sample::{assigned, member, resource_id, Sample};
use crate::support::{assert_refused, Exported, Failure, Given, Handle};

/// A call that lists, and what its errors call the listing.
struct Listing {
    name: &'static str,
    function: CallFn,
    /// The request for a page of one row, given the token.
    request: fn(String) -> Vec<u8>,
}

macro_rules! listings {
    ($($name:literal $function:ident $request:ident { $($field:ident: $value:expr),* };)*) => {
        [$(Listing {
            name: $name,
            function: $function,
            #[allow(clippy::needless_update)] // some requests have no field but these
            request: |page_token| {
                $request { page_size: 1, page_token, $($field: $value,)* ..Default::default() }.encode_to_vec()
            },
        }),*]
    };
}

/// All listings with tokens of their own. Those of sessions are keys.
fn listings() -> [Listing; 16] {
    listings![
        "resource types" c1z_list_resource_types ResourceTypesServiceListResourceTypesRequest {};
        "resources" c1z_list_resources ResourcesServiceListResourcesRequest {};
        "entitlements" c1z_list_entitlements EntitlementsServiceListEntitlementsRequest {};
        "grants" c1z_list_grants GrantsServiceListGrantsRequest {};
        "grants for an entitlement" c1z_list_grants_for_entitlement
            GrantsReaderServiceListGrantsForEntitlementRequest { entitlement: Some(assigned()) };
        "grants for entitlements" c1z_list_grants_for_entitlements
            GrantsReaderServiceListGrantsForEntitlementsRequest { entitlements: vec![member(), assigned()] };
        "grants for a principal" c1z_list_grants_for_principal
            GrantsReaderServiceListGrantsForPrincipalRequest { principal_id: Some(resource_id("user", "alice")) };
        "grants for a resource type" c1z_list_grants_for_resource_type
            GrantsReaderServiceListGrantsForResourceTypeRequest { resource_type_id: "user".into() };
        "principals of grants" c1z_list_grant_principals
            ListGrantPrincipalsRequest { entitlement: Some(assigned()) };
        "references" c1z_list_references ListReferencesRequest { kind: ReferenceKind::GrantResources.into() };
        "named values" c1z_list_named_values ListNamedValuesRequest {};
        "grants in a bucket" c1z_list_grants_in_bucket ListGrantsInBucketRequest { entitlement: Some(assigned()) };
        "grants needing expansion" c1z_list_pending_expansion ListPendingExpansionRequest {};
        "grants with annotations" c1z_list_grants_with_annotations ListGrantsWithAnnotationsRequest {};
        "syncs" c1z_list_syncs SyncsReaderServiceListSyncsRequest {};
        "sync runs" c1z_list_sync_runs ListSyncRunsRequest {};
    ]
}

/// What every list response looks like.
#[derive(Clone, PartialEq, Message)]
struct Page {
    #[prost(bytes, repeated, tag = "1")]
    rows: Vec<Vec<u8>>,
    #[prost(string, tag = "2")]
    next_page_token: String,
}

impl Listing {
    fn page(&self, store: &Handle, token: &str) -> Result<Page, Failure> {
        let given = store.send(Exported::Call(self.function), &(self.request)(token.to_owned()))?;
        let Given::Bytes(bytes) = given else { panic!("{given:?} is no response") };
        Ok(Page::decode(&bytes[..]).unwrap())
    }

    fn second_token(&self, store: &Handle) -> String {
        let page = self.page(store, "").unwrap();
        assert_eq!(page.rows.len(), 1, "{}", self.name);
        assert!(!page.next_page_token.is_empty(), "{} fits into one page", self.name);
        page.next_page_token
    }
}

#[test]
fn tokens_lead_through_all_rows_of_a_listing_once_even_when_the_file_is_opened_again_for_each() {
    let sample = Sample::new();
    for listing in listings() {
        let (mut rows, mut token) = (Vec::new(), String::new());
        loop {
            let page = listing.page(&sample.open_read_only(), &token).unwrap();
            rows.extend(page.rows);
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let mut once = rows.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), rows.len(), "{} shows a row twice", listing.name);
        assert!(rows.len() > 1, "{} has one row", listing.name);
    }
}

#[test]
fn a_token_is_refused_by_every_other_listing() {
    let sample = Sample::new();
    let store = sample.open();
    for (from, token) in listings().iter().map(|listing| (listing.name, listing.second_token(&store))) {
        for listing in listings().iter().filter(|listing| listing.name != from) {
            let culprit = format!("page token is not one of {}", listing.name);
            let page = listing.page(&store, &token);
            assert!(page.is_err(), "{} took a token of {from}", listing.name);
            assert_refused(page, C1Z_INVALID_ARGUMENT, "BAD_TOKEN", &culprit);
        }
    }
}

#[test]
fn a_token_of_one_sync_is_refused_in_another() {
    let sample = Sample::new();
    let store = sample.open();
    // Not the listings of syncs, and not the one over several entitlements, which starts again.
    let of_a_sync = |listing: &&Listing| !["syncs", "sync runs"].contains(&listing.name);
    for listing in listings().iter().filter(of_a_sync) {
        let bind = |id: &String| {
            store.call(c1z_set_current_sync, &SetCurrentSyncRequest { sync_id: id.clone() }).unwrap();
        };
        bind(&sample.second);
        let token = listing.second_token(&store);
        bind(&sample.first);
        let culprit = if listing.name == "grants for entitlements" { "grants for" } else { listing.name };
        assert_refused(listing.page(&store, &token), C1Z_INVALID_ARGUMENT, "BAD_TOKEN", culprit);
    }
}

#[test]
fn what_never_was_a_token_is_refused_by_every_listing() {
    let sample = Sample::new();
    let store = sample.open();
    for listing in listings() {
        for token in ["?", "AA", "AAAA", "BAAAAAAA", "\u{e4}", &"A".repeat(1 << 16)] {
            assert_refused(listing.page(&store, token), C1Z_INVALID_ARGUMENT, "BAD_TOKEN", listing.name);
        }
    }
}
