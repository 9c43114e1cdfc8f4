//! What a row of a run does to the key that it names.

/// The first byte of a row's value; the rest is the stored value.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Takes the place of whatever is stored. A record has no index entries but the fixed one.
    Put = 0,
    /// Takes the place of a stored grant but leaves it its expansion, its time of discovery and its scope.
    Refresh = 1,
    /// Removes what is stored. Only index entries are deleted by rows.
    Delete = 2,
    /// Like `Put`, of a record with index entries that its contents decide.
    PutIndexed = 3,
    /// Like `PutIndexed`, of a record that was refreshed: its fixed entry holds what the refresh made of it too.
    PutRefreshed = 4,
    /// A grant that becomes one with all others of its identity that are put: see `engine::combine_grants`. Its fixed entry
    /// is made when runs are merged. What is stored it replaces.
    Combine = 5,
}

impl Change {
    /// Whether the fixed entries of such rows are made when runs are merged: what the record is, is not known before.
    pub fn makes_fixed_entries_late(self) -> bool {
        matches!(self, Change::Refresh | Change::Combine)
    }

    /// Splits the value of a row. Rows are our own: no other first byte was ever written.
    pub fn split(value: &[u8]) -> (Change, &[u8]) {
        match value.split_first() {
            Some((1, rest)) => (Change::Refresh, rest),
            Some((2, rest)) => (Change::Delete, rest),
            Some((3, rest)) => (Change::PutIndexed, rest),
            Some((4, rest)) => (Change::PutRefreshed, rest),
            Some((5, rest)) => (Change::Combine, rest),
            Some((_, rest)) => (Change::Put, rest),
            None => (Change::Put, value),
        }
    }
}
