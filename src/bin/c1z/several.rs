//! An id that may be any of several, and what these are.

use c1z::proto::connector::{Entitlement, ResourceId};
use c1z::quoted::{self, Quoted};

use crate::resource_ids::resource_of;

/// Hits that are listed.
pub const LISTED: usize = 20;

/// Something that an id may mean.
#[derive(Clone, Debug)]
pub enum Hit {
    /// A resource, which may be a principal, and its display name.
    Resource(ResourceId, String),
    /// An entitlement. Without a resource it is one that has no row and is known by its grants.
    Entitlement(Box<Entitlement>),
}

impl Hit {
    fn line(&self) -> String {
        let on = |id: &ResourceId| format!("-t {} {}", quoted::line(&id.resource_type), quoted::line(&id.resource));
        let (line, name) = match self {
            Hit::Resource(id, name) => (on(id), name),
            Hit::Entitlement(entitlement) => {
                let on = resource_of(entitlement).map(|id| format!(" on {}", on(id))).unwrap_or_default();
                (format!("{}{on}", quoted::line(&entitlement.id)), &entitlement.display_name)
            }
        };
        match name.is_empty() {
            true => line,
            false => format!("{line} ({})", quoted::line(name)),
        }
    }
}

/// An id that may be any of several.
#[derive(Debug)]
pub struct Several {
    pub noun: &'static str,
    pub id: Quoted,
    pub hits: Vec<Hit>,
}

impl Several {
    /// Of hits that nobody has a list of.
    pub fn unlisted(noun: &'static str, id: Quoted) -> Several {
        Several { noun, id, hits: Vec::new() }
    }

    pub fn sentence(&self) -> String {
        let Several { noun, id, hits } = self;
        match hits.len() {
            0 => format!("{noun} {id} may be any of several"),
            count if count > LISTED => format!("{noun} {id} may be any of more than {LISTED}; -t TYPE decides"),
            count => format!("{noun} {id} may be any of {count}; -t TYPE decides"),
        }
    }

    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.hits.iter().take(LISTED).map(Hit::line)
    }
}
