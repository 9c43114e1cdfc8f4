//! The schema that a file carries: whether it explains itself.

use std::collections::HashMap;

use crate::proto::wire::{self, Malformed};
use crate::{Error, Result};

/// More files than any schema of stored records has.
const MAX_FILES: usize = 256;

/// Field of a `FileDescriptorSet`.
const FILE: u32 = 1;
/// Fields of a `FileDescriptorProto`.
const NAME: u32 = 1;
const DEPENDENCY: u32 = 3;

/// Checks that an encoded `FileDescriptorSet` is closed: every import of a file is in the set, no name is there twice,
/// and no file imports itself, over however many others. An empty set is closed.
///
/// Reads names and imports only, where they lie: hostile descriptors decode to hundreds of times their size.
pub fn verify_descriptors(set: &[u8]) -> Result<()> {
    let damaged = |detail: String| Error::corruption("manifest descriptors", detail);
    let files = files(set).map_err(|error| damaged(error.to_string()))?;
    if files.len() > MAX_FILES {
        return Err(damaged(format!("more than {MAX_FILES} files")));
    }
    let mut numbers = HashMap::new();
    for (number, file) in files.iter().enumerate() {
        if numbers.insert(file.name, number).is_some() {
            return Err(damaged(format!("{} is in the set twice", file.name)));
        }
    }
    let mut imports = Vec::new();
    for file in &files {
        let number = |import: &&str| {
            let missing = || damaged(format!("{} imports {import}, which is not in the set", file.name));
            numbers.get(import).copied().ok_or_else(missing)
        };
        imports.push(file.imports.iter().map(number).collect::<Result<Vec<_>>>()?);
    }
    match in_circle(imports) {
        Some(number) => Err(damaged(format!("{} imports itself", files[number].name))),
        None => Ok(()),
    }
}

/// Name and imports of one file.
#[derive(Default)]
struct File<'a> {
    name: &'a str,
    imports: Vec<&'a str>,
}

/// The files of a set, up to one more than are permitted.
fn files(set: &[u8]) -> Result<Vec<File<'_>>, Malformed> {
    let mut files = Vec::new();
    for bytes in wire::values(set, FILE).take(MAX_FILES + 1) {
        let mut file = File::default();
        for field in wire::fields(bytes?) {
            let field = field?;
            match field.number {
                NAME => file.name = field.str()?,
                DEPENDENCY => file.imports.push(field.str()?),
                _ => {}
            }
        }
        files.push(file);
    }
    Ok(files)
}

/// A file that is on, or behind, a circle of imports; `None` if there is no circle.
fn in_circle(mut imports: Vec<Vec<usize>>) -> Option<usize> {
    let mut open: Vec<usize> = (0..imports.len()).collect();
    loop {
        let before = open.len();
        // What imports nothing that is still open is on no circle.
        let (resolved, left): (Vec<_>, Vec<_>) = open.iter().partition(|&&file| imports[file].is_empty());
        for imports in &mut imports {
            imports.retain(|import| !resolved.contains(import));
        }
        open = left;
        if open.is_empty() || open.len() == before {
            return open.first().copied();
        }
    }
}
