//! `c1z access`: what a principal holds.

use c1z::proto::reader::GrantsReaderServiceListGrantsForPrincipalRequest;
use clap::Args;

use super::grants::{self, HELD};
use crate::arguments::{FileArguments, OutputArguments};
use crate::failure::{Failure, Status};
use crate::names::Names;
use crate::resolve::Resolver;
use crate::sync;

/// What a principal holds, and through which groups
#[derive(Args)]
pub struct Access {
    #[command(flatten)]
    file: FileArguments,
    /// Its id as the connector gave it, or else its display name, login or e-mail address
    principal: String,
    /// Its resource type
    #[arg(short = 't', long = "resource-type", value_name = "TYPE")]
    of_type: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
}

impl Access {
    pub fn run(self) -> Result<Status, Failure> {
        let store = sync::open(&self.file)?;
        let principal = Resolver::new(&store, self.of_type.as_deref()).principal(&self.principal)?;
        let page = |page_token, page_size| {
            store.list_grants_for_principal(&GrantsReaderServiceListGrantsForPrincipalRequest {
                principal_id: Some(principal.clone()),
                page_token,
                page_size,
                ..Default::default()
            })
        };
        grants::write(self.output.format(), &HELD, Names::of(&store), page, None)?;
        store.close()?;
        Ok(Status::Done)
    }
}
