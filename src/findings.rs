//! What a verification finds.

use std::fmt::Write as _;

use crate::keys::{self, Elements, Keyspace, SyncId};
use crate::proto::api::{Fault, FaultKind};
use crate::quoted::{self, Quoted};

/// More of a key than that is not shown.
const MAX_KEY_BYTES: usize = 1024;
/// Nor more of one within a sentence.
const MAX_BYTES_IN_SENTENCE: usize = 256;

/// Faults in the order in which they are found, up to a limit.
#[derive(Debug)]
pub struct Findings {
    faults: Vec<Fault>,
    limit: usize,
    truncated: bool,
}

impl Findings {
    /// None yet, and at most `limit`.
    pub fn new(limit: usize) -> Findings {
        Findings { faults: Vec::new(), limit, truncated: false }
    }

    /// Lists one more, or notes that there are more than are listed.
    pub fn add(&mut self, fault: Fault) {
        match self.faults.len() < self.limit {
            true => self.faults.push(fault),
            false => self.truncated = true,
        }
    }

    /// Whether no other fault would be listed any more.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// How many are listed.
    pub fn len(&self) -> usize {
        self.faults.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty() && !self.truncated
    }

    /// Those that are listed.
    pub fn into_faults(self) -> Vec<Fault> {
        self.faults
    }
}

impl Fault {
    /// A fault that is not about a file, a sync or a key yet.
    pub fn of(kind: FaultKind, sentence: impl Into<String>) -> Fault {
        Fault { kind: kind.into(), sentence: quoted::line(sentence.into()), ..Fault::default() }
    }

    /// Names a file of the payload.
    pub fn in_file(self, name: &str) -> Fault {
        Fault { file: name.to_owned(), ..self }
    }

    /// Names a sync.
    pub fn in_sync(self, id: Option<SyncId>) -> Fault {
        Fault { sync_id: id.map(|id| id.to_string()).unwrap_or_default(), ..self }
    }

    /// Shows a key, its keyspace and its elements.
    pub fn at_key(self, key: &[u8]) -> Fault {
        let shown = &key[..key.len().min(MAX_KEY_BYTES)];
        let mut key_hex = hex(shown);
        if shown.len() < key.len() {
            key_hex.push('…');
        }
        let keyspace = Keyspace::of(key);
        let key_elements = match keyspace {
            Some(Keyspace::SyncRun | Keyspace::SyncToken | Keyspace::SyncStats | Keyspace::EntitlementGraph) => {
                keys::sync_of(key).map(|id| id.to_string()).into_iter().collect()
            }
            _ => Elements::of(keys::tuple_of(shown)).map(readable).collect(),
        };
        Fault { keyspace: keyspace.map_or("", Keyspace::noun).to_owned(), key_hex, key_elements, ..self }
    }

    /// The fault as one line.
    pub fn line(&self) -> String {
        let kind = self.kind().as_str_name();
        let mut line = kind.strip_prefix("FAULT_KIND_").unwrap_or(kind).to_owned();
        let mut part = |part: std::fmt::Arguments<'_>| {
            // Writing to a string cannot fail.
            let _ = line.write_fmt(part);
        };
        if !self.file.is_empty() {
            part(format_args!(" file {}", Quoted::new(&self.file)));
        }
        if !self.sync_id.is_empty() {
            part(format_args!(" sync {}", quoted::line(&self.sync_id)));
        }
        if !self.key_hex.is_empty() {
            part(format_args!(" {} {:?} ({})", self.keyspace, self.key_elements, self.key_hex));
        }
        part(format_args!(": {}", self.sentence));
        line
    }
}

/// The first bytes of a key or a value as hexadecimal digits: as much as a sentence has room for.
pub fn short_hex(bytes: &[u8]) -> String {
    match bytes.split_at_checked(MAX_BYTES_IN_SENTENCE) {
        Some((first, rest)) if !rest.is_empty() => hex(first) + "…",
        _ => hex(bytes),
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// One encoded element of a key, for people.
fn readable(element: &[u8]) -> String {
    let bytes = keys::unescape(element).unwrap_or(element.into());
    match std::str::from_utf8(&bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => bytes.escape_ascii().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{EntitlementRef, GrantRef, ResourceRef, Slot};

    #[test]
    fn a_fault_shows_its_key_as_digits_and_as_elements() {
        let entitlement = EntitlementRef { resource: ResourceRef::new("group", "g\0"), id: "é" };
        let key = keys::grant(Slot(2), GrantRef { entitlement, principal: ResourceRef::new("user", "") });
        let fault = Fault::of(FaultKind::RecordIncomplete, "why").at_key(&key);
        assert_eq!(fault.keyspace, "grant");
        assert_eq!(fault.key_elements, ["group", "g\\x00", "0", "é", "user", ""]);
        assert!(fault.key_hex.starts_with("0000000240"), "{}", fault.key_hex);
        assert_eq!(fault.key_hex.len(), 2 * key.len());
    }

    #[test]
    fn a_long_key_is_shown_in_part() {
        let fault = Fault::of(FaultKind::RecordWrongKey, "").at_key(&keys::asset(Slot(1), &"x".repeat(5000)));
        assert_eq!(fault.key_hex.chars().count(), 2 * MAX_KEY_BYTES + 1);
        assert_eq!(fault.key_elements[0].len(), MAX_KEY_BYTES - 5);
    }

    #[test]
    fn a_line_is_one_line() {
        let fault = Fault::of(FaultKind::FileUnknown, "two\nlines of \"text\"").in_file("a\nb");
        assert_eq!(fault.line(), "FILE_UNKNOWN file \"a\\nb\": two\\nlines of \"text\"");
    }

    #[test]
    fn faults_above_the_limit_are_noted_and_not_kept() {
        let mut findings = Findings::new(1);
        assert!(findings.is_empty());
        findings.add(Fault::of(FaultKind::Header, "first"));
        assert!(!findings.is_truncated());
        findings.add(Fault::of(FaultKind::Header, "second"));
        assert!(findings.is_truncated());
        assert_eq!(findings.into_faults().len(), 1);
    }
}
