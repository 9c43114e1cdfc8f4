//! A file and its reference, driven together.

use std::path::PathBuf;

use tempfile::TempDir;

use super::check::{self, Noun};
use super::driver::*;
use super::index;
use super::model::Model;
use super::operation::*;
use super::rows::{entitlement_key, key_of, Rows};

const VERIFIED: [&str; 2] = ["1", "connector"];

/// What sizes a list is read in after each operation, in turn.
const SIZES: [[u32; 2]; 4] = [[0, 1], [2, 0], [3, 10_001], [7, 0]];
const ALL_SIZES: [u32; 5] = [1, 2, 3, 7, 0];

pub struct Harness<D: Driver> {
    folder: TempDir,
    file: Option<D>,
    model: Model,
    clones: usize,
}

impl<D: Driver> Harness<D> {
    /// Runs the operations; after each of them what it touches is compared, in the end everything is.
    pub fn run(operations: &[Operation]) {
        let mut harness =
            Harness::<D> { folder: tempfile::tempdir().unwrap(), file: None, model: Model::new(), clones: 0 };
        harness.model.open(false).unwrap();
        harness.file = Some(D::open(&harness.request(false)).unwrap());
        for (step, operation) in operations.iter().enumerate() {
            harness.apply(operation);
            check::nouns(harness.file(), &harness.model, touched(operation), &SIZES[step % SIZES.len()]);
        }
        check::everything(harness.file(), &harness.model, &ALL_SIZES);
        harness.apply(&Operation::Reopen { save: true, read_only: false });
        check::everything(harness.file(), &harness.model, &[2]);
    }

    fn file(&self) -> &D {
        self.file.as_ref().expect("the file is open")
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("file.c1z")
    }

    fn request(&self, read_only: bool) -> OpenRequest {
        OpenRequest { path: self.path().to_str().unwrap().to_owned(), read_only, threads: 1, ..OpenRequest::default() }
    }

    fn sync(&self, which: Which) -> String {
        let ago = |ago: usize| self.model.history.iter().rev().nth(ago).map_or(CHOSEN_SYNC, String::as_str);
        match which {
            Which::Ago(count) => ago(count).to_owned(),
            Which::Chosen => CHOSEN_SYNC.to_owned(),
            Which::NoKsuid => NO_KSUID.to_owned(),
            Which::Empty => String::new(),
        }
    }

    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Reopen { save, read_only } => self.reopen(*save, *read_only),
            Operation::Clone(which) => self.clone_sync(*which),
            _ => self.change(operation),
        }
    }

    fn change(&mut self, operation: &Operation) {
        let named = |which: &Which| self.sync(*which);
        let file = self.file.as_ref().expect("the file is open");
        match operation {
            Operation::StartSync { sync_type, parent, id } => {
                let (sync_type, parent_sync_id) = ((*sync_type).to_owned(), (*parent).to_owned());
                let request = StartSyncRequest { sync_type, parent_sync_id, sync_id: named(id) };
                let answer = file.start_sync(&request);
                let fresh = fresh(&self.model, answer.as_ref().ok().filter(|_| request.sync_id.is_empty()));
                assert_eq!(answer, self.model.start_sync(&request, &fresh));
            }
            Operation::StartOrResumeSync { sync_type, id } => {
                let request = StartOrResumeSyncRequest { sync_type: (*sync_type).to_owned(), sync_id: named(id) };
                let answer = file.start_or_resume_sync(&request);
                let fresh = fresh(&self.model, answer.as_ref().ok());
                assert_eq!(answer, self.model.start_or_resume_sync(&request, &fresh));
            }
            Operation::ResumeSync(which) => {
                // The type plays no part.
                let request = ResumeSyncRequest { sync_type: "partial".into(), sync_id: named(which) };
                assert_eq!(file.resume_sync(&request), self.model.resume_sync(&request.sync_id));
            }
            Operation::SetCurrentSync(which) => {
                let request = SetCurrentSyncRequest { sync_id: named(which) };
                assert_eq!(file.set_current_sync(&request), self.model.set_current_sync(&request.sync_id));
            }
            Operation::Checkpoint(token) => {
                let request = CheckpointSyncRequest { sync_token: (*token).to_owned() };
                assert_eq!(file.checkpoint_sync(&request), self.model.checkpoint(token));
            }
            Operation::EndSync => assert_eq!(file.end_sync(&EndSyncRequest {}), self.model.end_sync()),
            Operation::Cleanup(keep) => {
                assert_eq!(file.cleanup(&CleanupRequest { keep: *keep }), self.model.cleanup(*keep));
            }
            Operation::Diff(base, applied) => {
                let request = DiffSyncsRequest { base_sync_id: named(base), applied_sync_id: named(applied) };
                let answer = file.diff_syncs(&request);
                let fresh = answer.as_ref().map(|answer| answer.sync_id.clone()).unwrap_or_default();
                assert!(!self.model.history.contains(&fresh), "{fresh} is no new sync");
                let expected = self.model.diff_syncs(&request.base_sync_id, &request.applied_sync_id, &fresh);
                assert_eq!(answer, expected);
            }
            Operation::MarkSupportsDiff(which) => {
                let request = MarkSyncSupportsDiffRequest { sync_id: named(which) };
                let answer = file.mark_sync_supports_diff(&request);
                assert_eq!(answer, self.model.mark_supports_diff(&request.sync_id));
            }
            Operation::MarkVerified(which) => {
                let [generation, mode] = VERIFIED.map(str::to_owned);
                let verification = Some(Verification { generation, coverage: vec!["I5".into()], mode });
                let request = MarkSyncVerifiedRequest { sync_id: named(which), verification };
                let answer = file.mark_sync_verified(&request);
                assert_eq!(answer, self.model.set_verification(&request.sync_id, request.verification.clone()));
            }
            Operation::ClearVerification(which) => {
                let request = ClearSyncVerificationRequest { sync_id: named(which) };
                let answer = file.clear_sync_verification(&request);
                assert_eq!(answer, self.model.set_verification(&request.sync_id, None));
            }
            Operation::RecalculateStats(which) => {
                let request = RecalculateStatsRequest { sync_id: named(which) };
                assert_eq!(file.recalculate_stats(&request), self.model.recalculate_stats(&request.sync_id));
            }
            Operation::SetSession { sync, prefix, values } => {
                let values = values.iter().map(|(key, size)| ((*key).to_owned(), vec![*size as u8; *size])).collect();
                let request = SetSessionValuesRequest { sync_id: named(sync), prefix: (*prefix).to_owned(), values };
                let nothing = request.values.is_empty();
                let expected = self.model.write_session(&request.sync_id, nothing, |all| all.set(&request));
                assert_eq!(file.set_session_values(&request), expected);
            }
            Operation::DeleteSession { sync, prefix, keys } => {
                let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
                let request = DeleteSessionValuesRequest { sync_id: named(sync), prefix: (*prefix).to_owned(), keys };
                let nothing = request.keys.is_empty();
                let expected = self.model.write_session(&request.sync_id, nothing, |all| all.delete(&request));
                assert_eq!(file.delete_session_values(&request), expected);
            }
            Operation::ClearSession { sync, prefix } => {
                let request = ClearSessionRequest { sync_id: named(sync), prefix: (*prefix).to_owned() };
                let expected = self.model.write_session(&request.sync_id, false, |all| all.clear(&request));
                assert_eq!(file.clear_session(&request), expected);
            }
            Operation::Reopen { .. } | Operation::Clone(_) => unreachable!("these take the file away"),
            _ => write_records(file, &mut self.model, operation),
        }
    }

    fn reopen(&mut self, save: bool, read_only: bool) {
        let file = self.file.take().expect("the file is open");
        if save {
            // Every other time by closing.
            if self.model.history.len().is_multiple_of(2) {
                file.save(&SaveRequest::default()).unwrap();
            }
            self.model.save();
        }
        file.close(&CloseRequest { discard: !save, ..Default::default() }).unwrap();
        if self.path().exists() {
            index::agrees_with_the_records(&self.path());
        }
        let expected = self.model.open(read_only);
        let opened = D::open(&self.request(read_only));
        assert_eq!(opened.as_ref().map(|_| ()).map_err(Clone::clone), expected);
        self.file = Some(opened.unwrap_or_else(|_| {
            self.model.open(false).unwrap();
            D::open(&self.request(false)).unwrap()
        }));
        check::everything(self.file(), &self.model, &[3]);
    }

    fn clone_sync(&mut self, which: Which) {
        self.clones += 1;
        let path = self.folder.path().join(format!("clone-{}.c1z", self.clones));
        let path_text = path.to_str().unwrap().to_owned();
        let request =
            CloneSyncRequest { path: path_text.clone(), sync_id: self.sync(which), ..CloneSyncRequest::default() };
        let answer = self.file().clone_sync(&request);
        let expected = self.model.clone_sync(&request.sync_id);
        assert_eq!(answer, expected.clone().map(drop));
        let Ok(id) = expected else { return assert!(!path.exists(), "a clone that failed left a file") };
        let again = self.file().clone_sync(&request);
        assert_eq!(again, failure(c1z::error::Code::AlreadyExists, "ALREADY_EXISTS"));
        index::agrees_with_the_records(&path);
        let clone = D::open(&OpenRequest { path: path_text, read_only: true, ..self.request(true) }).unwrap();
        check::everything(&clone, &self.model.of_clone(&id), &[2]);
    }
}

/// The id that a sync got which was started under none; it must be a new one.
fn fresh(model: &Model, answer: Option<&BoundSyncResponse>) -> String {
    let Some(answer) = answer.filter(|answer| answer.started) else { return String::new() };
    assert!(!model.history.contains(&answer.sync_id), "{answer:?} is no new sync");
    assert_eq!(answer.sync_id.len(), 27);
    answer.sync_id.clone()
}

fn write_records<D: Driver>(file: &D, model: &mut Model, operation: &Operation) {
    match operation {
        Operation::PutResourceTypes(list) => {
            let list: Vec<_> = list.iter().map(resource_type).collect();
            let expected = put(model, &list, surely(|rows| rows.put_resource_types(&list)));
            assert_eq!(file.put_resource_types(&PutResourceTypesRequest { list }), expected);
        }
        Operation::PutResources(list) => {
            let list: Vec<_> = list.iter().map(ResourceSpec::message).collect();
            let expected = put(model, &list, surely(|rows| rows.put_resources(&list)));
            assert_eq!(file.put_resources(&PutResourcesRequest { list, ..Default::default() }), expected);
        }
        Operation::PutEntitlements(list) => {
            let list: Vec<_> = list.iter().map(EntitlementSpec::message).collect();
            let expected = put(model, &list, |rows| rows.put_entitlements(&list));
            assert_eq!(file.put_entitlements(&PutEntitlementsRequest { list, ..Default::default() }), expected);
        }
        Operation::PutGrants(list) => {
            let list: Vec<_> = list.iter().map(GrantSpec::message).collect();
            let expected = put(model, &list, |rows| rows.put_grants(&list));
            assert_eq!(file.put_grants(&PutGrantsRequest { list, ..Default::default() }), expected);
        }
        Operation::PutExpandedGrants(list) => {
            put_expanded_grants(file, model, list.iter().map(GrantSpec::message).collect());
        }
        Operation::PutContributions { of, list, promised_new } => {
            let list: Vec<_> = list.iter().map(ContributionSpec::message).collect();
            let (entitlement, promised_new) = (Some(of.message()), *promised_new);
            let request = PutGrantContributionsRequest { list, entitlement, promised_new };
            let expected = match Rows::contributed(&request) {
                Ok(grants) => put(model, &grants, |rows| match promised_new {
                    true => rows.put_grants(&grants),
                    false => rows.put_expanded_grants(&grants),
                }),
                Err(without_sources) => Err(without_sources),
            };
            assert_eq!(file.put_grant_contributions(&request), expected);
        }
        Operation::PutAsset { id, size } => {
            let asset = GetAssetResponse { content_type: format!("image/{size}"), data: vec![1; *size] };
            let GetAssetResponse { content_type, data } = asset.clone();
            let request = PutAssetRequest { asset: Some(AssetRef { id: (*id).to_owned() }), content_type, data };
            let expected = match *id {
                "" => failure(c1z::error::Code::InvalidArgument, "INVALID_ARGUMENT"),
                id => model.write(surely(|rows| drop(rows.assets.insert(id.to_owned(), asset)))),
            };
            assert_eq!(file.put_asset(&request), expected);
        }
        Operation::DeleteGrant(id, refs) => delete_grant(file, model, id.text(refs)),
        Operation::DeleteGrants(refs) => delete_grants(file, model, refs.iter().map(GrantRefs::message).collect()),
        Operation::DeleteEntitlement(refs) => delete_entitlement(file, model, refs.message()),
        Operation::DeleteResource(refs) => delete_resource(file, model, resource_id(*refs)),
        Operation::DeleteStored(stored, places) => delete_stored(file, model, *stored, places),
        Operation::ExpandStored(places, variant) => {
            let written_back = |grant| Grant { sources: Some(sources(*variant)), ..grant };
            let grants = model.bound_view().map(|rows| rows.grants_where(|_| true)).unwrap_or_default();
            let list: Vec<_> = at(&grants, places).into_iter().map(written_back).collect();
            put_expanded_grants(file, model, list);
        }
        other => unreachable!("{other:?} writes no records"),
    }
}

fn put_expanded_grants<D: Driver>(file: &D, model: &mut Model, list: Vec<Grant>) {
    let expected = put(model, &list, |rows| rows.put_expanded_grants(&list));
    assert_eq!(file.put_expanded_grants(&PutExpandedGrantsRequest { list, promised_new: false }), expected);
}

fn delete_grant<D: Driver>(file: &D, model: &mut Model, grant_id: String) {
    let expected = model.delete(|rows| rows.delete_grant(&grant_id));
    assert_eq!(file.delete_grant(&DeleteGrantRequest { grant_id }), expected);
}

fn delete_grants<D: Driver>(file: &D, model: &mut Model, list: Vec<Grant>) {
    let expected = match Rows::identities(&list) {
        Ok(()) => model.delete(surely(|rows| rows.delete_grants(&list))),
        incomplete => incomplete,
    };
    assert_eq!(file.delete_grants(&DeleteGrantsRequest { list }), expected);
}

fn delete_entitlement<D: Driver>(file: &D, model: &mut Model, entitlement: Entitlement) {
    let key = entitlement_key(&entitlement).expect("the references are complete");
    let expected = model.delete(surely(|rows| drop(rows.entitlements.remove(&key))));
    assert_eq!(file.delete_entitlement(&DeleteEntitlementRequest { entitlement: Some(entitlement) }), expected);
}

fn delete_resource<D: Driver>(file: &D, model: &mut Model, id: ResourceId) {
    let expected = model.delete(surely(|rows| drop(rows.resources.remove(&key_of(&id)))));
    assert_eq!(file.delete_resource(&DeleteResourceRequest { resource_id: Some(id) }), expected);
}

fn delete_stored<D: Driver>(file: &D, model: &mut Model, stored: Stored, places: &[usize]) {
    let rows = model.bound_view().cloned().unwrap_or_default();
    let grants = at(&rows.grants_where(|_| true), places);
    match stored {
        Stored::GrantsByRefs => delete_grants(file, model, grants),
        Stored::GrantById => grants.into_iter().for_each(|grant| delete_grant(file, model, grant.id)),
        Stored::Entitlement => {
            let stored = at(&rows.list_entitlements(None), places);
            stored.into_iter().for_each(|entitlement| delete_entitlement(file, model, entitlement));
        }
        Stored::Resource => {
            let stored = at(&rows.list_resources("", None), places);
            stored.into_iter().filter_map(|row| row.id).for_each(|id| delete_resource(file, model, id));
        }
    }
}

/// What is at those places of a list that wraps around.
fn at<T: Clone>(list: &[T], places: &[usize]) -> Vec<T> {
    places.iter().filter_map(|place| list.get(place.checked_rem(list.len())?)).cloned().collect()
}

/// A change that cannot fail.
fn surely(change: impl FnOnce(&mut Rows)) -> impl FnOnce(&mut Rows) -> Answer<()> {
    |rows| {
        change(rows);
        Ok(())
    }
}

/// A put of nothing is nothing, in any state.
fn put<T>(model: &mut Model, list: &[T], change: impl FnOnce(&mut Rows) -> Answer<()>) -> Answer<()> {
    if list.is_empty() {
        Ok(())
    } else {
        model.write(change)
    }
}

/// The nouns whose reads an operation may change.
fn touched(operation: &Operation) -> &'static [Noun] {
    match operation {
        Operation::PutResourceTypes(_) => &[Noun::ResourceTypes],
        Operation::PutResources(_) | Operation::DeleteResource(_) | Operation::DeleteStored(Stored::Resource, _) => {
            &[Noun::Resources]
        }
        Operation::PutEntitlements(_)
        | Operation::DeleteEntitlement(_)
        | Operation::DeleteStored(Stored::Entitlement, _) => &[Noun::Entitlements, Noun::Grants],
        Operation::PutGrants(_)
        | Operation::PutExpandedGrants(_)
        | Operation::PutContributions { .. }
        | Operation::DeleteGrant(..)
        | Operation::ExpandStored(..)
        | Operation::DeleteStored(Stored::GrantsByRefs | Stored::GrantById, _)
        | Operation::DeleteGrants(_) => &[Noun::Grants],
        Operation::PutAsset { .. } => &[Noun::Assets],
        Operation::SetSession { .. } | Operation::DeleteSession { .. } | Operation::ClearSession { .. } => {
            &[Noun::Sessions]
        }
        Operation::Checkpoint(_)
        | Operation::MarkSupportsDiff(_)
        | Operation::MarkVerified(_)
        | Operation::ClearVerification(_)
        | Operation::RecalculateStats(_) => &[Noun::Syncs],
        // What was just opened has been compared as a whole.
        Operation::Reopen { .. } => &[],
        _ => &Noun::ALL,
    }
}
