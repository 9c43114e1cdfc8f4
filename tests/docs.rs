//! What the Markdown files name is there: links lead somewhere, and paths and modules of this project exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold no documents of this project.
const NOT_OURS: [&str; 3] = ["target", "build", "node_modules"];

/// How the files are named that documents speak of.
const FILES: [&str; 13] =
    [".rs", ".cc", ".h", ".hpp", ".md", ".sh", ".go", ".proto", ".toml", ".txt", ".c", ".py", ".in"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && !name.starts_with('.') && !NOT_OURS.contains(&name.as_str()) {
            documents(&path, found);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// The text without its fenced blocks, which quote programs and layouts.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect::<Vec<_>>().join("\n")
}

/// Where the links of a document lead.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link)
}

/// What stands between single backquotes.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    headings
        .map(|heading| {
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.collect::<String>().to_lowercase().replace(' ', "-")
        })
        .collect()
}

fn names_a_file(span: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    span.contains('/')
        && !span.starts_with('/')
        && span.chars().all(plain)
        && FILES.iter().any(|end| span.ends_with(end))
}

/// `engine::bulk`: the file or folder of a module, if the name is that of one of ours.
fn module(span: &str) -> Option<PathBuf> {
    let mut parts = span.split("::");
    let room = root().join("src").join(parts.next()?);
    let name = parts.next()?;
    let is_module = room.is_dir() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    is_module.then(|| room.join(name))
}

#[test]
fn documents_name_only_what_is_there() {
    let mut documents_found = Vec::new();
    documents(root(), &mut documents_found);
    assert!(documents_found.len() >= 5, "{documents_found:?}");
    let mut missing = Vec::new();
    for document in &documents_found {
        let text = fs::read_to_string(document).unwrap();
        let text = prose(&text);
        let folder = document.parent().unwrap();
        let mut miss = |what: &str| missing.push(format!("{}: {what}", document.display()));
        for link in links(&text).filter(|link| !link.contains("://") && !link.contains(' ')) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { document.clone() } else { folder.join(path) };
            let has_anchor = || anchor.is_empty() || anchors(&fs::read_to_string(&target).unwrap()).contains(anchor);
            if !target.exists() || !has_anchor() {
                miss(link);
            }
        }
        for span in spans(&text) {
            let places = [root(), folder, &root().join("src"), &root().join("go"), &root().join("proto")];
            if names_a_file(span) && !places.iter().any(|place| place.join(span).exists()) {
                miss(span);
            }
            if module(span).is_some_and(|module| !module.is_dir() && !module.with_extension("rs").is_file()) {
                miss(span);
            }
        }
    }
    assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
}
