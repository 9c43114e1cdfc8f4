//! The records of several syncs, those of one identity together.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::span::Span;
use crate::engine::rows::discovered_at;
use crate::engine::{damaged, Kind, Reader, Scan};
use crate::keys::{self, Slot};
use crate::{Error, Result};

/// A sync that is merged.
pub struct MergeInput<'r> {
    /// Of its database.
    pub reader: Reader<'r>,
    /// Where its records are.
    pub slot: Slot,
    /// Says in an error which input it is about.
    pub named: Box<dyn Fn(Error) -> Error + Send + Sync + 'r>,
}

impl MergeInput<'_> {
    /// When the record with the identity that `tuple` stands for was discovered.
    pub(super) fn discovered_at(&self, kind: Kind, tuple: &[u8], stored: &[u8]) -> Result<Option<i128>> {
        let (keyspace, named) = (kind.keyspace(), &self.named);
        discovered_at(kind, stored)
            .map_err(|error| named(damaged(keyspace, &keys::record(self.slot, keyspace, tuple), error)))
    }
}

/// The records of a span in several inputs, in the order of their identities.
pub(super) struct Identities<'r> {
    span: &'r Span,
    inputs: &'r [MergeInput<'r>],
    scans: Vec<Scan<'r>>,
    /// Where each input is, but for those in `same`.
    ahead: BinaryHeap<Reverse<(Vec<u8>, usize)>>,
    /// The current identity.
    tuple: Vec<u8>,
    /// Who has a record with it, the oldest first.
    same: Vec<usize>,
    spare: Vec<Vec<u8>>,
}

impl<'r> Identities<'r> {
    pub fn new(span: &'r Span, inputs: &'r [MergeInput<'r>]) -> Identities<'r> {
        let keyspace = span.kind.keyspace();
        let scan = |input: &'r MergeInput<'r>| {
            let mut scan = input.reader.scan_many(&keys::keyspace(input.slot, keyspace), None);
            if !span.first.is_empty() {
                scan.seek(&keys::record(input.slot, keyspace, &span.first));
            }
            scan
        };
        let scans = inputs.iter().map(scan).collect();
        let (ahead, same) = (BinaryHeap::with_capacity(inputs.len()), (0..inputs.len()).collect());
        Identities { span, inputs, scans, ahead, tuple: Vec::new(), same, spare: Vec::new() }
    }

    /// Goes to the next identity; `false` behind the last.
    pub fn next(&mut self) -> Result<bool> {
        let mut same = std::mem::take(&mut self.same);
        for input in same.drain(..) {
            let row = self.scans[input].next().map_err(&self.inputs[input].named)?;
            if let Some(key) = row.map(|(key, _)| key).filter(|key| self.span.ends_behind(keys::tuple_of(key))) {
                let mut tuple = self.spare.pop().unwrap_or_default();
                tuple.clear();
                tuple.extend_from_slice(keys::tuple_of(key));
                self.ahead.push(Reverse((tuple, input)));
            }
        }
        self.same = same;
        let Some(Reverse((tuple, input))) = self.ahead.pop() else { return Ok(false) };
        self.spare.push(std::mem::replace(&mut self.tuple, tuple));
        self.same.push(input);
        while let Some(Reverse((tuple, _))) = self.ahead.peek() {
            if *tuple != self.tuple {
                break;
            }
            if let Some(Reverse((tuple, input))) = self.ahead.pop() {
                self.spare.push(tuple);
                self.same.push(input);
            }
        }
        Ok(true)
    }

    /// The tuple that stands for the current identity in keys.
    pub fn tuple(&self) -> &[u8] {
        &self.tuple
    }

    /// The record of an input that has the current identity; `None` if it has none.
    pub fn record(&self, input: usize) -> Option<&[u8]> {
        self.same.contains(&input).then(|| self.scans[input].current()).flatten().map(|(_, stored)| stored)
    }

    /// The record that wins, and whose it is.
    pub fn winner(&self) -> Result<(usize, &[u8])> {
        let stored = |input: usize| self.scans[input].current().map_or(&b""[..], |(_, stored)| stored);
        let mut winner = self.same[0];
        if self.same.len() > 1 {
            let mut newest = None;
            for &input in &self.same {
                let discovered_at = self.discovered_at(input, stored(input))?;
                if discovered_at >= newest {
                    (winner, newest) = (input, discovered_at);
                }
            }
        }
        Ok((winner, stored(winner)))
    }

    /// When the record of an input was discovered.
    pub fn discovered_at(&self, input: usize, stored: &[u8]) -> Result<Option<i128>> {
        self.inputs[input].discovered_at(self.span.kind, &self.tuple, stored)
    }
}
