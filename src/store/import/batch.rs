//! The records of a step, ready to be put.

use super::record::{self, Check};
use super::request::Request;
use crate::engine::{Kind, Records, Rows, Writer};
use crate::keys::Slot;
use crate::proto::api::{ConvertLoss, LossKind};
use crate::proto::wire::{fields, Malformed};
use crate::{quoted, Error, Result};

/// How many records that are left out are told of in words.
const EXAMPLES: usize = 20;

/// An asset of so many bytes is worth a file of its own.
const LARGE: usize = 4 << 20;

/// Field of a `c1.storage.v3.AssetRecord`: where it is, which a stored record does not say.
const ASSET_SYNC_ID: u32 = 1;
const ASSET_ID: u32 = 2;

/// Records of one kind that can be stored.
pub struct Batch<'r> {
    pub kind: Kind,
    /// In the step, those that were left out among them.
    pub rows: u64,
    pub losses: Vec<ConvertLoss>,
    records: Records,
    /// Assets, in the order of the step: each in parts, of which the first has its id.
    assets: Vec<Vec<&'r [u8]>>,
    order: Order,
}

/// Whether grants come in the order of their keys, each with another identity.
#[derive(Default)]
pub struct Order {
    first: Vec<u8>,
    last: Vec<u8>,
    /// Whether they do not.
    broken: bool,
}

impl Order {
    fn add(&mut self, key: Vec<u8>) {
        match self.last.is_empty() {
            true => self.first = key.clone(),
            false => self.broken |= key <= self.last,
        }
        self.last = key;
    }

    /// Goes on behind these with others.
    fn follow(&mut self, next: Order) {
        self.broken |= next.broken || !next.first.is_empty() && next.first <= self.last;
        if !next.last.is_empty() {
            self.last = next.last;
        }
    }
}

impl<'r> Batch<'r> {
    /// Looks at every record of a step. Fails with the first that cannot be read, unless the step says that those are left out.
    pub fn read(kind: Kind, request: &Request<'r>) -> Result<Batch<'r>> {
        let order = Order::default();
        let mut batch =
            Batch { kind, rows: 0, losses: Vec::new(), records: Records::default(), assets: Vec::new(), order };
        let mut check = Check::new(kind);
        for element in request.records() {
            let (index, record) = element?;
            batch.rows += 1;
            match check.check(record) {
                Ok(()) => batch.add(index, record)?,
                Err(why) if request.skip_unreadable => batch.leave_out(index, record, why),
                Err(why) => {
                    let record = record::called(kind, index, record);
                    return Err(Error::invalid(format!("{record} cannot be read: {why}")));
                }
            }
        }
        Ok(batch)
    }

    fn add(&mut self, index: usize, record: &'r [u8]) -> Result<()> {
        let changed =
            |error: Malformed| Error::Internal(format!("record {index} of the call was read, and is {error}"));
        match self.kind {
            Kind::Asset => self.assets.push(asset_parts(record).map_err(changed)?),
            Kind::Grant => {
                self.order.add(record::grant_key(record).map_err(changed)?);
                self.records.add(record)?;
            }
            _ => self.records.add(record)?,
        }
        Ok(())
    }

    fn leave_out(&mut self, index: usize, record: &[u8], why: String) {
        let kind = self.kind;
        if self.losses.is_empty() {
            let table = table(kind).to_owned();
            self.losses.push(ConvertLoss { kind: LossKind::UnreadableRow.into(), table, ..ConvertLoss::default() });
        }
        let loss = &mut self.losses[0];
        loss.count += 1;
        if loss.examples.len() < EXAMPLES {
            loss.examples.push(quoted::line(format!("{}: {why}", record::called(kind, index, record))));
        }
    }

    /// How many records were left out.
    pub fn skipped(&self) -> i64 {
        self.losses.iter().map(|loss| loss.count).sum()
    }

    /// Puts the records into a slot that nothing maps to. `before` are the grants that were put there before.
    pub fn put(self, writer: &mut Writer<'_>, slot: Slot, before: &mut Order) -> Result<()> {
        for parts in &self.assets {
            match parts.iter().map(|part| part.len()).sum::<usize>() < LARGE {
                true => writer.put(slot, true, Rows::Records(Kind::Asset, &Records::of(&parts.concat())?))?,
                false => writer.put(slot, true, Rows::Large(Kind::Asset, parts))?,
            }
        }
        if self.records.is_empty() {
            return Ok(());
        }
        if self.kind == Kind::Grant {
            before.follow(self.order);
            // Behind a grant that is out of order any may have the identity of one that came before.
            if before.broken {
                return writer.put(slot, true, Rows::Combined(&self.records));
            }
        }
        writer.put(slot, true, Rows::Records(self.kind, &self.records))
    }
}

/// What a loss calls the records of a kind.
fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::ResourceType => "resource_types",
        Kind::Resource => "resources",
        Kind::Entitlement => "entitlements",
        Kind::Grant => "grants",
        Kind::Asset => "assets",
    }
}

/// The fields of an asset, but for where it was, that with its id first.
fn asset_parts(record: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    let (mut id, mut others) = (None, Vec::new());
    for field in fields(record) {
        let field = field?;
        match field.number {
            ASSET_ID => id = Some(field.raw),
            ASSET_SYNC_ID => {}
            _ => others.push(field.raw),
        }
    }
    Ok(id.into_iter().chain(others).collect())
}
