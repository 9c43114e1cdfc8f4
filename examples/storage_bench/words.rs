//! What the command lines call the shapes of a workload.

use clap::ValueEnum;

use crate::support::workload::Shape;

/// How grants spread over entitlements.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ShapeName {
    /// 200 members a group
    Groups,
    /// group sizes after a power law
    Skewed,
    /// one entitlement that everybody holds
    Flat,
    /// 200 entitlements a resource, five holders each
    Wide,
}

impl From<ShapeName> for Shape {
    fn from(name: ShapeName) -> Shape {
        match name {
            ShapeName::Groups => Shape::Groups,
            ShapeName::Skewed => Shape::Skewed,
            ShapeName::Flat => Shape::Flat,
            ShapeName::Wide => Shape::Wide,
        }
    }
}
