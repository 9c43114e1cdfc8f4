"""Tables beside what takes them: pyarrow, Polars, DuckDB and nanoarrow."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading

import duckdb
import fleet
import nanoarrow
import polars
import pyarrow as pa
import pytest

import c1z

KEYS = ("entitlement_resource_type_id", "entitlement_resource_id", "entitlement_id", "principal_resource_id")
ALL = ("syncs", "resource_types", "resources", "entitlements", "grants")


@pytest.fixture
def store(example):
    with c1z.open(example) as store:
        yield store


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A file whose grants take more than one batch and more than one table of the database."""
    path = tmp_path_factory.mktemp("large") / "large.c1z"
    people = [fleet.resource("user", f"person-{number:06}", f"Person {number}") for number in range(20_000)]
    groups = [fleet.resource("group", f"group-{number}") for number in range(4)]
    members = [fleet.entitlement(group, f"group:{group.id.resource}:member") for group in groups]
    grants = [fleet.grant(member, person) for member in members for person in people]
    with fleet.Writer(path) as writer:
        writer.sync(types=fleet.TYPES, resources=[*people, *groups], entitlements=members, grants=grants)
    return path


@pytest.mark.parametrize("name", ALL)
def test_every_consumer_sees_the_same_rows(store, name):
    table = store.table(name)
    arrow = pa.table(table)
    assert (
        arrow.num_rows == {"syncs": 1, "resource_types": 3, "resources": 193, "entitlements": 51, "grants": 364}[name]
    )
    assert polars.DataFrame(table).to_arrow().num_rows == arrow.num_rows
    assert nanoarrow.ArrayStream(table).read_all().to_pylist() == arrow.to_pylist()
    assert duckdb.from_arrow(table).fetchall() == [tuple(row.values()) for row in arrow.to_pylist()]


def test_columns_of_polars_are_those_of_arrow(store):
    frame = polars.DataFrame(store.grants.select(*KEYS))
    assert frame.rows() == [tuple(row.values()) for row in pa.table(store.grants.select(*KEYS)).to_pylist()]


def test_one_query_scans_a_table_more_than_once(store):
    grants, resources = store.grants, store.resources
    query = """
        SELECT count(*) FROM grants AS one JOIN grants AS other USING (grant_id)
        JOIN resources ON one.principal_resource_id = resource_id AND one.principal_resource_type_id = resource_type_id
        """
    assert duckdb.sql(query).fetchall() == [(364,)]
    assert grants is not resources


@pytest.mark.parametrize("name", ALL)
def test_a_schema_is_that_of_the_stream_and_takes_no_store(example, name):
    store = c1z.open(example)
    table = store.table(name)
    of_stream = pa.RecordBatchReader.from_stream(table).schema
    store.close()
    assert pa.schema(table) == of_stream
    assert "sync_id" in of_stream.names


def test_select_takes_columns_in_their_order(store):
    table = pa.table(store.grants.select("principal_resource_id", "sync_id"))
    assert table.column_names == ["principal_resource_id", "sync_id"]
    with pytest.raises(c1z.Error) as raised:
        pa.table(store.grants.select("colour"))
    assert raised.value.code == c1z.Code.INVALID_ARGUMENT
    assert "colour" in raised.value.message


def test_filters_find_what_a_scan_finds(store):
    rows = pa.table(store.grants.select(*KEYS, "principal_resource_type_id")).to_pylist()

    def wanted(**keys):
        return [row for row in rows if all(row[name] == value for name, value in keys.items())]

    adm = {"entitlement_resource_type_id": "group", "entitlement_resource_id": "adm"}
    dana = {"principal_resource_type_id": "user", "principal_resource_id": "dana"}

    def found(**filter):
        return pa.table(store.grants.filter(**filter).select(*KEYS, "principal_resource_type_id")).to_pylist()

    assert wanted(**adm)
    assert found(resource_type="group", resource="adm") == wanted(**adm)
    assert found(resource_type="group", resource="adm", entitlement="group:adm:member") == wanted(**adm)
    key = lambda row: tuple(row.values())  # noqa: E731
    assert sorted(found(principal_type="user", principal="dana"), key=key) == sorted(wanted(**dana), key=key)


def test_parts_make_the_whole_also_of_several_stores(large):
    with c1z.open(large) as store:
        whole = pa.table(store.grants.select(*KEYS))
    parts = []
    for part in range(3):
        with c1z.open(large) as store:
            parts.append(pa.table(store.grants.select(*KEYS).part(part, 3)))
    assert pa.concat_tables(parts) == whole
    assert whole.num_rows == 80_000


def test_batches_have_rows_and_bytes_at_most(large):
    with c1z.open(large) as store:
        table = store.grants
        assert max(batch.num_rows for batch in pa.RecordBatchReader.from_stream(table)) == 65_536
        assert max(batch.num_rows for batch in pa.RecordBatchReader.from_stream(table.batches(rows=1000))) == 1000
        by_bytes = [batch.num_rows for batch in pa.RecordBatchReader.from_stream(table.batches(bytes=1 << 16))]
        assert sum(by_bytes) == 80_000
        assert max(by_bytes) < 2000
        dictionaries = pa.schema(table.batches(dictionaries=True)).field("entitlement_id").type
        assert pa.types.is_dictionary(dictionaries)


def test_a_walk_ends_with_its_store_and_keeps_what_it_gave(large, tmp_path):
    store = c1z.open(large, tmp_dir=tmp_path)
    reader = pa.RecordBatchReader.from_stream(store.grants.select("grant_id"))
    batch = reader.read_next_batch()
    store.close()
    with pytest.raises(pa.ArrowException, match="CLOSED"):
        reader.read_next_batch()
    assert batch.column(0)[0].as_py().startswith("group:group-0:member:user:person-0")
    del reader
    gc.collect()
    assert os.listdir(tmp_path) == []


def test_walks_that_nobody_ends_are_freed_in_any_order(large, tmp_path):
    store = c1z.open(large, tmp_dir=tmp_path)
    untouched = store.grants.__arrow_c_stream__()
    begun = pa.RecordBatchReader.from_stream(store.resources)
    begun.read_next_batch()
    table = store.entitlements
    del store, untouched
    assert pa.table(table).num_rows == 4
    del table, begun
    gc.collect()
    assert os.listdir(tmp_path) == []


def test_a_capsule_may_go_while_an_exception_is_on_its_way(store):
    class Mine(Exception):
        pass

    def scan():
        capsule = store.grants.__arrow_c_stream__()
        schema = store.grants.__arrow_c_schema__()
        assert capsule and schema
        raise Mine

    with pytest.raises(Mine):
        scan()


def test_a_capsule_may_outlive_the_interpreter(example):
    program = """
        import sys, c1z
        store = c1z.open(sys.argv[1])
        kept = [store.grants.__arrow_c_stream__(), store.grants.__arrow_c_schema__()]
        sys.kept = kept
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), example], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_threads_scan_one_table_side_by_side(large):
    counts = []
    with c1z.open(large) as store:
        table = store.grants.select("grant_id")
        threads = [threading.Thread(target=lambda: counts.append(pa.table(table).num_rows)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert counts == [80_000] * 4


def test_rows_are_those_of_access(store):
    mine = pa.table(store.grants.filter(principal_type="user", principal="dana")).to_pylist()
    held = {held.entitlement: held for held in store.access("dana")}
    assert {row["entitlement_id"] for row in mine} == set(held)
    for row in mine:
        sources = {source["entitlement_id"] for source in row["sources"]}
        ways = held[row["entitlement_id"]].via
        assert row["is_direct"] == any(way.direct for way in ways)
        assert {way.entitlement for way in ways if not way.direct} == sources - {row["entitlement_id"]}


def test_repr_says_what_is_read(store):
    table = store.grants.select("grant_id").filter(resource_type="group")
    assert repr(table) == "<c1z.Table grants columns=('grant_id',) resource_type_id='group'>"
