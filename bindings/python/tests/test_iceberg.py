"""Iceberg takes over the Parquet files that the command exports, as they are."""

from __future__ import annotations

import subprocess

import fleet
import pyarrow as pa
import pytest
from pyiceberg.catalog.memory import InMemoryCatalog

import c1z
from c1z.tables import TABLES


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    catalog = InMemoryCatalog("tests", warehouse=tmp_path_factory.mktemp("warehouse").as_uri())
    catalog.create_namespace("fleet")
    return catalog


@pytest.fixture(scope="module")
def tenants(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tenants")
    paths = [folder / f"{name}.c1z" for name in ("acme", "globex")]
    for number, path in enumerate(paths):
        fleet.tenant(path, number)
    return paths


@pytest.fixture(scope="module")
def exported(tenants, command, tmp_path_factory):
    out = tmp_path_factory.mktemp("exported")
    for path in tenants:
        subprocess.run([command, "export", path, "--to", out, "--tenant", path.stem], check=True)
    return out


@pytest.mark.parametrize("name", TABLES)
def test_iceberg_takes_files_of_several_tenants_into_one_table(catalog, tenants, exported, name):
    expected, syncs = [], []
    for path in tenants:
        with c1z.open(path) as store:
            syncs.append(store.info().current_sync_id)
            expected.append(pa.table(store.table(name)))
    table = catalog.create_table(f"fleet.{name}", schema=expected[0].schema)
    with table.update_spec() as spec:
        spec.add_identity("sync_id")
    # Fails where the ids of the files' fields are not those that Iceberg gave the table's.
    table.add_files([str(file) for file in exported.glob(f"tenant=*/sync=*/{name}-*.parquet")])
    assert [field.name for field in table.schema().fields] == expected[0].column_names
    assert table.scan().to_arrow().num_rows == sum(rows.num_rows for rows in expected)
    of_one = table.scan(row_filter=f"sync_id == '{syncs[1]}'")
    assert len(list(of_one.plan_files())) == 1
    assert of_one.to_arrow().to_pylist() == expected[1].to_pylist()
