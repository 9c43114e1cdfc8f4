"""Files that stay where they are: objects that read them by ranges."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol


class Readable(Protocol):
    """What `c1z.open` takes in the place of a path.

    `size` is the file's length in bytes. `read_at` gives `length` bytes from `offset` on; it is called by several threads at a time,
    the library's own among them. It may have an `identity`, text or bytes of 256 at most, or a function that gives them: which bytes the
    last read gave (an ETag, a version). It is asked for behind every read, so it must cost nothing; once it differs, calls fail with
    the reason SOURCE_CHANGED.
    """

    size: int

    def read_at(self, offset: int, length: int, /) -> bytes: ...


class _OfFile:
    """A binary file that seeks and reads, one reader at a time."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._lock = threading.Lock()
        self.size: int = file.seek(0, 2)
        self.identity = getattr(file, "identity", None)

    def read_at(self, offset: int, length: int) -> bytes:
        with self._lock:
            self._file.seek(offset)
            found = bytearray()
            # A file without a buffer may give less than is there.
            while len(found) < length and (more := self._file.read(length - len(found))):
                found += more
        return bytes(found)


class Source:
    """Something readable, as the library asks it."""

    def __init__(self, readable: Any) -> None:
        if not hasattr(readable, "read_at"):
            if not (hasattr(readable, "seek") and hasattr(readable, "read")):
                raise TypeError(f"{type(readable).__name__} is no path, has no read_at, and is no file")
            readable = _OfFile(readable)
        size = readable.size
        self.size = int(size() if callable(size) else size)
        if self.size < 0:
            raise ValueError(f"a size of {self.size} bytes")
        self.read_at: Callable[[int, int], bytes] = readable.read_at
        self._identity: Any = getattr(readable, "identity", None)

    @property
    def has_identity(self) -> bool:
        """Whether it says which bytes its reads give."""
        return self._identity is not None

    def identity(self) -> bytes:
        """Which bytes the last read gave."""
        identity = self._identity() if callable(self._identity) else self._identity
        return identity.encode() if isinstance(identity, str) else bytes(identity)


def name_of(readable: Any) -> str:
    """What messages call it: its `name` or `path`, or else its type."""
    name = getattr(readable, "name", None) or getattr(readable, "path", None)
    return str(name or f"<{type(readable).__name__}>").replace("\0", "")
