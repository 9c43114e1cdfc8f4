//! Tar streams that no writer makes.

use ::tar::{EntryType, Header};

use crate::envelope::tests::*;

/// A header with these raw bytes for a name; `change` may spoil it before it is summed up.
fn header_of(name: &[u8], size: u64, change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_mode(0o644);
    header.set_size(size);
    header.set_entry_type(EntryType::Regular);
    change(&mut header);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn entry_of(name: &str, content: &[u8], kind: EntryType) -> Vec<u8> {
    let mut bytes = header_of(name.as_bytes(), content.len() as u64, |header| header.set_entry_type(kind));
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn file(name: &str, content: &[u8]) -> Vec<u8> {
    entry_of(name, content, EntryType::Regular)
}

/// A plain and a compressed file with that tar stream, the end added.
fn archives(stream: &[Vec<u8>]) -> [Place; 2] {
    unfinished(&[stream, &[vec![0; 1024]]].concat())
}

fn unfinished(stream: &[Vec<u8>]) -> [Place; 2] {
    let stream = stream.concat();
    let plain = Place::with(&[head_bytes(Encoding::Tar), stream.clone()].concat());
    let frame = zstd::encode_all(stream.as_slice(), 3).unwrap();
    [plain, Place::with(&[head_bytes(Encoding::TarZstd), frame].concat())]
}

#[track_caller]
fn assert_refused(stream: &[Vec<u8>], part: &str) {
    for place in archives(stream) {
        assert_corrupt(place.unpack(), part);
    }
}

#[test]
fn files_and_folders_are_unpacked() {
    let stream = [
        entry_of("folder", b"", EntryType::Directory),
        entry_of("other/", b"", EntryType::Directory),
        entry_of("folder", b"", EntryType::Directory),
        file("folder/a", b"content"),
        file("b/c/d", &[1; 1024]),
    ];
    for place in archives(&stream) {
        assert_eq!(place.unpack().unwrap(), tree(&[("folder/a", b"content"), ("b/c/d", &[1; 1024])]));
        let names: Vec<String> = list(&place.file).unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["folder/a", "b/c/d"]);
    }
}

#[test]
fn an_archive_padded_with_more_zeros_is_unpacked() {
    for place in archives(&[file("a", b"x"), vec![0; 10240]]) {
        assert_eq!(place.unpack().unwrap(), tree(&[("a", b"x")]));
    }
}

#[test]
fn everything_but_files_and_folders_is_refused() {
    let kinds = [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::Continuous,
        EntryType::GNUSparse,
        EntryType::GNULongLink,
        EntryType::XGlobalHeader,
        EntryType::new(b'Z'),
    ];
    for kind in kinds {
        let header = header_of(b"evil", 0, |header| {
            header.set_entry_type(kind);
            header.as_old_mut().linkname[..11].copy_from_slice(b"/etc/passwd");
        });
        assert_refused(&[file("good", b"x"), header], "neither file nor folder");
    }
}

#[test]
fn names_that_leave_the_directory_are_refused_for_files_and_folders() {
    for name in ["..", "../x", "/x", "a/../../x", "./x", "a//x", "a\\x", "/"] {
        assert_refused(&[file(name, b"x")], "unsafe name");
        assert_refused(&[entry_of(name, b"", EntryType::Directory)], "name");
        assert_refused(&[entry_of("././@LongLink", name.as_bytes(), EntryType::GNULongName), file("a", b"")], "unsafe");
        let record = format!("{} path={name}\n", name.len() + 9);
        assert_refused(&[entry_of("x", record.as_bytes(), EntryType::XHeader), file("a", b"")], "unsafe");
    }
    assert_refused(&[file("a/", b"x")], "unsafe name");
    assert_refused(&[file("", b"x")], "the name is empty");
    assert_refused(&[header_of(b"\xff\xfe", 0, |_| ())], "not UTF-8");
    let prefixed = header_of(b"x", 0, |header| {
        *header = Header::new_ustar();
        header.as_ustar_mut().unwrap().name[0] = b'x';
        header.as_ustar_mut().unwrap().prefix[..2].copy_from_slice(b"..");
        header.set_size(0);
        header.set_mode(0o644);
    });
    assert_refused(&[prefixed], "unsafe name");
}

#[test]
fn names_that_occur_twice_or_as_file_and_folder_are_refused() {
    for names in [["a", "a"], ["a", "a/b"], ["a/b", "a"]] {
        let stream = [file(names[0], b"1"), file(names[1], b"2")];
        assert_refused(&stream, "occurs twice");
        for place in archives(&stream) {
            assert_corrupt(list(&place.file), "occurs twice");
        }
    }
    assert_refused(&[file("a", b"1"), entry_of("a", b"", EntryType::Directory)], "occurs twice");
}

#[test]
fn sizes_beyond_the_file_are_refused_without_being_believed() {
    for size in [1, 512, 1 << 33, u64::MAX >> 8, i64::MAX as u64] {
        for place in unfinished(&[header_of(b"a", size, |_| ())]) {
            assert_corrupt(place.unpack(), "truncated");
        }
    }
    assert_refused(&[header_of(b"a", 1 << 20, |header| header.set_entry_type(EntryType::GNULongName))], "exceeds");
    assert_refused(&[header_of(b"a", 1 << 20, |header| header.set_entry_type(EntryType::XHeader))], "exceeds");
    let record = b"29 size=18446744073709551616\n";
    assert_refused(&[entry_of("x", record, EntryType::XHeader), file("a", b"")], "malformed size");
    assert_refused(&[header_of(b"a", 0, |header| header.as_old_mut().size = *b"not a number")], "tar: ");
}

#[test]
fn an_extension_header_replaces_name_and_size() {
    let extension = entry_of("x", b"10 size=3\n16 path=renamed\n", EntryType::XHeader);
    let mut bytes = header_of(b"a", 0, |_| ());
    bytes.extend(b"abc");
    bytes.resize(1024, 0);
    for place in archives(&[extension, bytes]) {
        assert_eq!(place.unpack().unwrap(), tree(&[("renamed", b"abc")]));
    }
}

#[test]
fn malformed_extension_headers_are_refused() {
    for record in [&b"99 path=a\n"[..], b"path=a\n", b"x", b"10 path a\n"] {
        assert_refused(&[entry_of("x", record, EntryType::XHeader), file("a", b"")], "tar: ");
    }
    let sparse = b"22 GNU.sparse.major=1\n";
    assert_refused(&[entry_of("x", sparse, EntryType::XHeader), file("a", b"")], "sparse");
    assert_refused(&[entry_of("x", b"10 path=a\n", EntryType::XHeader)], "the end follows");
}

#[test]
fn modes_and_sums_and_padding_that_no_writer_makes_are_refused() {
    assert_refused(&[header_of(b"a", 0, |header| header.set_mode(0o4755))], "the mode 4755");
    let mut broken = file("a", b"x");
    broken[0] = b'b';
    assert_refused(&[broken], "checksum");
    let mut broken = file("a", b"x");
    broken[1023] = 1;
    assert_refused(&[broken], "padding");
    assert_refused(&[entry_of("a", b"x", EntryType::Directory)], "has content");
}

#[test]
fn an_archive_without_its_end_is_refused() {
    for end in [0, 511, 512, 1023] {
        for place in unfinished(&[file("a", b"x"), vec![0; end]]) {
            assert_corrupt(place.unpack(), "truncated");
        }
    }
    for place in unfinished(&[file("a", b"x"), vec![0; 512], file("b", b"y"), vec![0; 1024]]) {
        assert_corrupt(place.unpack(), "one block of zeros");
    }
    assert_refused(&[file("a", b"x"), vec![0; 1024], file("b", b"y")], "bytes follow its end");
}

#[test]
fn a_bomb_is_stopped_at_its_budget() {
    let stream = [file("a", &vec![0; 32 << 20])];
    for place in archives(&stream) {
        let limits = Limits { max_decoded_bytes: Some(1 << 20), ..Default::default() };
        assert!(matches!(place.unpack_within(&limits), Err(Error::LimitExceeded { limit: 1048576, .. })));
    }
    // Zeros after the end count too.
    for place in archives(&[file("a", b"x"), vec![0; 32 << 20]]) {
        let limits = Limits { max_decoded_bytes: Some(1 << 20), ..Default::default() };
        assert!(matches!(place.unpack_within(&limits), Err(Error::LimitExceeded { .. })));
    }
}

#[test]
fn a_compressed_archive_is_one_frame() {
    let [_, place] = archives(&[file("a", b"x")]);
    let bytes = fs::read(&place.file).unwrap();
    let second = zstd::encode_all(&b"more"[..], 3).unwrap();
    assert_corrupt(Place::with(&[bytes.clone(), second].concat()).unpack(), "bytes follow the zstd frame");
}

#[test]
fn names_are_bounded_together() {
    let long = |number: usize| {
        let name = ["n".repeat(4_000), number.to_string()].concat();
        [entry_of("././@LongLink", name.as_bytes(), EntryType::GNULongName), file("short", b"")].concat()
    };
    let all: Vec<Vec<u8>> = (0..(64 << 20) / 4_000 + 1).map(long).collect();
    let [_, compressed] = archives(&all);
    assert_corrupt(list(&compressed.file), "names of more than 67108864 bytes");
}
