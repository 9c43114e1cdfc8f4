//! A stretch of identities of one kind.

use crate::engine::Kind;

/// The records of one kind whose identities lie between two bounds.
pub(super) struct Span {
    pub kind: Kind,
    /// The tuple that the first identity is not before.
    pub first: Vec<u8>,
    /// The tuple that all identities are before.
    pub end: Option<Vec<u8>>,
}

impl Span {
    /// All records of a kind.
    pub fn all_of(kind: Kind) -> Span {
        Span { kind, first: Vec::new(), end: None }
    }

    /// Whether the identity that `tuple` stands for is before the end.
    pub fn ends_behind(&self, tuple: &[u8]) -> bool {
        self.end.as_deref().is_none_or(|end| tuple < end)
    }
}
