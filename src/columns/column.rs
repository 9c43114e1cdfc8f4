//! What a column is.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// UTF-8.
    Text,
    /// UTF-8 that repeats: a dictionary, if the caller wants dictionaries.
    Repeated,
    /// Protobuf JSON as UTF-8.
    Json,
    Flag,
    /// Microseconds since 1970, UTC.
    Time,
    Texts,
    Sources,
}

/// A column of a table.
#[derive(Debug)]
pub struct Column {
    pub name: &'static str,
    pub of: Type,
    /// Whether a row may have no value.
    pub nullable: bool,
}

impl Column {
    /// A column that every row has a value in.
    pub const fn always(name: &'static str, of: Type) -> Column {
        Column { name, of, nullable: false }
    }

    /// A column that is null where a record has nothing.
    pub const fn or_null(name: &'static str, of: Type) -> Column {
        Column { name, of, nullable: true }
    }

    /// How many fields lie in it.
    pub fn inner(&self) -> i32 {
        match self.of {
            Type::Texts => 1,
            Type::Sources => 3,
            _ => 0,
        }
    }
}
