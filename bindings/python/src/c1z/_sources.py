"""What Python objects read for the library: c1z_source, whose functions are in `_source.c`."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from c1z.errors import Code, Error

# What a call fails with when an object raises one of these; the first that fits.
_CODES: tuple[tuple[type[BaseException], Code], ...] = (
    (FileNotFoundError, Code.NOT_FOUND),
    (PermissionError, Code.PERMISSION_DENIED),
    (TimeoutError, Code.DEADLINE_EXCEEDED),
    (ConnectionError, Code.UNAVAILABLE),
    (EOFError, Code.UNAVAILABLE),
    (MemoryError, Code.RESOURCE_EXHAUSTED),
    (Exception, Code.UNKNOWN),
    (BaseException, Code.CANCELLED),
)
_CHANGED = "the source is another than it was when it was opened"

_threads = threading.local()


class Call:
    """A call of the library on this thread, and what the source raised in it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.raised: BaseException | None = None

    def cause(self, reason: str) -> BaseException | None:
        """Why the call failed with a reason, if the source did. What is no `Exception`, such as KeyboardInterrupt, is raised as it is."""
        if reason not in ("SOURCE", "SOURCE_CHANGED"):
            return None
        raised, self.raised = self.raised or self._source.take_stray(), None
        if raised is not None and not isinstance(raised, Exception):
            raise raised
        return raised


class Source:
    """An object that reads a file, in the hands of the library.

    `size` is in bytes. `read_at` gives the bytes at an offset, as many as it is asked for, and `identity` says which file it was that gave
    them. The library calls `read` from any thread until it calls `released`, once.
    """

    def __init__(
        self, name: str, size: int, read_at: Callable[[int, int], Any], identity: Callable[[], object] | None
    ) -> None:
        self.name = name
        self.size = size
        self._read_at: Callable[[int, int], Any] | None = read_at
        self._identity = identity
        self._opened_as = None if identity is None else identity()
        # What was raised where no call of this package was on the thread: one of the library's own, or one that reads a stream.
        self._stray: BaseException | None = None

    def read(self, offset: int, address: int, length: int) -> int:
        """Writes bytes of the file to an address; gives how many."""
        read_at = self._read_at
        assert read_at is not None, "the source is released"
        given = read_at(offset, length)
        if self._identity is not None and self._identity() != self._opened_as:
            raise Error(Code.ABORTED, "SOURCE_CHANGED", _CHANGED)
        # A copy at most, and never a view of the library's memory, which the frames of an exception could keep.
        data = given if isinstance(given, bytes) else bytes(memoryview(given))
        if len(data) != length:
            raise EOFError(f"the object gave {len(data)} bytes of {length}")
        ctypes.memmove(address, data, length)
        return length

    def failed(self, error: BaseException, address: int, capacity: int) -> int:
        """Keeps what was raised and writes why, with a NUL, to an address. Gives the code; less than 0 if it is an interrupt."""
        call: Call | None = getattr(_threads, "call", None)
        if call is None:
            self._stray = error
        else:
            call.raised = error
        reason = _reason(error).encode("utf-8", "replace").replace(b"\0", b"")[: capacity - 1] + b"\0"
        ctypes.memmove(address, reason, len(reason))
        return -1 if isinstance(error, KeyboardInterrupt) else _code(error)

    def released(self) -> None:
        """Nobody reads any more: lets go of the object."""
        self._read_at = self._identity = self._opened_as = self._stray = None

    def take_stray(self) -> BaseException | None:
        """What was raised last outside of a call, once."""
        raised, self._stray = self._stray, None
        return raised

    @contextlib.contextmanager
    def call(self) -> Iterator[Call]:
        """A call that may read."""
        before, call = getattr(_threads, "call", None), Call(self)
        _threads.call = call
        try:
            yield call
            if call.raised is not None and not isinstance(call.raised, Exception):
                raise call.raised
        finally:
            _threads.call = before


def _reason(error: BaseException) -> str:
    if isinstance(error, Error):
        return error.message
    try:
        text = str(error)
    except Exception:
        text = ""
    kind = type(error).__name__
    return f"{kind}: {text}" if text else kind


def _code(error: BaseException) -> int:
    if isinstance(error, Error):
        return error.code or Code.UNKNOWN
    return next(code for kind, code in _CODES if isinstance(error, kind))


def source_of(given: Any) -> Source:
    """What reads an object: one with `read_at`, or a binary file that can seek. Raises TypeError if it is neither."""
    arrow = sys.modules.get("pyarrow")
    if arrow is not None and isinstance(given, arrow.NativeFile):
        # Takes the length first.
        return Source(_name(given), _size(given), lambda offset, length: given.read_at(length, offset), None)
    if hasattr(given, "read_at"):
        return Source(_name(given), _size(given), given.read_at, _identity(given))
    if hasattr(given, "read") and hasattr(given, "seek"):
        file = _File(given)
        size = _size(given) if hasattr(given, "size") else file.end()
        return Source(_name(given), size, file.read_at, _identity(given) or _identity_of_file(given))
    kind = type(given).__name__
    raise TypeError(f"a path, an object with read_at, or a binary file that can seek is expected, not {kind}")


class _File:
    """A file object, which has one position: it is read by one thread at a time."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._lock = threading.Lock()

    def end(self) -> int:
        with self._lock:
            self._file.seek(0, os.SEEK_END)
            return int(self._file.tell())

    def read_at(self, offset: int, length: int) -> bytes:
        with self._lock:
            self._file.seek(offset)
            first = self._file.read(length)
            if len(first) == length or not first:
                return first  # type: ignore[no-any-return]
            parts, missing = [first], length - len(first)
            while missing > 0 and (part := self._file.read(missing)):
                parts.append(part)
                missing -= len(part)
        return b"".join(parts)


def _size(given: Any) -> int:
    size = given.size() if callable(given.size) else given.size
    if size is None:
        raise TypeError(f"{_name(given)}: its size is not known")
    size = int(size)
    if not 0 <= size < 1 << 63:
        raise ValueError(f"{_name(given)}: a size of {size} bytes")
    return size


def _identity(given: Any) -> Callable[[], object] | None:
    """What says which file an object reads, if it does."""
    for name in ("identity", "etag", "mtime"):
        found = getattr(given, name, None)
        if callable(found):
            return found  # type: ignore[no-any-return]
        if found is not None:
            return partial(getattr, given, name)
    return None


def _identity_of_file(file: Any) -> Callable[[], object] | None:
    """What the file system says of a file: one of fsspec's, or the operating system."""
    ukey = getattr(getattr(file, "fs", None), "ukey", None)
    path = getattr(file, "path", None)
    if callable(ukey) and isinstance(path, str):
        return lambda: ukey(path)
    try:
        descriptor = file.fileno()
    except (AttributeError, OSError):  # io.UnsupportedOperation is an OSError
        return None

    def changed() -> object:
        status = os.fstat(descriptor)
        return status.st_size, status.st_mtime_ns

    return changed


def _name(given: Any) -> str:
    """What messages call it."""
    for attribute in ("full_name", "name", "path"):
        name = getattr(given, attribute, None)
        if isinstance(name, str) and name:
            return name
    return f"<{type(given).__name__}>"
