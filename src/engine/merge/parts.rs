//! A merge in parts, several of which may be done at the same time.

use super::span::Span;
use super::MergeInput;
use crate::engine::Kind;
use crate::keys;
use crate::Result;

/// Bytes of tables that a part reads, of those that are larger than a table.
pub(super) const PART_BYTES: u64 = 32 << 20;

/// Everything in the inputs, in the order of its keys, in parts of about so many bytes: a part ends where a table of some
/// input begins.
pub(super) fn parts(inputs: &[MergeInput<'_>], bytes: u64) -> Result<Vec<Vec<Span>>> {
    let (mut parts, mut part, mut read) = (Vec::new(), Vec::new(), 0);
    for kind in Kind::ALL {
        let mut tables = Vec::new();
        for input in inputs {
            let found = input.reader.tables(&keys::keyspace(input.slot, kind.keyspace())).map_err(&input.named)?;
            tables.extend(found.into_iter().map(|(first, size)| (keys::tuple_of(&first).to_vec(), size)));
        }
        tables.sort_unstable();
        let mut span = Span::all_of(kind);
        for (first, size) in tables {
            if read >= bytes && first > span.first {
                let end = Some(first.clone());
                part.push(Span { end, ..std::mem::replace(&mut span, Span { kind, first, end: None }) });
                parts.push(std::mem::take(&mut part));
                read = 0;
            }
            read += size;
        }
        part.push(span);
    }
    parts.push(part);
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Engine, EngineOptions, Records, Rows};
    use crate::keys::Slot;
    use crate::proto::storage::AssetRecord;
    use crate::Error;
    use prost::Message;

    /// A database with assets of 1 MiB.
    fn assets(folder: &std::path::Path, ids: impl Iterator<Item = u32>) -> Engine {
        let options = EngineOptions { memory_budget: 8 << 20, threads: 1, durable: false, compress_blocks: false };
        let engine = Engine::create(folder, &options).unwrap();
        for id in ids {
            let record = AssetRecord { external_id: format!("{id:03}"), data: vec![7; 1 << 20], ..Default::default() };
            let records = Records::of(&record.encode_to_vec()).unwrap();
            engine.writer().put(Slot(1), true, Rows::Records(Kind::Asset, &records)).unwrap();
        }
        engine.reader(&Kind::ALL).unwrap();
        engine
    }

    #[test]
    fn the_parts_hold_every_identity_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let even = assets(&folder.path().join("even"), (0..60).map(|id| 2 * id));
        let third = assets(&folder.path().join("third"), (0..40).map(|id| 3 * id));
        let inputs = [&even, &third].map(|engine| MergeInput {
            reader: engine.ended(),
            slot: Slot(1),
            named: Box::new(|error: Error| error),
        });
        for (bytes, expected) in [(u64::MAX, 1..2), (30 << 20, 3..5), (1, 5..100)] {
            let parts = parts(&inputs, bytes).unwrap();
            assert!(expected.contains(&parts.len()), "{} parts of {bytes} bytes", parts.len());
            let mut found = Vec::new();
            for span in parts.iter().flatten() {
                let mut identities = super::super::Identities::new(span, &inputs);
                while identities.next().unwrap() {
                    found.push((span.kind as u8, identities.tuple().to_vec()));
                }
            }
            assert!(found.is_sorted_by(|a, b| a < b), "{bytes}");
            assert_eq!(found.len(), 60 + 40 - 20, "{bytes}");
        }
    }
}
