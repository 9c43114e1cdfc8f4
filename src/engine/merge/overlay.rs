//! The winners of the partials put over the base where it is.

use super::span::Span;
use super::{Identities, MergeInput, MergedSlot};
use crate::control::Control;
use crate::engine::bulk::{Change, PendingKinds};
use crate::engine::counts::Tally;
use crate::engine::step::Step;
use crate::engine::strides::is_due;
use crate::engine::{Counts, Kind, RecordKeys, Records, Touched, Writer};
use crate::keys;
use crate::Result;

/// Records are handed on when they are so many, or so many bytes.
const BATCH_RECORDS: usize = 1024;
const BATCH_BYTES: usize = 1 << 20;

impl Writer<'_> {
    /// Puts the records of the partials that win over those of the base: the first input, which is in this database and has
    /// so many records. What `step` makes of the outcome becomes part of the same step. Progress is in records of the
    /// partials, of which there are about `total`. Returns what that changes of digests, which went.
    pub fn overlay_merged(
        &mut self,
        inputs: &[MergeInput<'_>],
        counts: Counts,
        total: u64,
        step: impl FnOnce(&MergedSlot) -> Step,
        control: &Control<'_>,
    ) -> Result<Touched> {
        let mut touched = Touched::default();
        let [base, partials @ ..] = inputs else { return Ok(touched) };
        let mut merged = MergedSlot { counts, ..MergedSlot::default() };
        let mut beside = self.pending().beside();
        let (mut read, mut keys_of) = (0, RecordKeys::default());
        for kind in Kind::ALL {
            let (keyspace, span) = (kind.keyspace(), Span::all_of(kind));
            let mut identities = Identities::new(&span, partials);
            let (mut batch, mut added) = (Records::default(), Tally::new(kind));
            while identities.next()? {
                let (winner, record) = identities.winner()?;
                if is_due(read, record) {
                    control.check()?;
                    control.report(read, total.max(read));
                }
                read += 1;
                let key = keys::record(base.slot, keyspace, identities.tuple());
                let stored = base.reader.get(&key).map_err(&base.named)?;
                if let Some(stored) = stored.as_deref() {
                    let in_base = base.discovered_at(kind, identities.tuple(), stored)?;
                    if stored == record || in_base > identities.discovered_at(winner, record)? {
                        continue;
                    }
                    merged.dead_bytes += (key.len() + stored.len()) as u64;
                }
                if stored.is_none() {
                    added.add(&key)?;
                }
                merged.outcome[kind as usize].count(stored.as_deref(), record);
                let of_winner = &partials[winner];
                keys_of.reset_at(kind, base.slot, identities.tuple(), record).map_err(&of_winner.named)?;
                match kind {
                    Kind::Entitlement => touched.entitlement(identities.tuple()),
                    Kind::Grant => touched.grant(identities.tuple(), stored.as_deref(), record),
                    Kind::ResourceType | Kind::Resource | Kind::Asset => {}
                }
                batch.add(record)?;
                if batch.len() >= BATCH_RECORDS || batch.size() >= BATCH_BYTES {
                    beside.append(kind, base.slot, Change::Put, &batch, &PendingKinds::default())?;
                    batch = Records::default();
                }
            }
            if !batch.is_empty() {
                beside.append(kind, base.slot, Change::Put, &batch, &PendingKinds::default())?;
            }
            merged.counts.add(kind, added.finish()?);
        }
        let step = step(&merged);
        control.check()?;
        self.target(control).flush_with(&mut beside, &step)?;
        Kind::ALL.into_iter().for_each(|kind| self.forget_counted(kind));
        Ok(touched)
    }
}
