//! `c1z inspect`: the raw records.

use base64::prelude::{Engine, BASE64_STANDARD};
use c1z::proto::api::{InspectPage, InspectRequest, InspectedRecord, OpenRequest};
use c1z::quoted::Quoted;
use c1z::store::Inspection;
use clap::Args;
use serde_json::Value;

use crate::address;
use crate::arguments::{FileArguments, OutputArguments};
use crate::failure::{Failure, Status};
use crate::output::Output;
use crate::pages::decoded;
use crate::progress::Progress;
use crate::terminal::harmless_json;

/// Stored records as they are, by the descriptors in the file itself
#[derive(Args)]
#[command(mut_arg("sync", |sync| sync.help("Only what belongs to this sync; all that the file holds if not given")))]
pub struct Inspect {
    #[command(flatten)]
    file: FileArguments,
    /// Only records of this type, as the file names it; may be given more than once
    #[arg(long = "record-type", value_name = "MESSAGE")]
    record_types: Vec<String>,
    #[command(flatten)]
    output: OutputArguments,
}

impl Inspect {
    pub fn run(self) -> Result<Status, Failure> {
        address::check_path(&self.file.file)?;
        let open = OpenRequest {
            path_bytes: super::path_bytes(&self.file.file),
            tmp_dir_bytes: self.file.work.tmp_dir.as_deref().map(super::path_bytes).unwrap_or_default(),
            ..OpenRequest::default()
        };
        let request = InspectRequest {
            open: Some(open),
            sync_id: self.file.sync.unwrap_or_default(),
            record_types: self.record_types,
        };
        let mut inspection = Progress::late("opening").during(|control| Inspection::open(&request, control))?;
        let mut output = Output::new(self.output.format(), &["record type", "key", "record"]);
        while let Some(page) = inspection.next_page()? {
            for record in decoded::<InspectPage>(&page)?.list {
                let InspectedRecord { record_type, key, json, .. } = &record;
                let cells = || Ok(vec![record_type.clone(), Quoted::new(key).to_string(), json.clone()]);
                output.row(|| Ok(shown(&record)), cells)?;
            }
        }
        output.finish()?;
        Ok(Status::Done)
    }
}

/// As the library's own JSON of it, but with the record as an object.
fn shown(record: &InspectedRecord) -> String {
    let text = |text: &str| Value::from(text).to_string();
    harmless_json(format!(
        "{{\"syncId\":{},\"recordType\":{},\"key\":\"{}\",\"record\":{}}}",
        text(&record.sync_id),
        text(&record.record_type),
        BASE64_STANDARD.encode(&record.key),
        record.json
    ))
}
