//! What the database holds that the new file does not.

use super::database::{Row, Unreadable};
use crate::proto::api::{ConvertLoss, LossKind};
use crate::quoted;
use crate::{Error, Result};

/// How many losses of one kind and table are told in words.
const EXAMPLES: usize = 20;

/// Counts losses.
#[derive(Default)]
pub struct Losses {
    /// Whether rows that cannot be read are left out.
    skip_unreadable: bool,
    list: Vec<ConvertLoss>,
}

impl Losses {
    /// None yet.
    pub fn new(skip_unreadable: bool) -> Losses {
        Losses { skip_unreadable, list: Vec::new() }
    }

    /// Notes one that `example` tells of.
    pub fn add(&mut self, kind: LossKind, table: &str, example: impl FnOnce() -> String) {
        let known = self.list.iter().position(|loss| loss.kind() == kind && loss.table == table);
        let at = known.unwrap_or_else(|| {
            self.list.push(ConvertLoss { kind: kind.into(), table: table.to_owned(), ..ConvertLoss::default() });
            self.list.len() - 1
        });
        let loss = &mut self.list[at];
        loss.count += 1;
        if loss.examples.len() < EXAMPLES {
            loss.examples.push(quoted::line(example()));
        }
    }

    /// Notes that a row is left out, or fails where none may be.
    pub fn unreadable(
        &mut self,
        row: &Row<'_>,
        Unreadable(why): Unreadable,
        failed: impl FnOnce(String) -> Error,
    ) -> Result<()> {
        match self.skip_unreadable {
            true => {
                self.add(LossKind::UnreadableRow, row.table(), || format!("{}: {why}", row.called()));
                Ok(())
            }
            false => Err(failed(format!("table {}, {}: {why}", row.table(), row.called()))),
        }
    }

    /// All of them.
    pub fn list(self) -> Vec<ConvertLoss> {
        self.list
    }
}
