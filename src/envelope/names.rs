//! Names of payload files: slash-separated paths that stay below the directory they are unpacked into.

use std::cmp::Ordering;

/// The longest name of a payload file in bytes.
pub(super) const MAX_NAME_BYTES: usize = 4096;
/// The deepest that payload files lie.
const MAX_DEPTH: usize = 64;

/// Whether a payload file of a name and size is of use to who unpacks it.
pub type Wanted = fn(&str, u64) -> bool;

/// Says why `name` may not be used as a path below another, if it may not.
pub(super) fn check(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("the name is empty");
    }
    if name.len() > MAX_NAME_BYTES {
        return Err("the name is longer than 4096 bytes");
    }
    if name.starts_with('/') {
        return Err("unsafe name: absolute");
    }
    if name.contains(['\\', '\0']) {
        return Err("unsafe name: holds a backslash or a NUL");
    }
    if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("unsafe name: has an empty, \".\" or \"..\" part");
    }
    if name.split('/').count() > MAX_DEPTH {
        return Err("the name has more than 64 parts");
    }
    Ok(())
}

/// Sorts `names` and returns one that occurs twice or stands for both a file and a folder, if there is one.
pub(super) fn clash<'a>(names: &mut [&'a str]) -> Option<&'a str> {
    // With '/' below every other byte, the names below a folder follow directly on a file of the folder's name.
    names.sort_unstable_by(|a, b| folders_first(a, b));
    names.windows(2).find_map(|pair| match pair {
        [first, second] => {
            let rest = second.strip_prefix(first)?;
            (rest.is_empty() || rest.starts_with('/')).then_some(*first)
        }
        _ => None,
    })
}

/// Names hold no NUL, so distinct names stay distinct.
fn folders_first(a: &str, b: &str) -> Ordering {
    fn key(name: &str) -> impl Iterator<Item = u8> + '_ {
        name.bytes().map(|byte| if byte == b'/' { 0 } else { byte })
    }
    key(a).cmp(key(b))
}
