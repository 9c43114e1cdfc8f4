"""A data source for Spark 4: files side by side, large ones in parts, as Arrow batches.

    import c1z.spark

    c1z.spark.register(spark)
    grants = spark.read.format("c1z").option("table", "grants").load("/snapshots/*.c1z")

Files lie where driver and executors find them under one path. To the columns of docs/columns.md come two more at the end:
`tenant`, which is the T of a folder `tenant=T` in the path, or else the file's name without `.c1z`, and `file`, the path.

| option | means | default |
|---|---|---|
| `table` | `syncs`, `resource_types`, `resources`, `entitlements`, `grants` | needed |
| `columns` | names with commas between: only these, in this order | all |
| `sync` | id of the sync that is read | of each file the one that ended last |
| `resourceType`, `resource`, `entitlement`, `principalType`, `principal` | only rows with these keys, as in `c1z.Table.filter` | all rows |
| `splitBytes` | bytes of a file above which it is read in parts, and of files that one task reads | 8 MiB |
| `convertV1` | `true`: files of format v1 are read too, each in one part | `false` |
| `tmpDir` | where executors unpack files | their temporary folder |
| `threads`, `memoryBudgetBytes` | what one task may use | 1, 64 MiB |

A schema that is given (`.schema(…)`) selects columns too. Spark hands filters over where `spark.sql.python.filterPushdown.enabled` is
true when `register` is called (Spark 4.1): those on keys are then answered by the files' indexes.
"""

from __future__ import annotations

import dataclasses
import glob
import json
import os
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
from pyspark.sql.types import StringType, StructField, StructType

from c1z.errors import Code, Error
from c1z.store import open as open_store
from c1z.tables import TABLES, schema_of

_PUSHDOWN = "spark.sql.python.filterPushdown.enabled"
_MIB = 1 << 20

# What opening a file costs, in bytes of a file that would be read in that time.
_OPENING = _MIB // 4

# The columns that are no table's.
_TENANT, _FILE = "tenant", "file"

# The filters of a table, by the option that sets each.
_KEYS = {
    "resourceType": "resource_type",
    "resource": "resource",
    "entitlement": "entitlement",
    "principalType": "principal_type",
    "principal": "principal",
}


def register(spark: SparkSession) -> None:
    """Makes the format "c1z" known to a session."""
    pushes = spark.conf.get(_PUSHDOWN, "false")
    spark.dataSource.register(PushingSource if str(pushes).lower() == "true" else Source)


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of a file, which is not read if it is not as it was when the query was planned."""

    path: str
    size: int
    modified_ns: int
    part: int = 0
    parts: int = 1

    def check(self) -> None:
        """Raises Error if the file is another by now."""
        now = os.stat(self.path)
        if (now.st_size, now.st_mtime_ns) != (self.size, self.modified_ns):
            raise Error(Code.ABORTED, "CONFLICT", f"{self.path} has changed since the query was planned")


class Source(DataSource):
    """The format "c1z"."""

    @classmethod
    def name(cls) -> str:
        """The name that `spark.read.format` takes."""
        return "c1z"

    def schema(self) -> StructType:
        """The table's columns, and the two of the file."""
        wanted = [name.strip() for name in self.options.get("columns", "").split(",") if name.strip()]
        of_table = pa.schema(_Schema(self._table(), tuple(name for name in wanted if name not in (_TENANT, _FILE))))
        fields = {field.name: field for field in from_arrow_schema(of_table)}
        for name in (_TENANT, _FILE):
            fields[name] = StructField(name, StringType(), nullable=False)
        return StructType([fields[name] for name in wanted or fields])

    def reader(self, schema: StructType) -> DataSourceReader:
        """What plans and reads."""
        return Reader(self._table(), dict(self.options), schema)

    def _table(self) -> Any:
        table = self.options.get("table", "")
        if table not in TABLES:
            raise ValueError(f"c1z: the option table is {table!r}; it takes {', '.join(TABLES)}")
        return table


class PushingSource(Source):
    """The format "c1z" in a session that hands filters over. Spark refuses such a reader in any other session."""

    def reader(self, schema: StructType) -> DataSourceReader:
        """What plans and reads, with the filters that Spark has."""
        return PushingReader(self._table(), dict(self.options), schema)


@dataclasses.dataclass(frozen=True)
class _Schema:
    """What pyarrow makes a schema of."""

    table: Any
    columns: tuple[str, ...]

    def __arrow_c_schema__(self) -> object:
        return schema_of(self.table, self.columns)


class Reader(DataSourceReader):
    """Plans a read on the driver, and reads a part of it on an executor."""

    def __init__(self, table: Any, options: dict[str, str], schema: StructType) -> None:
        # A copy of Spark's options, whose keys Spark compares without case.
        self._options = {key.lower(): value for key, value in options.items()}
        self._table = table
        self._schema = schema
        self._keys = {key: self._options[name.lower()] for name, key in _KEYS.items() if name.lower() in self._options}

    def partitions(self) -> Sequence[InputPartition]:
        """Parts of large files, a task for each; small files several together."""
        split = int(self._options.get("splitbytes", 8 * _MIB))
        if split < 1:
            raise ValueError(f"c1z: the option splitBytes is {split}")
        is_whole = self._flag("convertv1") or self._table == "syncs"
        tasks: list[InputPartition] = []
        together: list[Part] = []
        cost = 0
        for path in self._paths():
            stat = os.stat(path)
            file = Part(path, stat.st_size, stat.st_mtime_ns)
            parts = 1 if is_whole else -(-stat.st_size // split)
            if parts > 1:
                tasks.extend(
                    InputPartition((dataclasses.replace(file, part=part, parts=parts),)) for part in range(parts)
                )
                continue
            if together and cost + stat.st_size + _OPENING > split:
                tasks.append(InputPartition(tuple(together)))
                together, cost = [], 0
            together.append(file)
            cost += stat.st_size + _OPENING
        if together:
            tasks.append(InputPartition(tuple(together)))
        return tasks

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """The batches of a task."""
        target = to_arrow_schema(self._schema, timezone="UTC")
        for part in partition.value:
            try:
                yield from self._read(part, target)
            except (Error, pa.ArrowException) as error:
                # Of an error in a stream pyarrow has the text alone, and Spark of any error.
                raise RuntimeError(f"c1z: {part.path}: {error}") from error

    def _read(self, part: Part, target: pa.Schema) -> Iterator[pa.RecordBatch]:
        own = {_TENANT: tenant_of(part.path), _FILE: part.path}
        names = [name for name in target.names if name not in own]
        part.check()
        with open_store(
            part.path,
            convert_v1=self._flag("convertv1"),
            tmp_dir=self._options.get("tmpdir", ""),
            threads=int(self._options.get("threads", 1)),
            memory_budget_bytes=int(self._options.get("memorybudgetbytes", 64 * _MIB)),
        ) as store:
            part.check()
            table = store.table(self._table, sync=self._options.get("sync", "")).filter(**self._keys)
            table = table.select(*names).part(part.part, part.parts)
            for batch in pa.RecordBatchReader.from_stream(table):
                columns = [
                    pa.repeat(pa.scalar(own[field.name], field.type), batch.num_rows)
                    if field.name in own
                    else batch.column(field.name).cast(field.type)
                    for field in target
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=target)

    def _paths(self) -> list[str]:
        given = json.loads(self._options["paths"]) if "paths" in self._options else [self._options.get("path", "")]
        found = sorted({path for pattern in given for path in _expanded(pattern)})
        # Spark would read one partition of nothing if there were none.
        if not found:
            raise FileNotFoundError(f"c1z: there is no file {', '.join(given) or 'without a path'}")
        return found

    def _flag(self, name: str) -> bool:
        return self._options.get(name, "false").lower() == "true"


class PushingReader(Reader):
    """A reader that finds rows by the filters which Spark hands over."""

    def pushFilters(self, filters: list[Any]) -> Iterator[Any]:
        """Takes those that say which value a key has; Spark goes on with the others."""
        wanted = {}
        for filter in filters:
            key = _key_of(self._table, filter)
            if key is not None and key not in self._keys and key not in wanted:
                wanted[key] = filter
        for key, needed in _NEEDS.items():
            if needed not in wanted and needed not in self._keys:
                wanted.pop(key, None)
        self._keys.update({key: filter.value for key, filter in wanted.items()})
        taken = {id(filter) for filter in wanted.values()}
        return (filter for filter in filters if id(filter) not in taken)


def _key_of(table: str, filter: Any) -> str | None:
    """The key that a filter compares with a text, if it does."""
    if type(filter).__name__ != "EqualTo" or not isinstance(filter.value, str) or len(filter.attribute) != 1:
        return None
    return _KEY_COLUMNS.get(table, {}).get(filter.attribute[0])


# The columns that are keys, by table.
_KEY_COLUMNS = {
    "resources": {"resource_type_id": "resource_type", "resource_id": "resource"},
    "entitlements": {
        "resource_type_id": "resource_type",
        "resource_id": "resource",
        "entitlement_id": "entitlement",
    },
    "grants": {
        "entitlement_resource_type_id": "resource_type",
        "entitlement_resource_id": "resource",
        "entitlement_id": "entitlement",
        "principal_resource_type_id": "principal_type",
        "principal_resource_id": "principal",
    },
}

# What a key says nothing without: ids of different types may be the same, and so may those of entitlements on different resources.
_NEEDS = {"resource": "resource_type", "entitlement": "resource", "principal": "principal_type"}


def _expanded(pattern: str) -> list[str]:
    """The files that a path means: those in a folder, or those that a pattern matches."""
    if pattern.startswith("file:"):
        pattern = urllib.parse.unquote(urllib.parse.urlsplit(pattern).path)
    elif "://" in pattern:
        raise ValueError(f"c1z: {pattern} is no path of a file system that this machine has mounted")
    if os.path.isdir(pattern):
        pattern = os.path.join(glob.escape(pattern), "*.c1z")
    if os.path.isfile(pattern):
        return [os.path.abspath(pattern)]
    return [os.path.abspath(path) for path in glob.glob(pattern, recursive=True) if os.path.isfile(path)]


def tenant_of(path: str) -> str:
    """The tenant whose file it is: T of a folder `tenant=T`, else the file's name without `.c1z`."""
    folders, name = os.path.split(path)
    for folder in reversed(folders.split(os.sep)):
        if folder.startswith("tenant="):
            return urllib.parse.unquote(folder.removeprefix("tenant="))
    return name.removesuffix(".c1z")
