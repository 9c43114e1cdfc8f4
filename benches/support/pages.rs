//! Walking the pages of a list call without decoding their rows.

use c1z::proto::wire::fields;
use c1z::{Error, Result};

/// Asks for page after page, shows each one's rows to `look` as bytes, and returns how many rows there were.
pub fn walk(mut page: impl FnMut(&str) -> Result<Vec<u8>>, mut look: impl FnMut(&[u8])) -> Result<u64> {
    let (mut rows, mut token) = (0, String::new());
    loop {
        let response = page(&token)?;
        token.clear();
        for field in fields(&response) {
            let field = field.map_err(malformed)?;
            match field.number {
                1 => {
                    rows += 1;
                    look(field.bytes().map_err(malformed)?);
                }
                2 => token = field.str().map_err(malformed)?.to_owned(),
                _ => {}
            }
        }
        if token.is_empty() {
            return Ok(rows);
        }
    }
}

fn malformed(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("a page of the library's own is malformed: {error}"))
}
