//! A file for each table: its columns, and how a row becomes cells of them.
//!
//! Rows of resource types, resources and entitlements are made of what lists show of them, so that the two cannot differ; those
//! of grants, of which there are many, of the stored record.

pub mod entitlements;
pub mod grants;
pub mod resource_types;
pub mod resources;
pub mod syncs;
pub mod times;
