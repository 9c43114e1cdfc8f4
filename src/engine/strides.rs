//! How far a long walk or change goes at once.

/// How many rows pass between two looks at the caller's wish to stop.
pub(super) const CHECK: u64 = 4096;

/// A row of so many bytes takes as long as many others.
const LONG: usize = 64 << 10;

/// Whether the caller's wish to stop is looked at before the row behind so many others.
pub(super) fn is_due(rows: u64, value: &[u8]) -> bool {
    rows.is_multiple_of(CHECK) || value.len() >= LONG
}

/// Bytes that a copy into an invisible slot collects before it commits them, or another change of much that may be seen in parts.
pub(super) const COMMIT_BYTES: usize = 4 << 20;
