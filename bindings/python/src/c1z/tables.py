"""Tables of a store, for everything that takes Arrow streams: pyarrow, Polars, DuckDB, nanoarrow."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Literal

from c1z import _capsules, _library
from c1z._requests import Export

TableName = Literal["syncs", "resource_types", "resources", "entitlements", "grants"]
TABLES: tuple[TableName, ...] = ("syncs", "resource_types", "resources", "entitlements", "grants")


class Table:
    """The rows of one kind of record, or some of them. Making one reads nothing.

    It may be scanned any number of times: each `__arrow_c_stream__` is a walk of its own, which shows the store as it was when the walk
    began. A walk outlives the table but not the store: after `Store.close` its next batch is an error, and batches that were given
    stay valid. The columns are those of docs/columns.md.

    A table may be used from any thread. One walk serves one caller at a time.
    """

    def __init__(self, handle: _library.Store, request: Export) -> None:
        self._handle = handle
        self._request = request

    @property
    def name(self) -> str:
        """Which table it is: "grants", for one."""
        return self._request.table

    def select(self, *columns: str) -> Table:
        """Only these columns, in this order; the others are not read."""
        return self._with(columns=columns)

    def filter(
        self,
        *,
        resource_type: str | None = None,
        resource: str | None = None,
        entitlement: str | None = None,
        principal_type: str | None = None,
        principal: str | None = None,
    ) -> Table:
        """Only rows with these keys, which are found without reading the others.

        `resource_type` and `resource` mean the resource, and of grants the one whose entitlement is held; `resource` needs its type.
        `entitlement` stands with its resource, or alone if exactly one entitlement has that id. `principal_type` and `principal`, which
        needs its type, are of grants. A filter that the table has no column for is refused when it is scanned (INVALID_ARGUMENT).
        """
        keys = {
            "resource_type_id": resource_type,
            "resource_id": resource,
            "entitlement_id": entitlement,
            "principal_resource_type_id": principal_type,
            "principal_resource_id": principal,
        }
        return self._with(**{name: key for name, key in keys.items() if key is not None})

    def part(self, part: int, parts: int) -> Table:
        """Part `part`, from 0, of `parts`, for readers side by side. Every row is in one part, also of several read-only stores that
        are open on the same file."""
        return self._with(part=part, parts=parts)

    def batches(self, *, rows: int = 0, bytes: int = 0, dictionaries: bool = False) -> Table:
        """In batches of at most so many rows (0: 65,536) that end with the row that brings them to so many bytes (0: 16 MiB);
        with `dictionaries`, columns whose values repeat are dictionaries, which not every consumer takes."""
        return self._with(batch_rows=rows, batch_bytes=bytes, dictionaries=dictionaries)

    def _with(self, **changes: Any) -> Table:
        return Table(self._handle, dataclasses.replace(self._request, **changes))

    def __arrow_c_schema__(self) -> object:
        """A PyCapsule "arrow_schema"; nothing is opened or read for it."""
        return _capsules.schema(lambda out: _library.export_schema(self._request, out))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A PyCapsule "arrow_array_stream" of a new walk. As the interface allows, `requested_schema` changes nothing."""
        return _capsules.stream(lambda out: _library.export_arrow(self._handle, self._request, out))

    def __repr__(self) -> str:
        given = [
            f"{field.name}={value!r}"
            for field in dataclasses.fields(self._request)
            if field.name != "table" and (value := getattr(self._request, field.name)) != field.default
        ]
        return f"<c1z.Table {' '.join([self.name, *given])}>"


def schema_of(table: TableName, columns: Iterable[str] = ()) -> object:
    """A PyCapsule "arrow_schema" of a table, without any file."""
    request = Export(table=table, columns=tuple(columns))
    return _capsules.schema(lambda out: _library.export_schema(request, out))
