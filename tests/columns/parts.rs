//! Every row is in one part, whoever divides.

use crate::cells::{rows, Row};
use crate::fixture::*;

const GROUPS: usize = 400;
const USERS: usize = 300;

fn parts(store: &Store, of: &ExportRequest, parts: u32) -> Vec<Vec<Row>> {
    (0..parts).map(|part| rows(store, &ExportRequest { part, parts, ..of.clone() })).collect()
}

#[test]
fn every_row_is_in_one_part_and_parts_are_in_the_order_of_rows() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_memberships(&store, GROUPS, USERS);
    let request = ExportRequest {
        table: Table::Grants.into(),
        columns: vec!["entitlement_id".into(), "principal_resource_id".into()],
        ..Default::default()
    };
    let all = rows(&store, &request);
    assert_eq!(all.len(), GROUPS * USERS);
    let while_it_is_written = parts(&store, &request, 3);
    assert_eq!(while_it_is_written.concat(), all);
    end(&store);
    assert_eq!(parts(&store, &request, 3), while_it_is_written, "a store divides as it did before");
    close(store);

    let [one, other] = [fixture.open_read_only(), fixture.open_read_only()];
    for count in [1, 2, 3, 100] {
        let found = parts(&one, &request, count);
        assert_eq!(found, parts(&other, &request, count));
        assert_eq!(found.concat(), all, "{count}");
    }
    let divided = parts(&one, &request, 2);
    assert!(divided.iter().all(|part| !part.is_empty()), "a file of several tables is divided");
    for request in [
        ExportRequest { table: Table::Syncs.into(), ..Default::default() },
        ExportRequest { principal_resource_type_id: "user".into(), ..request.clone() },
        ExportRequest { resource_type_id: "group".into(), ..request.clone() },
        ExportRequest { entitlement_id: all[0]["entitlement_id"].as_str().unwrap().into(), ..request.clone() },
        ExportRequest { table: Table::Resources.into(), columns: Vec::new(), ..request },
    ] {
        assert_eq!(parts(&one, &request, 4).concat(), rows(&one, &request));
    }
}
