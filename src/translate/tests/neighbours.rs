//! A grant comes back the same whatever came back before it.

use proptest::prelude::*;
use prost::Message;

use super::strategies::grant;
use super::*;

/// Records of grants, many of one entitlement, some damaged.
fn records() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let change = (0..4usize, any::<prop::sample::Index>(), any::<u8>());
    let row = (grant(), any::<prop::sample::Index>(), change);
    prop::collection::vec(row, 1..8).prop_map(|rows| {
        let held: Vec<_> = rows.iter().map(|(grant, ..)| grant.entitlement.clone()).collect();
        let mut records = Vec::new();
        for (mut grant, of, (change, at, byte)) in rows {
            grant.entitlement = held[of.index(held.len().min(2))].clone();
            let mut record = GRANT.record(&grant.encode_to_vec());
            if change == 0 && !record.is_empty() {
                let at = at.index(record.len());
                record[at] = byte;
            }
            records.push(record);
        }
        records
    })
}

proptest! {
    #[test]
    fn a_grant_does_not_depend_on_the_one_before(records in records()) {
        let mut last = LastGrant::default();
        for record in records {
            let (mut alone, mut next) = (Vec::new(), Vec::new());
            let expected = grant_from_record(&record, &mut alone);
            prop_assert_eq!(next_grant_from_record(&record, &mut last, &mut next), expected);
            prop_assert_eq!(next, alone);
        }
    }
}
