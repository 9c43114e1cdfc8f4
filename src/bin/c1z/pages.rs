//! Going through a listing page by page: one page is in memory, whatever the listing's length.

use std::ops::ControlFlow;

use c1z::proto::wire::{self, Malformed};
use c1z::store::Encoded;
use prost::Message;

use crate::failure::Failure;

/// Rows of the first page: few, so that they are there at once.
const FIRST: u32 = 100;
/// Of all others: the most that a page may have.
const OTHERS: u32 = 0;

/// Fields of every list response.
const ROW: u32 = 1;
const NEXT_PAGE_TOKEN: u32 = 2;

/// Calls `row` with each encoded row of a listing until it breaks. `page` asks for a page by its token and size.
pub fn walk<M: Message + Default>(
    mut page: impl FnMut(String, u32) -> c1z::Result<Encoded<M>>,
    mut row: impl FnMut(&[u8]) -> Result<ControlFlow<()>, Failure>,
) -> Result<(), Failure> {
    let (mut token, mut size) = (String::new(), FIRST);
    loop {
        let response = page(token, size)?.into_bytes();
        token = String::new();
        for field in wire::fields(&response) {
            let field = field.map_err(malformed)?;
            match field.number {
                ROW if row(field.bytes().map_err(malformed)?)?.is_break() => return Ok(()),
                NEXT_PAGE_TOKEN => token = field.str().map_err(malformed)?.to_owned(),
                _ => {}
            }
        }
        if token.is_empty() {
            return Ok(());
        }
        size = OTHERS;
    }
}

/// A row as a message.
pub fn decoded<M: Message + Default>(row: &[u8]) -> Result<M, Failure> {
    M::decode(row).map_err(|error| c1z::Error::corruption("record", error).into())
}

fn malformed(error: Malformed) -> Failure {
    c1z::Error::Internal(format!("a response of the library: {error}")).into()
}
