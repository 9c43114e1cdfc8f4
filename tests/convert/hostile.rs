//! Files that are damaged or made to do harm.

use c1z::error::Code;

use crate::fixture::*;
use crate::v1_file::*;

fn sample() -> V1 {
    let v1 = V1::new();
    v1.sync(SYNC);
    for user in 0..200 {
        let user = format!("u{user}");
        v1.resource(SYNC, &resource(("user", &user)));
        v1.grant(SYNC, &Grant { id: format!("group:g:member:user:{user}"), ..membership("g", &user) }, None);
    }
    v1.asset(SYNC, "long", &vec![1; 20_000]);
    v1
}

#[track_caller]
fn is_damaged(file: &File, what: &str) {
    let error = file.refused();
    assert!(error.code() == Code::DataLoss && error.to_string().contains(what), "{error}");
    assert!(error.to_string().contains("v1.c1z"), "{error}");
}

#[test]
fn a_file_that_is_cut_off_or_goes_on_is_damaged() {
    let file = sample().file();
    let whole = std::fs::read(file.path()).unwrap();
    for length in [5, 6, 20, whole.len() / 2, whole.len() - 1] {
        file.write(&whole[..length]);
        is_damaged(&file, "truncated");
    }
    file.write(&[&whole[..], b"x"].concat());
    is_damaged(&file, "bytes behind the end");
}

#[test]
fn damage_anywhere_in_the_database_is_told_of_or_does_no_harm() {
    let mut told = 0;
    for part in 0..60 {
        let file = sample().changed_file(|mut database| {
            let at = part * database.len() / 60;
            database[at..].iter_mut().take(40).for_each(|byte| *byte = !*byte);
            database
        });
        match file.try_convert(&file.request()) {
            Ok(_) => crate::held::is_sound(&file.out()),
            Err(error) => {
                assert_eq!(error.code(), Code::DataLoss, "part {part}: {error}");
                told += 1;
            }
        }
    }
    assert!(told > 10, "{told}");
}

#[test]
fn what_is_no_database_is_damaged() {
    for database in [&b""[..], b"no database", &[0; 5000]] {
        is_damaged(&File::of_bytes(&packed(database)), "");
    }
    is_damaged(&V1::with_schema("create table other (id integer primary key)").file(), "v1_sync_runs");
}

#[test]
fn a_table_that_is_something_else_is_refused() {
    let schema = |table: &str| format!("{};{table}", SCHEMA.replace(" v1_resources ", " unused "));
    let columns = "external_id, data, sync_id, discovered_at";
    let cases = [
        (format!("create view v1_resources as select 1 as id, {columns} from v1_grants"), "view"),
        (format!("create virtual table v1_resources using fts5 (id, {columns})"), "virtual"),
        (
            format!("create table v1_resources (id integer primary key, {columns}) without rowid"),
            "no table as format v1",
        ),
        (format!("create table v1_resources (id, {columns})"), "not ordered by an integer id"),
        (format!("create table v1_resources (id text primary key, {columns})"), "not ordered by an integer id"),
        (
            format!("create table v1_resources (id integer, {columns}, primary key (id, data))"),
            "not ordered by an integer id",
        ),
        (
            "create table v1_resources (id integer primary key, external_id, sync_id, discovered_at,
             data generated always as (zeroblob(1000000000)) virtual)"
                .to_owned(),
            "is computed",
        ),
    ];
    for (table, what) in cases {
        is_damaged(&V1::with_schema(&schema(&table)).file(), what);
    }
}

#[test]
fn nothing_that_a_schema_says_is_carried_out() {
    let v1 = sample();
    v1.run("create trigger loud after insert on v1_grants begin select load_extension('evil'); end", &[]);
    v1.run(
        "create view endless as with recursive n(i) as (select 1 union all select i + 1 from n) select * from n",
        &[],
    );
    v1.run("create index computed on v1_grants (hex(data))", &[]);
    let file = v1.file();
    assert_eq!(file.convert().losses.len(), 1, "the view");
}

#[test]
fn a_database_that_unpacks_to_too_much_is_refused_before_it_unfolds() {
    let bomb = File::of_bytes(&packed(&vec![0; 64 << 20]));
    let request = ConvertFileRequest { max_decoded_bytes: 1 << 20, ..bomb.request() };
    let error = bomb.try_convert(&request).unwrap_err();
    assert_eq!(error.reason().name(), "LIMIT_EXCEEDED", "{error}");
    // One that does not say how much it is.
    let mut encoder = zstd::stream::write::Encoder::new(b"C1ZF\0".to_vec(), 1).unwrap();
    for _ in 0..64 {
        std::io::Write::write_all(&mut encoder, &[0; 1 << 20]).unwrap();
    }
    bomb.write(&encoder.finish().unwrap());
    let error = bomb.try_convert(&request).unwrap_err();
    assert_eq!(error.reason().name(), "LIMIT_EXCEEDED", "{error}");
    assert!(error.to_string().contains("max_decoded_bytes"), "{error}");
}

#[test]
fn a_window_that_would_take_all_memory_is_refused() {
    let mut encoder = zstd::stream::write::Encoder::new(b"C1ZF\0".to_vec(), 1).unwrap();
    encoder.window_log(30).unwrap();
    std::io::Write::write_all(&mut encoder, b"database").unwrap();
    let file = File::of_bytes(&encoder.finish().unwrap());
    let error = file.refused();
    assert!(error.to_string().contains("max_decoder_memory_bytes"), "{error}");
}

#[test]
fn a_tree_whose_branches_grow_together_is_damage() {
    // A page of the tree of grants that is an inner one leads twice to one leaf.
    let file = sample().changed_file(|mut database| {
        let page = usize::from(u16::from_be_bytes([database[16], database[17]]));
        const INNER: u8 = 5;
        let at = (1..database.len() / page).map(|number| number * page).find(|&at| database[at] == INNER).unwrap();
        let cell = |place: usize| {
            usize::from(u16::from_be_bytes([database[at + 12 + 2 * place], database[at + 13 + 2 * place]]))
        };
        let (first, second) = (at + cell(0), at + cell(1));
        database.copy_within(first..first + 4, second);
        database
    });
    is_damaged(&file, "not in order");
}
