//! `c1z list assets`.

use clap::Args;
use serde_json::json;

use crate::arguments::{FileArguments, OutputArguments};
use crate::failure::Failure;
use crate::output::Output;
use crate::sync;
use crate::terminal::harmless_json;

/// Assets that are asked for at once.
const PAGE: usize = 1000;

/// Lists assets, by id, without what is in them
#[derive(Args)]
pub struct Assets {
    #[command(flatten)]
    file: FileArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl Assets {
    pub fn run(self) -> Result<(), Failure> {
        let store = sync::open(&self.file)?;
        let mut output = Output::new(self.output.format(), &["id", "content type", "size"]);
        let mut after: Option<String> = None;
        loop {
            let page = store.list_assets(after.as_deref(), PAGE)?;
            for asset in &page {
                let size = asset.size.to_string();
                let json = || json!({"id": asset.id, "contentType": asset.content_type, "size": size}).to_string();
                let cells = || Ok(vec![asset.id.clone(), asset.content_type.clone(), asset.size.to_string()]);
                output.row(|| Ok(harmless_json(json())), cells)?;
            }
            match page.into_iter().next_back() {
                Some(last) => after = Some(last.id),
                None => break,
            }
        }
        output.finish()?;
        Ok(store.close()?)
    }
}
