//! Compiles `proto/` to Rust types and to the descriptor sets that the library carries, and what has to be C++.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

/// The package whose descriptors each file's manifest embeds.
const STORAGE_PACKAGE: &str = "c1.storage.v3";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    if env::var("CARGO_CFG_TARGET_OS")? == "linux" {
        // Threads of the engine may outlive a `dlclose`: the code must stay mapped.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libc1z.so.0");
    }

    if env::var_os("CARGO_FEATURE_ENGINE").is_some() {
        compile_cpp()?;
    }

    let root = Path::new("proto");
    let mut sources = Vec::new();
    collect_protos(root, &mut sources)?;
    sources.sort();

    let mut compiler = protox::Compiler::new([root])?;
    compiler.include_imports(true).open_files(&sources)?;
    let descriptors = without_source_info(compiler.file_descriptor_set());

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    fs::write(out.join("storage_descriptors.bin"), closure(&descriptors, STORAGE_PACKAGE).encode_to_vec())?;

    // Sorted maps make encoding deterministic.
    compiler.include_source_info(true);
    prost_build::Config::new()
        .btree_map(["."])
        .extern_path(".google.protobuf.Struct", "crate::proto::Profile")
        .enable_type_names()
        .include_file("protos.rs")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// What RocksDB takes from C++ only.
fn compile_cpp() -> Result<(), Box<dyn Error>> {
    const FOLDER: &str = "src/engine/cpp";
    println!("cargo:rerun-if-changed={FOLDER}");
    let mut sources = Vec::new();
    for entry in fs::read_dir(FOLDER)? {
        sources.push(entry?.path());
    }
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "cc"));
    sources.sort();
    let rocksdb = PathBuf::from(env::var("DEP_ROCKSDB_CARGO_MANIFEST_DIR")?).join("rocksdb/include");
    let mut build = cc::Build::new();
    build.cpp(true).std("c++20").define("NDEBUG", None).include(rocksdb).files(sources);
    Ok(build.try_compile("c1z_engine")?)
}

fn collect_protos(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_protos(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    Ok(())
}

/// `set` sorted by file path and stripped of comments and positions.
fn without_source_info(mut set: FileDescriptorSet) -> FileDescriptorSet {
    set.file.sort_by(|a, b| a.name.cmp(&b.name));
    for file in &mut set.file {
        file.source_code_info = None;
    }
    set
}

/// The files of `package` and all that they import, in the order of `set`.
fn closure(set: &FileDescriptorSet, package: &str) -> FileDescriptorSet {
    let by_name: BTreeMap<&str, &FileDescriptorProto> = set.file.iter().map(|file| (file.name(), file)).collect();
    let mut wanted = BTreeSet::new();
    let mut open: Vec<&str> =
        set.file.iter().filter(|file| file.package() == package).map(|file| file.name()).collect();
    while let Some(name) = open.pop() {
        if wanted.insert(name) {
            open.extend(by_name[name].dependency.iter().map(String::as_str));
        }
    }
    let file = set.file.iter().filter(|file| wanted.contains(file.name())).cloned().collect();
    FileDescriptorSet { file }
}
