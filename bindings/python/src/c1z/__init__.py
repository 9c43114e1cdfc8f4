"""Reads `.c1z` files: snapshots of who has access to what in one tenant.

    import c1z, pyarrow as pa

    with c1z.open("acme.c1z") as store:
        grants = pa.table(store.grants)
        for held in store.access("dana"):
            print(held.entitlement, *held.via)

Tables of a store are Arrow streams that pyarrow, Polars, DuckDB and nanoarrow take as they are. `c1z.spark` is a data source for Spark.
Whatever the library refuses raises `c1z.Error`.
"""

from c1z._library import version as library_version
from c1z.access import Held, Way
from c1z.errors import AmbiguousError, Code, Error
from c1z.files import Comparison, compare, convert, info, merge, verify
from c1z.records import Difference, ResourceId
from c1z.reports import Converted, FileInfo, Merged, StoreInfo, SyncRun, SyncStats, VerifyReport
from c1z.store import Store, open
from c1z.tables import Table

__version__ = "0.1.0"

__all__ = [
    "AmbiguousError",
    "Code",
    "Comparison",
    "Converted",
    "Difference",
    "Error",
    "FileInfo",
    "Held",
    "Merged",
    "ResourceId",
    "Store",
    "StoreInfo",
    "SyncRun",
    "SyncStats",
    "Table",
    "VerifyReport",
    "Way",
    "compare",
    "convert",
    "info",
    "library_version",
    "merge",
    "open",
    "verify",
]
