//! The reads of grants.

use std::collections::BTreeSet;

use c1z::error::Code;

use super::{entitlement_ids, CollectSet, View};
use crate::driver::*;
use crate::operation::*;
use crate::rows::{id_of, EntitlementKey, ResourceKey, Rows};

impl<D: Driver> View<'_, D> {
    pub(super) fn grants(&self) {
        let known = self.known();
        self.grants_on_resources(&known);
        self.grants_by_id(&known);
        self.grants_for_entitlements(&known);
        self.grants_to_principals(&known);
        self.expansion();
    }

    fn grants_on_resources(&self, known: &Rows) {
        let resources = known.grants.keys().map(|key| id_of(&key.0.resource)).map(Some).collect_set();
        for on in resources.into_iter().chain([None, Some(ResourceId::default()), Some(resource_id(("b", ":")))]) {
            let resource = on.clone().map(|id| Resource { id: Some(id), ..Default::default() });
            let of_resource =
                |key: &(EntitlementKey, ResourceKey)| on.as_ref().is_none_or(|on| id_of(&key.0.resource) == *on);
            let expected = self.rows().map(|rows| rows.grants_where(of_resource));
            self.list(("grants", &on), &expected, |page_size, page_token| {
                let (resource, annotations) = (resource.clone(), self.annotations());
                let request = ListGrantsRequest { resource, page_size, page_token, annotations, ..Default::default() };
                self.file.list_grants(&request)
            });
            let rows = if self.sync.is_empty() { self.model.bound_view() } else { self.rows() };
            let expected = rows.map(|rows| rows.grants_with_annotations(on.as_ref()));
            self.list(("grants with annotations", &on), &expected, |page_size, page_token| {
                let (resource, sync_id) = (resource.clone(), self.sync.to_owned());
                let request = ListGrantsWithAnnotationsRequest { resource, page_size, page_token, sync_id };
                self.file.list_grants_with_annotations(&request)
            });
        }
        let request = ScanGrantsRequest { sync_id: self.sync.to_owned(), ..Default::default() };
        self.same(&request, self.file.scan_grants(&request), self.scanned().map(|rows| rows.grants_where(|_| true)));
    }

    fn grants_by_id(&self, known: &Rows) {
        let stored = known.grants_where(|_| true).into_iter().map(|grant| grant.id);
        let canonical =
            known.grants.keys().map(|(entitlement, (of_type, id))| format!("{}:{of_type}:{id}", entitlement.id()));
        let ids: BTreeSet<String> =
            stored.chain(canonical).chain(GRANT_IDS.map(str::to_owned)).chain(["".into(), "a".into()]).collect();
        for grant_id in ids {
            let request = GetGrantRequest { grant_id, annotations: self.annotations() };
            let expected = self.rows().and_then(|rows| rows.get_grant(&request.grant_id));
            let expected = expected.map(|row| GetGrantResponse { grant: Some(row) });
            self.same(&request, self.file.get_grant(&request), expected);
        }
    }

    #[allow(deprecated)]
    fn grants_for_entitlements(&self, known: &Rows) {
        let bare = entitlement_ids(known).into_iter().map(|id| Entitlement { id, ..Default::default() });
        let mut asked: Vec<Entitlement> =
            known.grants_where(|_| true).into_iter().filter_map(|grant| grant.entitlement).collect();
        asked.dedup();
        asked.extend(bare);
        for entitlement in &asked {
            let principals = [None, Some(resource_id(("a", "b"))), Some(resource_id(("b", "a\0")))];
            let types = [&[][..], &["a"], &["b", "a", "b"], &["a:b", "", "ab"]];
            for (principal_id, types) in principals.iter().flat_map(|id| types.iter().map(move |types| (id, *types))) {
                let wanted = |key: &ResourceKey| {
                    principal_id.as_ref().is_none_or(|principal| id_of(key) == *principal)
                        && (types.is_empty() || types.contains(&key.0.as_str()))
                };
                let expected = self.rows().and_then(|rows| of_entitlement(rows, entitlement, wanted));
                self.list((entitlement, principal_id, types), &expected, |page_size, page_token| {
                    self.file.list_grants_for_entitlement(&ForEntitlementRequest {
                        entitlement: Some(entitlement.clone()),
                        page_size,
                        page_token,
                        annotations: self.annotations(),
                        principal_id: principal_id.clone(),
                        principal_resource_type_ids: types.iter().map(|id| (*id).into()).collect(),
                    })
                });
            }
        }
        for entitlement in &asked {
            let expected = self.rows().and_then(|rows| of_entitlement(rows, entitlement, |_| true));
            let principal = |grant: Grant| grant.principal.and_then(|principal| principal.id).unwrap_or_default();
            let expected = expected.map(|grants| grants.into_iter().map(principal).collect());
            self.list(("principals", entitlement), &expected, |page_size, page_token| {
                let (entitlement, annotations) = (Some(entitlement.clone()), self.annotations());
                let request = ListGrantPrincipalsRequest { entitlement, page_size, page_token, annotations };
                self.file.list_grant_principals(&request)
            });
        }
        let sound = |asked: &&Entitlement| known.resolve(asked).is_ok() || asked.id.is_empty();
        let sound: Vec<Entitlement> = asked.iter().filter(sound).cloned().collect();
        for batch in [sound, asked] {
            let expected = self.rows().and_then(|rows| {
                let lists = batch.iter().filter(|entitlement| !entitlement.id.is_empty());
                let lists: Vec<_> = lists.map(|asked| of_entitlement(rows, asked, |_| true)).collect::<Answer<_>>()?;
                Ok(lists.concat())
            });
            self.list(("batch", &batch), &expected, |page_size, page_token| {
                let (entitlements, annotations) = (batch.clone(), self.annotations());
                let request = ForEntitlementsRequest { entitlements, page_size, page_token, annotations };
                self.file.list_grants_for_entitlements(&request)
            });
        }
    }

    fn grants_to_principals(&self, known: &Rows) {
        let principals: BTreeSet<ResourceKey> = known.grants.keys().map(|key| key.1.clone()).collect();
        let held: Vec<Option<Entitlement>> =
            known.grants_where(|_| true).into_iter().map(|grant| grant.entitlement).collect();
        let some_held = held.into_iter().step_by(3).take(4).chain([None]);
        let bare = ["m", ""].map(|id| Some(Entitlement { id: id.into(), ..Default::default() }));
        let entitlements: Vec<Option<Entitlement>> = some_held.chain(bare).collect();
        for principal in principals.iter().cloned().chain([("b".into(), ":".into()), ("".into(), "a".into())]) {
            for entitlement in &entitlements {
                let expected =
                    self.rows().and_then(|rows| match entitlement.as_ref().filter(|asked| !asked.id.is_empty()) {
                        None => Ok(rows.grants_by_principal(|key| *key == principal)),
                        Some(entitlement) => of_entitlement(rows, entitlement, |key| *key == principal),
                    });
                self.list(("grants to", &principal, entitlement), &expected, |page_size, page_token| {
                    let (principal_id, entitlement) = (Some(id_of(&principal)), entitlement.clone());
                    let annotations = self.annotations();
                    let request = ForPrincipalRequest { principal_id, entitlement, page_size, page_token, annotations };
                    self.file.list_grants_for_principal(&request)
                });
            }
            let (principal_resource_type_id, principal_resource_id) = principal.clone();
            let sync_id = self.sync.to_owned();
            let request =
                ScanGrantsRequest { sync_id, principal_resource_type_id, principal_resource_id, ..Default::default() };
            let expected = match principal.0.as_str() {
                "" => self.scanned().and_then(|_| failure(Code::InvalidArgument, "INVALID_ARGUMENT")),
                _ => self.scanned().map(|rows| rows.grants_by_principal(|key| *key == principal)),
            };
            self.same(&request, self.file.scan_grants(&request), expected);
        }
        for of_type in TYPES {
            let expected = self.rows().map(|rows| rows.grants_by_principal(|key| key.0 == of_type));
            self.list(("grants to type", of_type), &expected, |page_size, page_token| {
                let (resource_type_id, annotations) = (of_type.to_owned(), self.annotations());
                let request = ForResourceTypeRequest { resource_type_id, page_size, page_token, annotations };
                self.file.list_grants_for_resource_type(&request)
            });
        }
    }

    fn expansion(&self) {
        if !self.sync.is_empty() {
            return;
        }
        let expected = self.model.bound_view().map(Rows::pending_expansion);
        self.list("pending expansion", &expected, |page_size, page_token| {
            self.file.list_pending_expansion(&ListPendingExpansionRequest { page_size, page_token })
        });
    }
}

fn of_entitlement(rows: &Rows, asked: &Entitlement, wanted: impl Fn(&ResourceKey) -> bool) -> Answer<Vec<Grant>> {
    let held = rows.resolve(asked)?;
    Ok(held.map(|held| rows.grants_where(|key| key.0 == held && wanted(&key.1))).unwrap_or_default())
}
