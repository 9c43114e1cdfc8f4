//! What is told of a merged sync: its token, its statistics, its summary in the manifest.

use c1z::control::Control;
use c1z::envelope;

use crate::fixture::*;
use crate::merging::{merge, merge_syncs};
use crate::output::pair;
use crate::stored;

#[test]
fn a_token_says_what_was_merged_and_adds_up_what_it_took() {
    for small in [true, false] {
        let (folder, request) = pair(small);
        let response = merge(&request);
        let [base, partial, output] = ["input-0.c1z", "input-1.c1z", "output.c1z"].map(|name| folder.beside(name));
        let id = |path| stored::of_file(path).into_keys().next().unwrap();
        let held = stored::of_file(&output).remove(&response.sync_id).unwrap();
        let token: serde_json::Value = serde_json::from_str(&held.token).unwrap();
        let compaction = &token["compaction"];
        assert_eq!(compaction["mode"], "merge");
        assert_eq!(compaction["base_sync_id"], id(&base));
        assert_eq!(compaction["stats_sync_id"], id(&base));
        assert_eq!(compaction["partial_sync_ids"], serde_json::json!([id(&partial)]));
        assert_eq!(compaction["record_counts"]["grants"]["output"], if small { 40 } else { 4 });
        assert_eq!(compaction["record_counts"]["grants"]["replaced"], 4);
        assert_eq!(token["step_durations_ms"]["grants"], 3);
        let stats = held.stats.unwrap();
        assert_eq!(stats.step_durations_ms["grants"], 3);
        assert!(stats.written_at.is_some());

        let manifest = envelope::read_head(&output).unwrap().manifest;
        assert_eq!(manifest.sync_runs.len(), 1);
        assert!(manifest.sync_runs[0].compacted);
        assert_eq!(manifest.sync_runs[0].sync_id, response.sync_id);
    }
}

#[test]
fn statistics_are_those_that_counting_anew_comes_to() {
    for small in [true, false] {
        let (folder, request) = pair(small);
        let response = merge(&request);
        let output = folder.beside("output.c1z");
        let stats = |held: &stored::Held| c1z::proto::storage::SyncStatsRecord {
            written_at: None,
            ..held.stats.clone().unwrap()
        };
        let merged = stats(&stored::of_file(&output)[&response.sync_id]);
        let store = open(&output, false).unwrap();
        let request = RecalculateStatsRequest { sync_id: response.sync_id.clone() };
        store.recalculate_stats(&request, &Control::none()).unwrap();
        close(store);
        assert_eq!(stats(&stored::of_file(&output)[&response.sync_id]), merged);
    }
}

#[test]
fn the_merged_sync_is_what_a_reader_is_shown_and_can_be_resumed() {
    for small in [true, false] {
        let (folder, request) = pair(small);
        let response = merge(&request);
        let store = open(&folder.beside("output.c1z"), false).unwrap();
        assert_eq!(current(&store).0, response.sync_id);
        assert_eq!(grants(&store).len(), if small { 40 } else { 4 });
        resume(&store, &response.sync_id).unwrap();
        put_grants(&store, &[membership("g", "u")]);
        end(&store);
        close(store);
        stored::is_sound(&folder.beside("output.c1z"));
    }
}

#[test]
fn a_sync_that_was_put_into_after_it_ended_is_merged_with_what_was_put() {
    for keep_inputs in [true, false] {
        let fixture = Fixture::new();
        let store = fixture.open();
        let syncs = ["full", "partial"].map(|of_type| {
            let sync = start(&store, of_type);
            put_grants(&store, &[membership("g", of_type)]);
            end(&store);
            sync
        });
        select(&store, &syncs[0]);
        put_grants(&store, &[membership("g", "late")]);
        end(&store);
        let response = merge_syncs(&store, &[&syncs[0], &syncs[1]], keep_inputs).unwrap();
        assert_eq!(response.grants, Some(MergeCounts { output: 3, added: 1, replaced: 0, carried: 2 }));
        close(store);
        stored::is_sound(&fixture.path());
    }
}
