"""An open file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Protocol

from c1z import _library
from c1z import _requests as requests
from c1z import access as _access
from c1z._long import Progress, long
from c1z._sources import Source, source_of
from c1z.errors import Code, Error
from c1z.files import verify as _verify
from c1z.reports import StoreInfo, SyncRun, SyncStats, VerifyReport
from c1z.tables import TABLES, Table, TableName

StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class RangeReader(Protocol):
    """A file that is read by ranges where it lies. Its size in bytes is `size`, a number or a method."""

    @property
    def size(self) -> Any:
        """Bytes of the file. Asked once."""

    def read_at(self, offset: int, length: int, /) -> Any:
        """The `length` bytes from `offset` on, bytes or another buffer. They all lie below the size."""


class BinaryFile(Protocol):
    """A file object that can seek, opened in binary mode."""

    def seek(self, offset: int, whence: int = ..., /) -> Any:
        """Moves the position."""

    def read(self, length: int, /) -> Any:
        """The next bytes, as many as that or less."""


def open(
    path: StrPath | RangeReader | BinaryFile,
    *,
    sync: str = "",
    convert_v1: bool = False,
    tmp_dir: StrPath = "",
    threads: int = 0,
    memory_budget_bytes: int = 0,
    max_decoded_bytes: int = 0,
    max_decoder_memory_bytes: int = 0,
    max_local_bytes: int = 0,
    progress: Progress | None = None,
) -> Store:
    """Opens a .c1z file for reading. What is large in it is unpacked when it is needed.

    Instead of a path, `path` may be an object that reads a file which stays where it is, in object storage for one: its start and its end
    are read now, and of the rest what calls need, in pieces of some megabytes. It is

    - an object with `size` and `read_at(offset, length)`, which gives as many bytes and is called by any thread, several at a time; or
    - a binary file object with `read` and `seek`, such as one of fsspec's, and `size` unless it can seek to its end. One thread at a time
      moves it, and nobody else may; or
    - a file of pyarrow's.

    The store has a reference to it until it is closed or gone, and never closes it. `identity`, `etag` or `mtime` of it, a value or a
    method, says which file it reads; of a file object otherwise its file system, fsspec's `ukey` or the time of change of what is open.
    That is asked after every read. Once it differs, calls fail with the reason SOURCE_CHANGED, as they do where it raises Error with the
    code ABORTED. What else it raises makes the call that needs the bytes fail with the reason SOURCE, and is the error's `__cause__`;
    the next call reads again. It may not use the store. The file must be one with indexed frames, as this library writes them by default
    (PAYLOAD_ENCODING if it is not; of format v1 none is taken).

    `sync` is the id of the sync that is shown; otherwise it is the one that ended last. `convert_v1` takes files of format v1 (SQLite)
    too, by converting a copy. `tmp_dir` is where the working copy lies, the system's temporary folder unless given. `threads` (0: one for
    each processor), `memory_budget_bytes` (0: 256 MiB), `max_decoded_bytes` (0: the larger of 10 GiB and 100 times the file) and
    `max_decoder_memory_bytes` (0: 128 MiB) bound what it costs. Of a file that an object reads, `max_local_bytes` (0: 1 GiB) of what was
    unpacked are kept in `tmp_dir`. `progress` is called with bytes done and bytes in all.

    Raises Error: NOT_FOUND when there is no such file or sync, NOT_C1Z, FORMAT_V1 or ENGINE_MISMATCH when the file is none of this
    library, CORRUPTION when it is damaged, SOURCE or SOURCE_CHANGED as an object fails; TypeError when that is none that is read. Close
    the store, or use it in a `with` statement: it has a folder in `tmp_dir` until then.
    """
    name, source = _named(path)
    request = requests.Open(
        read_only=True,
        path_bytes=os.fsencode(name),
        tmp_dir_bytes=os.fsencode(tmp_dir),
        threads=threads,
        memory_budget_bytes=memory_budget_bytes,
        max_decoded_bytes=max_decoded_bytes,
        max_decoder_memory_bytes=max_decoder_memory_bytes,
        convert_v1=convert_v1,
        max_local_bytes=max_local_bytes,
    )
    store = Store(_open(request, source, progress), name, source is None)
    if sync:
        try:
            store._call("set_current_sync", requests.SetCurrentSync(sync_id=sync), requests.Empty)
        except Error:
            store.close()
            raise
    return store


def _named(given: StrPath | RangeReader | BinaryFile) -> tuple[StrPath, Source | None]:
    if isinstance(given, str | bytes | os.PathLike):
        return given, None
    source = source_of(given)
    return source.name, source


def _open(request: requests.Open, source: Source | None, progress: Progress | None) -> _library.Store:
    if source is None:
        return long(lambda control: _library.create("open", request, _library.Store, control), progress)
    if progress is None:
        # On this thread: if it is the main one, Ctrl-C ends a read that waits.
        return _library.open_source(request, source)
    return long(lambda control: _library.open_source(request, source, control), progress)


class Store:
    """A file that is open for reading; made by `c1z.open`.

    Any thread may use it at any time. Calls give up the GIL while they run. A process that was forked from one that had opened a store
    cannot use the library (Error with the reason FORKED): start processes with "spawn" or "forkserver".
    """

    def __init__(self, handle: _library.Store, path: StrPath, is_local: bool) -> None:
        self._handle = handle
        self._path = path
        self._is_local = is_local

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Waits for calls that run, closes and removes the working folder. Walks through tables end with an error. An object that read
        the file is let go, as it is. Closing again does nothing."""
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
        """Looks for all that is wrong with the file, as `c1z.verify` does: not with one that an object reads (UNIMPLEMENTED)."""
        if not self._is_local:
            raise Error(
                Code.UNIMPLEMENTED,
                "UNIMPLEMENTED",
                f"{os.fsdecode(self._path)}: only a file with a path can be verified",
            )
        return _verify(self._path, progress=progress)

    def _call(self, name: str, request: object, answer: type[_library.M]) -> _library.M:
        return _library.call(name, request, answer, self._handle)

    def __repr__(self) -> str:
        return f"<c1z.Store {os.fsdecode(self._path)!r}>"
