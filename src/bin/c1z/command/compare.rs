//! `c1z compare`: what differs between two files.

use std::io::Write;
use std::path::PathBuf;

use c1z::proto::api::compared_record::Record;
use c1z::proto::api::difference::Change;
use c1z::proto::api::{CompareFilesRequest, CompareInput, CompareOptions, ComparePage, Difference, RecordKind};
use c1z::proto::connector::ResourceId;
use c1z::store::{FileComparison, Store};
use clap::{Args, ValueEnum};
use prost::Message;

use crate::address;
use crate::arguments::{FileArguments, OutputArguments, WorkArguments};
use crate::command::grants::principal_of;
use crate::failure::{Failure, Status};
use crate::names::Names;
use crate::output::{self, Format, Output, Shown};
use crate::pages::decoded;
use crate::progress::Progress;
use crate::resource_ids::resource_of;
use crate::sync;

const COLUMNS: &[&str] =
    &["change", "kind", "type", "on", "id", "name", "principal type", "principal", "principal name", "fields"];
const SUMMARY_COLUMNS: &[&str] = &["records", "added", "removed", "changed"];

/// What was added, removed and changed from one file to another; exit status 1 where something was
#[derive(Args)]
pub struct Compare {
    /// The .c1z file that was there before
    before: PathBuf,
    /// The .c1z file that came after it; may be the same
    after: PathBuf,
    /// The sync of the first file; the newest that has ended if not given
    #[arg(long, value_name = "ID")]
    before_sync: Option<String>,
    /// The sync of the second file; the newest that has ended if not given
    #[arg(long, value_name = "ID")]
    after_sync: Option<String>,
    /// What makes no difference; may be given more than once
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    ignore: Vec<Ignored>,
    /// Only records of this kind; may be given more than once
    #[arg(short = 'k', long = "kind", value_enum, value_name = "KIND", value_delimiter = ',')]
    kinds: Vec<Kind>,
    /// How many records were added, removed and changed, and not which
    #[arg(long)]
    summary: bool,
    #[command(flatten)]
    work: WorkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// What may be left out.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ignored {
    /// Names, descriptions and icons
    Display,
    /// Annotations, but for what a grant expands to
    Annotations,
    /// The sources of grants
    Sources,
    /// What grants expand to, and whether they wait for it
    Expansion,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    ResourceTypes,
    Resources,
    Entitlements,
    Grants,
    Assets,
}

impl Kind {
    fn number(self) -> RecordKind {
        match self {
            Kind::ResourceTypes => RecordKind::ResourceType,
            Kind::Resources => RecordKind::Resource,
            Kind::Entitlements => RecordKind::Entitlement,
            Kind::Grants => RecordKind::Grant,
            Kind::Assets => RecordKind::Asset,
        }
    }
}

impl Compare {
    pub fn run(self) -> Result<Status, Failure> {
        [&self.before, &self.after].into_iter().try_for_each(|file| address::check_path(file))?;
        let mut comparison =
            Progress::late("opening").during(|control| FileComparison::open(&self.request(), control))?;
        let format = self.output.format();
        // For people only: who reads JSON has the ids.
        let is_named = !self.summary && matches!(format, Format::Table | Format::Csv);
        let stores = is_named.then(|| self.stores()).transpose()?;
        let mut names = stores.as_ref().map(|stores| stores.each_ref().map(Names::of));
        let mut rows = (!self.summary).then(|| Output::new(format, COLUMNS));
        let mut shown = Shown::of("c1z.v1.Difference");
        let mut summary = Summary::default();
        while let Some(page) = comparison.next_page()? {
            for found in decoded::<ComparePage>(&page)?.list {
                summary.count(&found);
                if let Some(rows) = &mut rows {
                    rows.row(|| shown.json(&found.encode_to_vec()), || cells(&found, names.as_mut()))?;
                }
            }
        }
        rows.map_or(Ok(()), Output::finish)?;
        if self.summary || format == Format::Table {
            if !self.summary {
                let mut out = output::out();
                writeln!(out)?;
                out.flush()?;
            }
            summary.write(format)?;
        }
        drop(names);
        stores.into_iter().flatten().try_for_each(Store::close)?;
        Ok(if summary.is_empty() { Status::Done } else { Status::Found })
    }

    fn request(&self) -> CompareFilesRequest {
        let input = |path: &PathBuf, sync: &Option<String>| {
            let sync_id = sync.clone().unwrap_or_default();
            Some(CompareInput { path_bytes: super::path_bytes(path), sync_id, ..CompareInput::default() })
        };
        let ignores = |what| self.ignore.contains(&what);
        CompareFilesRequest {
            before: input(&self.before, &self.before_sync),
            after: input(&self.after, &self.after_sync),
            options: Some(CompareOptions {
                kinds: self.kinds.iter().map(|kind| kind.number().into()).collect(),
                ignore_display: ignores(Ignored::Display),
                ignore_annotations: ignores(Ignored::Annotations),
                ignore_sources: ignores(Ignored::Sources),
                ignore_expansion: ignores(Ignored::Expansion),
            }),
            tmp_dir_bytes: self.work.tmp_dir.as_deref().map(super::path_bytes).unwrap_or_default(),
            ..CompareFilesRequest::default()
        }
    }

    /// Both files once more, for the names in them.
    fn stores(&self) -> Result<[Store; 2], Failure> {
        let open = |file: &PathBuf, sync: &Option<String>| {
            sync::open(&FileArguments { file: file.clone(), sync: sync.clone(), work: self.work.clone() })
        };
        Ok([open(&self.before, &self.before_sync)?, open(&self.after, &self.after_sync)?])
    }
}

/// How many records of each kind were added, removed and changed.
#[derive(Default)]
struct Summary([[u64; 3]; 5]);

const KINDS: [RecordKind; 5] =
    [RecordKind::ResourceType, RecordKind::Resource, RecordKind::Entitlement, RecordKind::Grant, RecordKind::Asset];
const CHANGES: [Change; 3] = [Change::Added, Change::Removed, Change::Changed];

impl Summary {
    fn count(&mut self, found: &Difference) {
        let kind = KINDS.iter().position(|&kind| kind == found.kind());
        let change = CHANGES.iter().position(|&change| change == found.change());
        if let (Some(kind), Some(change)) = (kind, change) {
            self.0[kind][change] += 1;
        }
    }

    fn is_empty(&self) -> bool {
        self.0.iter().flatten().all(|&count| count == 0)
    }

    fn write(&self, format: Format) -> Result<(), Failure> {
        let mut output = Output::new(format, SUMMARY_COLUMNS);
        for (kind, counts) in KINDS.into_iter().zip(&self.0) {
            let kind = noun(kind);
            let [added, removed, changed] = counts.map(|count| count.to_string());
            let json = || {
                let counts =
                    serde_json::json!({"records": kind, "added": added, "removed": removed, "changed": changed});
                Ok(counts.to_string())
            };
            let cells = || Ok(vec![kind.to_owned(), added.clone(), removed.clone(), changed.clone()]);
            output.row(json, cells)?;
        }
        output.finish()
    }
}

fn noun(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::ResourceType => "resource type",
        RecordKind::Resource => "resource",
        RecordKind::Entitlement => "entitlement",
        RecordKind::Grant => "grant",
        RecordKind::Asset => "asset",
        RecordKind::Unspecified => "",
    }
}

fn verb(change: Change) -> &'static str {
    match change {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Changed => "changed",
        Change::Unspecified => "",
    }
}

/// What there is of a record is shown as it is by now, or as it was. Names are looked up in the file that it is shown from.
fn cells(found: &Difference, names: Option<&mut [Names<'_>; 2]>) -> Result<Vec<String>, Failure> {
    let (record, file) = match &found.after {
        Some(after) => (after.record.as_ref(), 1),
        None => (found.before.as_ref().and_then(|before| before.record.as_ref()), 0),
    };
    let nothing = ResourceId::default();
    let mut names = names.map(|names| &mut names[file]);
    let mut named = |id: &ResourceId| names.as_mut().map_or(Ok(String::new()), |names| names.resource(id));
    let [of_type, on, id, name, principal_type, principal, principal_name] = match record {
        Some(Record::ResourceType(record)) => {
            let [id, name] = [&record.id, &record.display_name].map(String::clone);
            ["", "", &id, &name, "", "", ""].map(str::to_owned)
        }
        Some(Record::Resource(record)) => {
            let id = record.id.as_ref().unwrap_or(&nothing);
            [&id.resource_type, "", &id.resource, &record.display_name, "", "", ""].map(str::to_owned)
        }
        Some(Record::Entitlement(record)) => {
            let on = resource_of(record).unwrap_or(&nothing);
            [&on.resource_type, &on.resource, &record.id, &record.display_name, "", "", ""].map(str::to_owned)
        }
        Some(Record::Grant(record)) => {
            let entitlement = record.entitlement.as_ref();
            let on = entitlement.and_then(resource_of).unwrap_or(&nothing);
            let id = entitlement.map(|entitlement| entitlement.id.as_str()).unwrap_or_default();
            let principal = principal_of(record).unwrap_or(&nothing);
            let name = named(principal)?;
            let (of_type, resource) = (&principal.resource_type, &principal.resource);
            [&on.resource_type, &on.resource, id, "", of_type, resource, &name].map(str::to_owned)
        }
        Some(Record::Asset(record)) => ["", "", &record.id, "", "", "", ""].map(str::to_owned),
        None => Default::default(),
    };
    let (change, kind) = (verb(found.change()).to_owned(), noun(found.kind()).to_owned());
    let fields = found.fields.join(", ");
    Ok(vec![change, kind, of_type, on, id, name, principal_type, principal, principal_name, fields])
}
