//! Foreign bytes in messages for people: an id, a name, a key or a path may hold anything, and any amount of it.

use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The most bytes of an id, a name or a key that a message shows.
const MAX_QUOTED_BYTES: usize = 96;
/// The most bytes of a path that a message shows: the longest path that the system takes.
const MAX_PATH_BYTES: usize = 4096;
/// The most bytes that a message shows of the start, and of the end, of what another library says about foreign bytes:
/// what is the matter stands at either.
const MAX_START_BYTES: usize = 1536;
const MAX_END_BYTES: usize = 512;

/// Bytes of a caller or of a file as a message shows them: in quotes, without control characters, and cut where they are
/// longer than anybody reads.
#[derive(Clone, PartialEq, Eq)]
pub struct Quoted(String);

impl Quoted {
    /// What a message shows of `bytes`.
    pub fn new(bytes: impl AsRef<[u8]>) -> Quoted {
        Quoted(format!("\"{}\"", escaped(bytes.as_ref(), MAX_QUOTED_BYTES)))
    }

    /// What a message shows of a path that stands where others have an id.
    pub fn path(path: &Path) -> Quoted {
        Quoted(format!("\"{}\"", escaped(path.as_os_str().as_bytes(), MAX_PATH_BYTES)))
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path as a message shows it: whole if the system can take it at all, and without control characters.
pub fn path(path: &Path) -> String {
    without_quotes(&escaped(path.as_os_str().as_bytes(), MAX_PATH_BYTES))
}

/// A text that may hold foreign bytes, as part of a message: one line, not too long.
pub fn line(text: impl fmt::Display) -> String {
    let text = text.to_string();
    let start = first_chars(&text, MAX_START_BYTES);
    let end = last_chars(&text[start.len()..], MAX_END_BYTES);
    let gap = if start.len() + end.len() < text.len() { "…" } else { "" };
    let shown = |part: &str| without_quotes(&escaped(part.as_bytes(), part.len()));
    [&shown(start), gap, &shown(end)].concat()
}

/// Outside of quotes a quote and a backslash stand for themselves.
fn without_quotes(escaped: &str) -> String {
    escaped.replace("\\\"", "\"").replace("\\\\", "\\")
}

/// The first `max` bytes as Rust would write them in a literal, and a mark if there are more.
fn escaped(bytes: &[u8], max: usize) -> String {
    let mut out = String::new();
    let mut left = max;
    for chunk in bytes.utf8_chunks() {
        let valid = first_chars(chunk.valid(), left);
        // The quotes around it are ASCII.
        let debug = format!("{valid:?}");
        out.push_str(&debug[1..debug.len() - 1]);
        left -= valid.len();
        if valid.len() < chunk.valid().len() || left < chunk.invalid().len() {
            out.push('…');
            break;
        }
        out.push_str(&chunk.invalid().escape_ascii().to_string());
        left -= chunk.invalid().len();
    }
    out
}

/// As many whole characters of `text` as fit into `max` bytes.
fn first_chars(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// As many whole characters from the end of `text` as fit into `max` bytes.
fn last_chars(text: &str, max: usize) -> &str {
    let mut start = text.len() - text.len().min(max);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_person_can_read_stays_as_it_is() {
        assert_eq!(Quoted::new("group:größe 'x'").to_string(), "\"group:größe 'x'\"");
        assert_eq!(path(Path::new("/tmp/a \"b\".c1z")), "/tmp/a \"b\".c1z");
        assert_eq!(line("index: \"a\\x00\" is 'b'"), "index: \"a\\x00\" is 'b'");
    }

    #[test]
    fn control_characters_and_bytes_that_are_no_text_are_escaped() {
        assert_eq!(Quoted::new(b"a\n\0\x1b[31m\"\xff\xfe").to_string(), r#""a\n\0\u{1b}[31m\"\xff\xfe""#);
        assert_eq!(Quoted::new("\u{202e}gpj").to_string(), r#""\u{202e}gpj""#);
        assert_eq!(line("two\nlines"), r"two\nlines");
    }

    #[test]
    fn what_is_long_is_cut_between_characters() {
        assert_eq!(Quoted::new("é".repeat(49)).to_string(), format!("\"{}…\"", "é".repeat(48)));
        assert_eq!(Quoted::new("é".repeat(48)).to_string(), format!("\"{}\"", "é".repeat(48)));
        assert_eq!(Quoted::new(format!("a{}", "é".repeat(48))).to_string(), format!("\"a{}…\"", "é".repeat(47)));
        assert_eq!(Quoted::new([0xff; 97]).to_string(), format!("\"{}…\"", r"\xff".repeat(96)));
    }

    #[test]
    fn of_a_long_text_start_and_end_are_shown() {
        let shown = line(format!("start{}end", "é".repeat(10_000)));
        assert!(shown.starts_with("starté") && shown.ends_with("éend") && shown.contains("é…é"), "{shown}");
        assert!(shown.len() <= 2048 + '…'.len_utf8());
        assert_eq!(line("é".repeat(1024)), "é".repeat(1024));
    }

    proptest! {
        #[test]
        fn nothing_makes_a_message_long_or_breaks_its_line(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
            let quoted = Quoted::new(&bytes).to_string();
            prop_assert!(quoted.len() <= 2 + 10 * MAX_QUOTED_BYTES + '…'.len_utf8());
            prop_assert!(!quoted.chars().any(char::is_control));
        }
    }
}
