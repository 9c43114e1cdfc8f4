//! Made-up grants: which there are, by number, without a message being built.

use std::iter::repeat_n;

/// How grants spread over entitlements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One entitlement a group, 200 members each.
    Groups,
    /// One entitlement a group, sizes after a power law: the largest has hundreds of times the members of most.
    Skewed,
    /// One entitlement that everybody holds.
    Flat,
    /// 200 entitlements a resource, five principals each.
    Wide,
}

/// Distinct grants of one shape, always the same ones for the same numbers.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    pub shape: Shape,
    pub grants: u64,
    pub users: u64,
}

/// One entitlement: which it is of its resource, and how many hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub resource: u64,
    pub entitlement: u64,
    pub holders: u64,
}

/// A user holds an entitlement of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    pub resource: u64,
    pub entitlement: u64,
    pub user: u64,
}

const MEMBERS: u64 = 200;
const ENTITLEMENTS: u64 = 200;
const HOLDERS: u64 = 5;
/// The stride with which an entitlement's holders are taken from the users: a prime, so that it meets all of them.
const STRIDE: u64 = 1_000_003;

impl Workload {
    /// That many grants, and a twentieth of that many users, at least 1,000.
    pub fn new(shape: Shape, grants: u64) -> Workload {
        let users = match shape {
            Shape::Flat => grants.max(1_000),
            _ => (grants / 20).max(1_000),
        };
        // A multiple of the stride would be met by it at few places only.
        Workload { shape, grants, users: users + u64::from(users.is_multiple_of(STRIDE)) }
    }

    /// The entitlements, in the order of their keys, with as many holders in all as there are grants.
    pub fn entitlements(self) -> impl Iterator<Item = Held> {
        let mut left = self.grants;
        (0..).map_while(move |number| {
            let (resource, entitlement, holders) = match self.shape {
                Shape::Groups => (number, 0, MEMBERS),
                Shape::Skewed => (number, 0, self.skewed(number)),
                Shape::Flat => (0, 0, self.grants),
                Shape::Wide => (number / ENTITLEMENTS, number % ENTITLEMENTS, HOLDERS),
            };
            let holders = holders.min(left);
            left -= holders;
            (holders > 0).then_some(Held { resource, entitlement, holders })
        })
    }

    /// The grants, ordered by entitlement.
    pub fn rows(self) -> impl Iterator<Item = Row> {
        self.entitlements().flat_map(move |held| {
            let Held { resource, entitlement, holders } = held;
            let first = scatter(resource ^ entitlement << 40) % self.users;
            let users = (0..holders).map(move |holder| (first + holder % self.users * STRIDE) % self.users);
            repeat_n((resource, entitlement), holders as usize).zip(users).map(|((resource, entitlement), user)| Row {
                resource,
                entitlement,
                user,
            })
        })
    }

    /// Of as many groups as [`Shape::Groups`] has, the one at a place after a power law with exponent 1.
    fn skewed(self, place: u64) -> u64 {
        let groups = (self.grants / MEMBERS).max(1) as f64;
        let share = self.grants as f64 / (groups.ln() + 1.0);
        ((share / (place + 1) as f64) as u64).clamp(1, self.users)
    }
}

/// Spreads numbers that follow each other over all of them: the finaliser of SplitMix64.
pub fn scatter(number: u64) -> u64 {
    let number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ number >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ number >> 31
}

/// Puts a list into an order that has nothing to do with the one it was in, always the same one.
pub fn shuffle<T>(list: &mut [T]) {
    for at in (1..list.len()).rev() {
        list.swap(at, (scatter(at as u64) % (at as u64 + 1)) as usize);
    }
}
