"""The data source on a real Spark with executors of its own, compared with DuckDB over the Parquet files that the command exports."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import duckdb
import fleet
import pyarrow as pa
import pytest
from test_readme import examples

import c1z

TENANTS = 200
PUSHDOWN = "spark.sql.python.filterPushdown.enabled"

if not shutil.which("java") and not os.environ.get("CI"):
    pytest.skip("Spark needs Java, which is not there", allow_module_level=True)


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    """A folder for yesterday and one for today, with a file of each tenant."""
    root = tmp_path_factory.mktemp("fleet")
    (root / "yesterday").mkdir()
    (root / "today").mkdir()
    # More threads than processors: a new file waits for the disk.
    with ThreadPoolExecutor(8) as pool:
        for day, folder in enumerate(("yesterday", "today"), start=1):
            paths = [root / folder / f"tenant-{number:03}.c1z" for number in range(TENANTS)]
            list(pool.map(fleet.tenant, paths, range(TENANTS), [day] * TENANTS))
    return root


@pytest.fixture(scope="module")
def parquet(days, command):
    """The grants of these files as the command exports them."""
    out = days / "parquet"

    def export(path):
        to = out / path.parent.name
        subprocess.run([command, "export", path, "--to", to, "--tenant", path.stem, "--table", "grants"], check=True)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(export, sorted(days.glob("*/*.c1z"))))
    return out


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    """A session with two executors, each a process. It leaves nothing but what is in its folder, and listens on loopback alone."""
    import pyspark  # noqa: PLC0415
    from pyspark.sql import SparkSession  # noqa: PLC0415

    import c1z.spark  # noqa: PLC0415

    work = tmp_path_factory.mktemp("spark")
    home = work / "home"
    home.mkdir()
    for name in os.listdir(os.path.dirname(pyspark.__file__)):
        os.symlink(os.path.join(os.path.dirname(pyspark.__file__), name), home / name)
    settings = {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("c1z")
    for name, value in {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": work / "local",
        "spark.sql.shuffle.partitions": 4,
        "spark.sql.warehouse.dir": work / "warehouse",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }.items():
        builder = builder.config(name, str(value))
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    c1z.spark.register(session)
    yield session
    session.stop()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def grants(spark, *paths, **options):
    reader = spark.read.format("c1z").option("table", "grants")
    for name, value in options.items():
        reader = reader.option(name, value)
    return reader.load([str(path) for path in paths] if len(paths) > 1 else str(paths[0]))


def rows(frame):
    return [tuple(row) for row in frame.collect()]


def test_administrators_of_several_tenants_are_those_that_parquet_has(spark, days, parquet):
    query = """
        SELECT principal_resource_type_id, principal_resource_id, count(DISTINCT tenant) AS tenants FROM {grants}
        WHERE entitlement_id = 'app:console:administrator'
        GROUP BY ALL HAVING count(DISTINCT tenant) > 1 ORDER BY ALL
        """
    grants(spark, days / "today" / "*.c1z").createOrReplaceTempView("fleet_grants")
    found = rows(spark.sql(query.format(grants="fleet_grants")))
    files = parquet / "today" / "tenant=*" / "sync=*" / "grants-*.parquet"
    assert found == duckdb.sql(query.format(grants=f"read_parquet('{files}', hive_partitioning = true)")).fetchall()
    assert found


def test_grants_added_since_yesterday_are_those_that_parquet_has(spark, days, parquet):
    query = """
        SELECT today.tenant, today.entitlement_id, today.principal_resource_id FROM {today} AS today ANTI JOIN {yesterday} AS yesterday
        ON {same} ORDER BY ALL
        """
    names = ("tenant", "entitlement_resource_type_id", "entitlement_resource_id", "entitlement_id")
    names += ("principal_resource_type_id", "principal_resource_id")
    same = " AND ".join(f"today.{name} = yesterday.{name}" for name in names)
    for day in ("today", "yesterday"):
        grants(spark, days / day, columns=",".join(names)).createOrReplaceTempView(day)
    found = rows(spark.sql(query.format(today="today", yesterday="yesterday", same=same)))
    of_day = {
        day: f"read_parquet('{parquet / day}/tenant=*/sync=*/grants-*.parquet', hive_partitioning = true)"
        for day in ("today", "yesterday")
    }
    assert found == duckdb.sql(query.format(**of_day, same=same)).fetchall()
    assert len(found) == TENANTS


def test_a_large_file_is_read_in_parts_and_small_files_together(spark, days):
    one, other = sorted((days / "today").glob("*.c1z"))[:2]
    whole = grants(spark, one, columns="grant_id,tenant,file")
    assert whole.rdd.getNumPartitions() == 1
    parts = grants(spark, one, columns="grant_id,tenant,file", splitBytes=-(-one.stat().st_size // 3))
    assert parts.rdd.getNumPartitions() == 3
    assert sorted(rows(parts)) == sorted(rows(whole))
    assert {(row.tenant, row.file) for row in whole.collect()} == {(one.stem, str(one))}
    assert grants(spark, one, other).rdd.getNumPartitions() == 1


@pytest.mark.parametrize("table", ["syncs", "resource_types", "resources", "entitlements", "grants"])
def test_every_table_has_the_rows_of_the_package(spark, example, table):
    frame = spark.read.format("c1z").option("table", table).load(str(example))
    with c1z.open(example) as store:
        expected = pa.table(store.table(table))
    assert frame.columns == [*expected.column_names, "tenant", "file"]
    assert frame.drop("tenant", "file").toArrow().to_pylist() == expected.to_pylist()


def test_keys_are_looked_up_where_spark_hands_filters_over(spark, example):
    import c1z.spark  # noqa: PLC0415

    query = "principal_resource_type_id = 'user' AND principal_resource_id = 'dana' AND is_direct"
    expected = rows(grants(spark, example).where(query))
    spark.conf.set(PUSHDOWN, "true")
    try:
        c1z.spark.register(spark)
        frame = grants(spark, example).where(query)
        plan = frame._jdf.queryExecution().executedPlan().toString()
        assert "Filter" in plan and "is_direct" in plan
        assert "dana" not in plan.split("BatchScan")[0]
        assert rows(frame) == expected != []
        # Of an id without a type nothing is known, and of other columns neither.
        alone = grants(spark, example).where("principal_resource_id = 'dana' AND tenant = 'example'")
        assert sorted(rows(alone)) == sorted(rows(grants(spark, example).where("principal_resource_id = 'dana'")))
    finally:
        spark.conf.set(PUSHDOWN, "false")
        c1z.spark.register(spark)
    assert rows(grants(spark, example, principalType="user", principal="dana").where("is_direct")) == expected


def test_a_schema_that_is_given_selects_columns(spark, example):
    frame = (
        spark.read.format("c1z").option("table", "grants").schema("tenant STRING NOT NULL, grant_id STRING NOT NULL")
    ).load(f"file://{example}")
    assert frame.columns == ["tenant", "grant_id"]
    assert frame.count() == 364


def test_sql_knows_the_format(spark, example):
    options = json.dumps(str(example))
    spark.sql(f"CREATE TEMPORARY VIEW held USING c1z OPTIONS (path {options}, table 'grants')")
    assert spark.sql("SELECT count(*) FROM held").first()[0] == 364


def test_the_example_of_the_readme_runs(spark, days, capsys):
    ((program, _),) = examples(of_spark=True)
    exec(program.replace("/snapshots/", f"{days}/today/"), {"spark": spark})
    assert "|tenants|" in capsys.readouterr().out


def test_what_is_wrong_is_told_with_the_file(spark, example, example_v1, tmp_path):
    with pytest.raises(Exception, match=r"no file /nowhere/\*\.c1z"):
        grants(spark, "/nowhere/*.c1z").count()
    with pytest.raises(Exception, match="the option table is 'users'"):
        grants(spark, example, table="users")
    with pytest.raises(Exception, match=r"example-v1\.c1z: FORMAT_V1"):
        grants(spark, example_v1).count()
    assert grants(spark, example_v1, convertV1="true").count() == 364
    damaged = tmp_path / "damaged.c1z"
    content = bytearray(example.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(Exception, match=r"damaged\.c1z: CORRUPTION"):
        grants(spark, damaged).count()


def test_a_file_that_changes_behind_the_plan_is_not_read(example, tmp_path):
    import c1z.spark  # noqa: PLC0415

    path = tmp_path / "changing.c1z"
    shutil.copy(example, path)
    source = c1z.spark.Source({"table": "grants", "path": str(path)})
    reader = source.reader(source.schema())
    (partition,) = reader.partitions()
    assert sum(batch.num_rows for batch in reader.read(partition)) == 364
    shutil.copy(example, path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(RuntimeError, match=r"changing\.c1z: CONFLICT"):
        list(reader.read(partition))


@pytest.mark.parametrize(
    ("path", "tenant"),
    [("/a/acme.c1z", "acme"), ("/a/tenant=acme%2F1/sync=x/part.c1z", "acme/1"), ("/a/b.c", "b.c")],
)
def test_a_tenant_is_named_by_its_folder_or_its_file(path, tenant):
    from c1z.spark import tenant_of  # noqa: PLC0415

    assert tenant_of(path) == tenant
