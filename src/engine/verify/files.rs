//! The files that a database consists of, and those that are there.

use std::collections::{BTreeMap, BTreeSet};

use rocksdb::{LiveFile, DB};

use super::Verify;
use crate::engine::checkpoint::CURRENT;
use crate::findings::{short_hex, Findings};
use crate::proto::api::{Fault, FaultKind};
use crate::{files, Error, Result};

/// What the tables of a database cover.
pub(super) struct Files {
    /// The first keys of tables and the first behind tables, in order.
    pub bounds: Vec<Vec<u8>>,
    /// Bytes of all tables.
    pub bytes: u64,
}

impl Files {
    /// Compares what the database names with what was unpacked.
    pub fn of(db: &DB, verify: &Verify<'_>, findings: &mut Findings) -> Result<Files> {
        let tables = db.live_files()?;
        let mut unpacked: BTreeMap<&str, u64> =
            verify.files.iter().map(|(name, size)| (name.as_str(), *size)).collect();
        for table in &tables {
            let name = table.name.trim_start_matches('/');
            match unpacked.remove(name) {
                None => findings.add(missing(name, table)),
                Some(size) if size != table.size as u64 => {
                    let sentence = format!("it has {size} bytes, the database wrote {}", table.size);
                    findings.add(Fault::of(FaultKind::Table, sentence).in_file(name));
                }
                Some(_) => {}
            }
        }
        let path = verify.directory.join(CURRENT);
        let current = files::open(&path).and_then(std::io::read_to_string).map_err(Error::io("read", &path))?;
        unpacked.remove(CURRENT);
        unpacked.remove(current.trim_end());
        for name in unpacked.into_keys() {
            findings.add(Fault::of(FaultKind::FileUnknown, "the database does not use this file").in_file(name));
        }
        let ends = |table: &LiveFile| table.end_key.as_ref().map(|key| [key, &b"\0"[..]].concat());
        let bounds: BTreeSet<Vec<u8>> =
            tables.iter().flat_map(|table| [table.start_key.clone(), ends(table)]).flatten().collect();
        let bytes = tables.iter().map(|table| table.size as u64).sum();
        Ok(Files { bounds: bounds.into_iter().collect(), bytes })
    }
}

fn missing(name: &str, table: &LiveFile) -> Fault {
    let key = |key: &Option<Vec<u8>>| short_hex(key.as_deref().unwrap_or_default());
    let (first, last) = (key(&table.start_key), key(&table.end_key));
    let sentence = format!("the payload does not have this table, which holds keys from {first} to {last}");
    Fault::of(FaultKind::FileMissing, sentence).in_file(name)
}

/// The table that an error of the engine names, if it names one.
pub(super) fn table_of(error: &str) -> Option<String> {
    let end = error.find(".sst")? + 4;
    let start = error[..end].rfind(|c: char| !c.is_ascii_digit() && c != '.' && !matches!(c, 's' | 't'))? + 1;
    Some(error[start..end].to_owned())
}
