"""Calls on whole files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import TracebackType
from typing import Literal, get_args

from c1z import _library
from c1z import _requests as requests
from c1z._long import Progress, long
from c1z.records import Difference
from c1z.reports import Converted, FileInfo, Merged, VerifyReport

StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]
Kind = Literal["resource_type", "resource", "entitlement", "grant", "asset"]
Ignored = Literal["display", "annotations", "sources", "expansion"]


def info(path: StrPath) -> FileInfo:
    """What a file of any engine says of itself. Nothing is unpacked. Raises Error with NOT_FOUND, NOT_C1Z or CORRUPTION."""
    return _library.call("read_header", requests.ReadHeader(path_bytes=os.fsencode(path)), FileInfo)


def verify(
    path: StrPath,
    *,
    max_faults: int = 1000,
    tmp_dir: StrPath = "",
    threads: int = 0,
    memory_budget_bytes: int = 0,
    max_decoded_bytes: int = 0,
    progress: Progress | None = None,
) -> VerifyReport:
    """Looks for all that is wrong with a file: the header, every frame, every record and index entry.

    A damaged file raises nothing: the report lists its faults, at most `max_faults`. `progress` is called with bytes done and bytes in all.
    Raises Error with what prevents looking, such as NOT_FOUND or FORMAT_V1.
    """
    request = requests.Verify(
        path_bytes=os.fsencode(path),
        tmp_dir_bytes=os.fsencode(tmp_dir),
        max_faults=max_faults,
        threads=threads,
        memory_budget_bytes=memory_budget_bytes,
        max_decoded_bytes=max_decoded_bytes,
    )
    return long(lambda control: _library.call("verify", request, VerifyReport, control=control), progress)


def merge(
    out: StrPath,
    base: StrPath,
    *partials: StrPath,
    tmp_dir: StrPath = "",
    threads: int = 0,
    memory_budget_bytes: int = 0,
    max_decoded_bytes: int = 0,
    progress: Progress | None = None,
) -> Merged:
    """Merges the newest sync of each file, the oldest first, into the new file `out`: the newest record of each identity wins.

    The file appears in one step or not at all. `progress` is called with records done and records in all. Raises Error: ALREADY_EXISTS when
    there is something at `out`, NOT_FOUND, FAILED_PRECONDITION when an input has no sync that has ended.
    """
    request = requests.MergeFiles(
        inputs=tuple(requests.MergeInput(path_bytes=os.fsencode(path)) for path in (base, *partials)),
        output_path_bytes=os.fsencode(out),
        tmp_dir_bytes=os.fsencode(tmp_dir),
        threads=threads,
        memory_budget_bytes=memory_budget_bytes,
        max_decoded_bytes=max_decoded_bytes,
    )
    return long(lambda control: _library.call("merge_files", request, Merged, control=control), progress)


def convert(
    source: StrPath,
    out: StrPath,
    *,
    skip_unreadable: bool = False,
    tmp_dir: StrPath = "",
    threads: int = 0,
    memory_budget_bytes: int = 0,
    max_decoded_bytes: int = 0,
    progress: Progress | None = None,
) -> Converted:
    """Converts a file of format v1 (SQLite) with all its syncs into the new file `out`; the source stays as it is.

    Rows that cannot be read raise Error, or with `skip_unreadable` are left out and told of in the answer, as is everything else that was
    lost. The file appears in one step or not at all.
    """
    request = requests.ConvertFile(
        input_path_bytes=os.fsencode(source),
        output_path_bytes=os.fsencode(out),
        unreadable_rows="skip" if skip_unreadable else "fail",
        tmp_dir_bytes=os.fsencode(tmp_dir),
        threads=threads,
        memory_budget_bytes=memory_budget_bytes,
        max_decoded_bytes=max_decoded_bytes,
    )
    return long(lambda control: _library.call("convert_file", request, Converted, control=control), progress)


def compare(
    before: StrPath,
    after: StrPath,
    *,
    before_sync: str = "",
    after_sync: str = "",
    kinds: tuple[Kind, ...] = (),
    ignore: tuple[Ignored, ...] = (),
    tmp_dir: StrPath = "",
    threads: int = 0,
    memory_budget_bytes: int = 0,
    max_decoded_bytes: int = 0,
    progress: Progress | None = None,
) -> Comparison:
    """What was added, removed and changed from one file to another, or from one sync to another of the same file.

    Compared are the newest ended syncs, or those that are named, by what is stored; `kinds` are the kinds of record that are compared
    (all unless given), `ignore` is what makes no difference. Opening both files is done here, comparing as differences are asked for.
    """
    _known("what to ignore", ignore, get_args(Ignored))
    _known("kind of record", kinds, get_args(Kind))
    request = requests.CompareFiles(
        before=requests.CompareInput(sync_id=before_sync, path_bytes=os.fsencode(before)),
        after=requests.CompareInput(sync_id=after_sync, path_bytes=os.fsencode(after)),
        options=requests.CompareOptions(kinds=tuple(kinds), **{f"ignore_{what}": True for what in ignore}),
        tmp_dir_bytes=os.fsencode(tmp_dir),
        threads=threads,
        memory_budget_bytes=memory_budget_bytes,
        max_decoded_bytes=max_decoded_bytes,
    )
    return Comparison(
        long(lambda control: _library.create("compare_files", request, _library.Cursor, control), progress)
    )


def _known(what: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    for word in given:
        if word not in known:
            raise ValueError(f"{what}: there is no {word!r}, but {', '.join(known)}")


class Comparison:
    """The differences between two syncs, kind after kind: an iterator that is read once.

    It has two working folders until it is read to its end or closed, best by a `with` statement. One thread uses it at a time.
    """

    def __init__(self, cursor: _library.Cursor) -> None:
        self._cursor = cursor
        self._page: Iterator[Difference] = iter(())
        #: Records read so far, of both syncs together.
        self.records_read = 0

    def __enter__(self) -> Comparison:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the walk. Closing again does nothing."""
        self._page = iter(())
        self._cursor.free()

    def __iter__(self) -> Comparison:
        return self

    def __next__(self) -> Difference:
        while True:
            difference = next(self._page, None)
            if difference is not None:
                return difference
            page = self._cursor.next_page()
            if page is None:
                self.close()
                raise StopIteration
            decoded = _library.decoded(requests.ComparePage, page)
            self.records_read = decoded.records_read
            self._page = iter(decoded.list)
