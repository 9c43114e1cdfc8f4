"""An open file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import TracebackType

from c1z import _library
from c1z import _requests as requests
from c1z import access as _access
from c1z._long import Progress, long
from c1z.errors import Error
from c1z.files import verify as _verify
from c1z.reports import StoreInfo, SyncRun, SyncStats, VerifyReport
from c1z.tables import TABLES, Table, TableName

StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]


def open(
    path: StrPath,
    *,
    sync: str = "",
    convert_v1: bool = False,
    tmp_dir: StrPath = "",
    threads: int = 0,
    memory_budget_bytes: int = 0,
    max_decoded_bytes: int = 0,
    max_decoder_memory_bytes: int = 0,
    progress: Progress | None = None,
) -> Store:
    """Opens a .c1z file for reading. What is large in it is unpacked when it is needed.

    `sync` is the id of the sync that is shown; otherwise it is the one that ended last. `convert_v1` takes files of format v1 (SQLite)
    too, by converting a copy. `tmp_dir` is where the working copy lies, the system's temporary folder unless given. `threads` (0: one for
    each processor), `memory_budget_bytes` (0: 256 MiB), `max_decoded_bytes` (0: the larger of 10 GiB and 100 times the file) and
    `max_decoder_memory_bytes` (0: 128 MiB) bound what it costs. `progress` is called with bytes done and bytes in all.

    Raises Error: NOT_FOUND when there is no such file or sync, NOT_C1Z, FORMAT_V1 or ENGINE_MISMATCH when the file is none of this
    library, CORRUPTION when it is damaged. Close the store, or use it in a `with` statement: it has a folder in `tmp_dir` until then.
    """
    request = requests.Open(
        read_only=True,
        path_bytes=os.fsencode(path),
        tmp_dir_bytes=os.fsencode(tmp_dir),
        threads=threads,
        memory_budget_bytes=memory_budget_bytes,
        max_decoded_bytes=max_decoded_bytes,
        max_decoder_memory_bytes=max_decoder_memory_bytes,
        convert_v1=convert_v1,
    )
    store = Store(long(lambda control: _library.create("open", request, _library.Store, control), progress), path)
    if sync:
        try:
            store._call("set_current_sync", requests.SetCurrentSync(sync_id=sync), requests.Empty)
        except Error:
            store.close()
            raise
    return store


class Store:
    """A file that is open for reading; made by `c1z.open`.

    Any thread may use it at any time. Calls give up the GIL while they run. A process that was forked from one that had opened a store
    cannot use the library (Error with the reason FORKED): start processes with "spawn" or "forkserver".
    """

    def __init__(self, handle: _library.Store, path: StrPath) -> None:
        self._handle = handle
        self._path = path

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Waits for calls that run, closes and removes the working folder. Walks through tables end with an error. Closing again does
        nothing."""
        request = requests.Close(discard=True)
        long(lambda control: _library.call("close", request, requests.Empty, self._handle))

    @property
    def resource_types(self) -> Table:
        """The table of resource types."""
        return self.table("resource_types")

    @property
    def resources(self) -> Table:
        """The table of resources."""
        return self.table("resources")

    @property
    def entitlements(self) -> Table:
        """The table of entitlements."""
        return self.table("entitlements")

    @property
    def grants(self) -> Table:
        """The table of grants."""
        return self.table("grants")

    def table(self, name: TableName, *, sync: str = "") -> Table:
        """A table by its name, of the sync with that id, or else of the one that the store shows."""
        if name not in TABLES:
            raise ValueError(f"no table is called {name!r}; there are {', '.join(TABLES)}")
        return Table(self._handle, requests.Export(table=name, sync_id=sync))

    def info(self) -> StoreInfo:
        """What is known of the open file without reading a record."""
        return self._call("get_metadata", requests.Empty(), StoreInfo)

    def syncs(self) -> Iterator[SyncRun]:
        """The syncs of the file, the oldest first, with their tokens and statistics."""
        token = ""
        while True:
            page = self._call("list_sync_runs", requests.ListSyncRuns(page_token=token), requests.SyncRuns)
            yield from page.list
            token = page.next_page_token
            if not token:
                return

    def stats(self, sync: str = "") -> SyncStats:
        """How many records a sync holds; the newest finished one unless it is named."""
        stats = self._call("get_stats", requests.GetStats(sync_id=sync), requests.Stats).stats
        return stats or SyncStats()

    def access(self, principal: str, *, resource_type: str | None = None) -> Iterator[_access.Held]:
        """What a principal holds, and through which groups.

        `principal` is an id as the connector gave it, or else a display name, login or e-mail address; it is never split. Names are found
        by reading all resources. Raises AmbiguousError when several principals answer, which `resource_type` decides, and Error with the
        reason NOT_FOUND when none does: at once, before the first row is asked for.
        """
        return _access.held(self._handle, principal, resource_type)

    def verify(self, *, progress: Progress | None = None) -> VerifyReport:
        """Looks for all that is wrong with the file, as `c1z.verify` does."""
        return _verify(self._path, progress=progress)

    def _call(self, name: str, request: object, answer: type[_library.M]) -> _library.M:
        return _library.call(name, request, answer, self._handle)

    def __repr__(self) -> str:
        return f"<c1z.Store {os.fsdecode(self._path)!r}>"
