//! `include/c1z.h` is what cbindgen makes of the sources today. `make header` writes it anew.

use std::path::Path;

#[test]
fn the_checked_in_header_is_the_generated_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::fs::read_dir(root.join("src/capi")).unwrap();
    let mut sources: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    // cbindgen would follow its module list and see every file twice.
    sources.retain(|path| !path.ends_with("mod.rs"));
    // The order of the header: what everything needs first, then file by file, the table that names everything last.
    let rank = |path: &Path| match path.file_stem().unwrap().to_str().unwrap() {
        "code" | "slice" => 0,
        "buffer" => 1,
        "error" => 2,
        "cancel" | "host" => 3,
        "file" => 4,
        "store" => 5,
        "syncs" => 6,
        "api" => 99,
        _ => 10,
    };
    sources.sort_by_key(|path| (rank(path), path.clone()));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in sources {
        builder = builder.with_src(source);
    }
    let mut generated = Vec::new();
    builder.generate().unwrap().write(&mut generated);
    let generated = String::from_utf8(generated).unwrap();

    let header = root.join("include/c1z.h");
    if std::env::var_os("C1Z_WRITE_HEADER").is_some() {
        std::fs::create_dir_all(header.parent().unwrap()).unwrap();
        std::fs::write(&header, &generated).unwrap();
    }
    let checked_in = std::fs::read_to_string(&header).unwrap_or_default();
    assert!(checked_in == generated, "include/c1z.h is stale: run `make header`");
}
