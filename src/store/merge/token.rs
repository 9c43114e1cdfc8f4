//! The token of a merged sync: the base's, with where its records are from and what its inputs took.
//!
//! A token is the syncer's own JSON. What it says of a merge is read by the SDK and by its later merges (SDK:
//! `sync.BuildCompactedToken`), everything else of the base's stays as it is.

use serde::Serialize;
use serde_json::{json, Map, Value};

/// SDK: the most ids that are listed. The count of partials goes on.
const MAX_PARTIAL_IDS: usize = 32;

const COMPACTION: &str = "compaction";

/// Statistics by name: numbers, and objects of numbers.
const STATISTICS: [&str; 3] = ["step_durations_ms", "connector_call_stats", "session_store_stats"];

/// How many records of a kind the result has, and how they came there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Provenance {
    pub output: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub added: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub replaced: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub carried: i64,
}

/// What was merged.
pub struct TokenInput<'a> {
    pub base_sync_id: &'a str,
    /// The oldest first.
    pub partial_sync_ids: &'a [String],
    /// Of the partials. One that is not the SDK's has no statistics.
    pub partial_tokens: &'a [String],
    /// By the SDK's names of kinds.
    pub counts: &'a [(&'static str, Provenance)],
}

/// The token of what was merged. A base's that is not the SDK's says nothing that a merged sync could go on with.
pub fn compaction_token(base_token: &str, input: &TokenInput<'_>) -> String {
    let mut token: Map<String, Value> = serde_json::from_str(base_token).unwrap_or_default();
    let prior = token.remove(COMPACTION).unwrap_or_default();
    // SDK: it belongs to an expansion that is going on.
    token.remove("entitlement_graph");
    for partial in input.partial_tokens {
        let partial: Map<String, Value> = serde_json::from_str(partial).unwrap_or_default();
        for name in STATISTICS {
            add(&mut token, &partial, name);
        }
    }
    token.insert(COMPACTION.into(), section(&prior, input));
    token.entry("version").or_insert(json!(1));
    Value::Object(token).to_string()
}

/// What the token says of this merge; merges that follow each other add up.
fn section(prior: &Value, input: &TokenInput<'_>) -> Value {
    let text = |name: &str| prior[name].as_str().filter(|text| !text.is_empty());
    let prior_ids = prior["partial_sync_ids"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let ids: Vec<&str> =
        prior_ids.chain(input.partial_sync_ids.iter().map(String::as_str)).take(MAX_PARTIAL_IDS).collect();
    let count = prior["partial_count"].as_i64().unwrap_or_default();
    let counts: Map<String, Value> =
        input.counts.iter().map(|(name, counts)| (name.to_string(), json!(counts))).collect();
    json!({
        "mode": "merge",
        "stats_sync_id": text("stats_sync_id").unwrap_or(input.base_sync_id),
        "base_sync_id": input.base_sync_id,
        "partial_sync_ids": ids,
        "partial_count": count.saturating_add(input.partial_sync_ids.len() as i64),
        "record_counts": counts,
    })
}

/// Adds the statistics of a partial to those of the same name.
fn add(token: &mut Map<String, Value>, partial: &Map<String, Value>, name: &str) {
    let Some(more) = partial.get(name).and_then(Value::as_object).filter(|more| !more.is_empty()) else { return };
    let sums = token.entry(name).or_insert(json!({}));
    if !sums.is_object() {
        *sums = json!({});
    }
    for (key, value) in more {
        match (sums.get_mut(key), value) {
            (Some(Value::Object(sum)), Value::Object(stat)) => {
                for (part, number) in stat {
                    let of_both = if part == "max_ms" { i64::max } else { i64::saturating_add };
                    let [sum_of_part, number] =
                        [sum.get(part), Some(number)].map(|number| number.and_then(Value::as_i64));
                    sum.insert(part.clone(), json!(of_both(sum_of_part.unwrap_or(0), number.unwrap_or(0))));
                }
            }
            (Some(sum @ Value::Number(_)), Value::Number(_)) => {
                *sum = json!(sum.as_i64().unwrap_or(0).saturating_add(value.as_i64().unwrap_or(0)));
            }
            // A step that took no time is not told of.
            (_, value) if value.as_i64() == Some(0) => {}
            (_, value) => sums[key] = value.clone(),
        }
    }
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the SDK (v0.26.0) made of each case: `BuildCompactedToken` with the mode "merge".
    const VECTORS: &str = include_str!("token_vectors.json");

    fn strings(value: &Value) -> Vec<String> {
        value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
    }

    fn counts(value: &Value) -> Vec<(&'static str, Provenance)> {
        let number = |counts: &Value, name: &str| counts[name].as_i64().unwrap_or_default();
        let [output, added, replaced, carried] = ["output", "added", "replaced", "carried"];
        let provenance = |counts: &Value| Provenance {
            output: number(counts, output),
            added: number(counts, added),
            replaced: number(counts, replaced),
            carried: number(counts, carried),
        };
        let kinds = ["resource_types", "resources", "entitlements", "grants", "assets"];
        kinds.into_iter().filter_map(|kind| Some((kind, provenance(value.get(kind)?)))).collect()
    }

    #[test]
    fn a_token_is_what_the_sdk_makes_of_the_same_tokens() {
        let cases: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
        assert_eq!(cases.len(), 15);
        for case in &cases {
            let input = TokenInput {
                base_sync_id: case["base_sync_id"].as_str().unwrap(),
                partial_sync_ids: &strings(&case["partial_sync_ids"]),
                partial_tokens: &strings(&case["partial_tokens"]),
                counts: &counts(&case["counts"]),
            };
            let token = compaction_token(case["base_token"].as_str().unwrap(), &input);
            let [token, expected] = [token.as_str(), case["token"].as_str().unwrap()].map(plain);
            assert_eq!(token, expected, "{}", case["name"]);
        }
    }

    /// Without what is empty, which the SDK leaves out.
    fn plain(token: &str) -> Value {
        let mut token: Value = serde_json::from_str(token).unwrap();
        let section = token[COMPACTION].as_object_mut().unwrap();
        section.retain(|_, value| !matches!(value, Value::Array(list) if list.is_empty()));
        section.retain(|_, value| !matches!(value, Value::Object(map) if map.is_empty()));
        token
    }

    #[test]
    fn tokens_of_any_kind_make_a_token() {
        for token in ["", "[]", "null", "{", "\u{feff}", &"[".repeat(1 << 20), r#"{"step_durations_ms":[1]}"#] {
            let partial_tokens = [token.to_owned()];
            let merged = TokenInput {
                base_sync_id: "base",
                partial_sync_ids: &[],
                partial_tokens: &partial_tokens,
                counts: &[],
            };
            let merged: Value = serde_json::from_str(&compaction_token(token, &merged)).unwrap();
            assert_eq!(merged[COMPACTION]["base_sync_id"], "base");
        }
    }
}
