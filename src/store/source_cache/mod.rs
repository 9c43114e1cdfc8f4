//! Source cache: rows of a scope that did not change are taken over from an earlier sync.
//!
//! Called by `capi`, through the methods of [`Store`](super::Store). What the engine keeps of scopes is in
//! `engine::source_cache`.

mod entries;
mod parts;
mod replay;
mod tombstones;

use crate::engine::Scope;
use crate::quoted::Quoted;
use crate::store::records::MAX_SCOPE_BYTES;
use crate::{Error, Result};

/// The scope that a request names.
fn scope<'r>(row_kind: &str, scope_key: &'r str) -> Result<Scope<'r>> {
    let scope = Scope::named(row_kind, scope_key).ok_or_else(|| {
        Error::invalid(format!("row_kind {} is not resources, entitlements or grants", Quoted::new(row_kind)))
    })?;
    match scope_key.len() {
        0 => Err(Error::invalid("scope_key is missing")),
        1..=MAX_SCOPE_BYTES => Ok(scope),
        length => Err(Error::invalid(format!("scope_key has {length} bytes, at most {MAX_SCOPE_BYTES} are permitted"))),
    }
}

/// How a message names a scope.
fn named(scope: &Scope<'_>) -> String {
    format!("scope {} of {}", Quoted::new(scope.key), scope.row_kind())
}
