"""The C ABI: the only module that knows pointers. Every other one gives bytes or messages and takes them.

The library lies in the package. C1Z_LIBRARY names another one, for tests of a build that is in no wheel. ctypes gives up the GIL for as
long as a call runs, so that other threads go on.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import itertools
import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from c1z import _wire
from c1z.errors import Code, Error
from c1z.sources import Source

M = TypeVar("M")
H = TypeVar("H", bound="Handle")

_HERE = Path(__file__).parent / "lib"


class _Slice(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("len", ctypes.c_size_t)]


_IDENTITY = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t)
_READ_AT = ctypes.CFUNCTYPE(
    ctypes.c_int32,
    ctypes.c_size_t,
    ctypes.c_uint64,
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.POINTER(ctypes.c_size_t),
    ctypes.c_void_p,
    ctypes.c_size_t,
)
_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_size_t)


class _Source(ctypes.Structure):
    """c1z_source, whose userdata is a key of `_sources`."""

    _fields_ = [
        ("size", ctypes.c_uint64),
        ("identity", _IDENTITY),
        ("read_at", _READ_AT),
        ("release", _RELEASE),
        ("userdata", ctypes.c_size_t),
    ]


class _Host(ctypes.Structure):
    """c1z_host."""

    _fields_ = [("struct_size", ctypes.c_size_t), ("source", ctypes.POINTER(_Source))]


PROGRESS = ctypes.CFUNCTYPE(None, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_void_p)


class Control(ctypes.Structure):
    """c1z_control."""

    _fields_ = [("cancel", ctypes.c_void_p), ("progress", PROGRESS), ("userdata", ctypes.c_void_p)]


class ArrowSchema(ctypes.Structure):
    """The Arrow C data interface's struct; who fills it sets `release`."""

    _fields_ = [
        ("format", ctypes.c_void_p),
        ("name", ctypes.c_void_p),
        ("metadata", ctypes.c_void_p),
        ("flags", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    ]


class ArrowArrayStream(ctypes.Structure):
    """The Arrow C stream interface's struct; who fills it sets `release`."""

    _fields_ = [
        ("get_schema", ctypes.c_void_p),
        ("get_next", ctypes.c_void_p),
        ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    ]


_P, _OUT = ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)
_CONTROL = ctypes.POINTER(Control)

# Parameters between the name and the error, by what the functions have in common.
_ON_STORE = [_P, _Slice, _OUT]
_LONG_ON_STORE = [_P, _Slice, _CONTROL, _OUT]
_ON_FILES = [_Slice, _CONTROL, _OUT]
_CALLS: dict[str, list[Any]] = {
    "open": _ON_FILES,
    "open_with": [_Slice, ctypes.POINTER(_Host), _CONTROL, _OUT],
    "read_header": [_Slice, _OUT],
    "close": _LONG_ON_STORE,
    "end_sync": _LONG_ON_STORE,
    "verify": _ON_FILES,
    "merge_files": _ON_FILES,
    "convert_file": _ON_FILES,
    "compare_files": _ON_FILES,
    "cursor_next": [_P, _OUT],
    "export_schema": [_Slice, ctypes.POINTER(ArrowSchema)],
    "export_arrow": [_P, _Slice, _CONTROL, ctypes.POINTER(ArrowArrayStream)],
}
_CALLS.update(
    dict.fromkeys(
        (
            "get_metadata",
            "start_sync",
            "set_current_sync",
            "list_sync_runs",
            "get_stats",
            "list_resource_types",
            "list_resources",
            "get_resource",
            "list_entitlements",
            "get_entitlement",
            "list_grants_for_principal",
            "list_references",
            "put_resource_types",
            "put_resources",
            "put_entitlements",
            "put_grants",
        ),
        _ON_STORE,
    )
)
_FREES = ("buffer_free", "error_free", "cancel_free", "cancel_set", "store_free", "cursor_free")


def _load() -> ctypes.CDLL:
    path = os.environ.get("C1Z_LIBRARY") or str(_HERE / "libc1z.so.0")
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(f"c1z: {path} cannot be loaded: {error}") from error

    def declare(name: str, result: Any, parameters: list[Any]) -> None:
        function = getattr(library, f"c1z_{name}", None)
        if function is not None:
            function.restype, function.argtypes = result, parameters

    declare("version", ctypes.c_char_p, [])
    declare("buffer_data", _Slice, [_P])
    declare("error_reason", ctypes.c_char_p, [_P])
    declare("error_message", ctypes.c_char_p, [_P])
    declare("cancel_new", _P, [])
    for name in _FREES:
        declare(name, None, [_P])
    for name, parameters in _CALLS.items():
        declare(name, ctypes.c_int32, [*parameters, _OUT])
    return library


_library = _load()


# What has working folders, which go when the interpreter ends.
_open: weakref.WeakSet[Store | Cursor] = weakref.WeakSet()


@atexit.register
def _end() -> None:
    for handle in list(_open):
        handle.end()


def version() -> str:
    """The library's version."""
    return str(_library.c1z_version().decode())


class Handle:
    """An object of the library, which is freed with its last reference.

    Whoever makes a call has a reference until it returns, so nothing is freed under a call that runs. In a forked process the
    library leaves a store or cursor that is freed to the parent.
    """

    FREE: ClassVar[str]

    def __init__(self, pointer: int) -> None:
        self.pointer: int | None = pointer
        self._free = getattr(_library, self.FREE)

    def free(self) -> None:
        """Frees it now, once; nobody may be in a call with it."""
        pointer, self.pointer = self.pointer, None
        self._free(pointer)

    def __del__(self) -> None:
        self.free()


class Store(Handle):
    """c1z_store."""

    FREE = "c1z_store_free"

    def __init__(self, pointer: int) -> None:
        super().__init__(pointer)
        _open.add(self)

    def end(self) -> None:
        """Closes it, which waits for calls that run, and removes its working folder."""
        with contextlib.suppress(Error):
            call_raw("close", b"\x08\x01", self)  # c1z.v1.CloseRequest { discard = 1 }


class Cursor(Handle):
    """c1z_cursor, which serves one call at a time."""

    FREE = "c1z_cursor_free"

    def __init__(self, pointer: int) -> None:
        super().__init__(pointer)
        self._lock = threading.Lock()
        _open.add(self)

    def next_page(self) -> bytes | None:
        """The next page; None behind the last, and once it is freed."""
        response = ctypes.c_void_p()
        with self._lock:
            if self.pointer is not None:
                _invoke("cursor_next", self.pointer, ctypes.byref(response))
        return None if response.value is None else _bytes(response)

    def free(self) -> None:
        """Frees it and its working folders, behind a call that runs."""
        with self._lock:
            super().free()

    def end(self) -> None:
        """Frees it unless somebody is in a call."""
        if self._lock.acquire(blocking=False):
            super().free()
            self._lock.release()


class Cancel(Handle):
    """A flag that stops the calls that it was given to."""

    FREE = "c1z_cancel_free"

    def __init__(self) -> None:
        super().__init__(_library.c1z_cancel_new())

    def set(self) -> None:
        """Stops them, from any thread."""
        _library.c1z_cancel_set(self.pointer)


def control(cancel: Cancel, progress: Callable[[int, int], None] | None) -> Control:
    """What a long call is given. The caller keeps `cancel` until the call returns."""
    function = PROGRESS() if progress is None else PROGRESS(lambda done, total, _: progress(done, total))
    return Control(cancel.pointer, function, None)


def _request(data: bytes) -> _Slice:
    request = _Slice(ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p), len(data))
    request.owner = data  # the slice alone would not keep it
    return request


def _invoke(name: str, *arguments: Any) -> None:
    function = getattr(_library, f"c1z_{name}", None)
    if function is None:
        raise Error(12, "UNIMPLEMENTED", f"libc1z {version()} has no c1z_{name}: it is older than this package")
    error = ctypes.c_void_p()
    code = function(*arguments, ctypes.byref(error))
    if code != 0:
        raise _raised(code, error)


def _raised(code: int, error: ctypes.c_void_p) -> BaseException:
    try:
        reason = _library.c1z_error_reason(error).decode()
        raised = Error(code, reason, _library.c1z_error_message(error).decode("utf-8", "replace"))
    finally:
        _library.c1z_error_free(error)
    return _caused(raised) if reason.startswith("SOURCE") else raised


def _bytes(buffer: ctypes.c_void_p) -> bytes:
    try:
        data = _library.c1z_buffer_data(buffer)
        return ctypes.string_at(data.data, data.len) if data.len else b""
    finally:
        _library.c1z_buffer_free(buffer)


def _before(handle: Handle | None) -> list[int | None]:
    return [] if handle is None else [handle.pointer]


def _after(name: str, given: Control | None) -> list[Any]:
    takes = _CONTROL in _CALLS[name]
    return [None if given is None else ctypes.byref(given)] if takes else []


def call_raw(name: str, request: bytes, handle: Handle | None = None, control: Control | None = None) -> bytes:
    """Makes a call that answers with bytes."""
    response = ctypes.c_void_p()
    _invoke(name, *_before(handle), _request(request), *_after(name, control), ctypes.byref(response))
    return _bytes(response)


def call(name: str, request: Any, answer: type[M], handle: Handle | None = None, control: Control | None = None) -> M:
    """Makes a call that answers with a message."""
    return decoded(answer, call_raw(name, _wire.encode(request), handle, control))


def create(name: str, request: Any, kind: type[H], control: Control | None = None) -> H:
    """Makes a call that answers with an object."""
    created = ctypes.c_void_p()
    _invoke(name, _request(_wire.encode(request)), *_after(name, control), ctypes.byref(created))
    assert created.value is not None
    return kind(created.value)


# Sources that the library may still read, by what it is given for them: a key stays until it says that it is done.
_sources: dict[int, Source] = {}
_keys = itertools.count(1)
# What a source's function raised last, and the reason that the library was given for it.
_failures: list[tuple[str, BaseException]] = []


def _identity_of(key: int, out: int, capacity: int) -> int:
    try:
        identity = _sources[key].identity()
    except BaseException:  # one that cannot be told is another
        return 0
    ctypes.memmove(out, identity, min(len(identity), capacity))
    return len(identity)


def _read_at(key: int, offset: int, out: int, length: int, *answer: Any) -> int:
    read, reason, capacity = answer
    try:
        found = bytes(_sources[key].read_at(offset, length))
        if len(found) > length:
            raise ValueError(f"{len(found)} bytes came for {length}")
        ctypes.memmove(out, found, len(found))
        read[0] = len(found)
    except BaseException as error:  # whatever it is, it may not go through the library
        text = " ".join(f"{type(error).__name__}: {error}".replace("\0", " ").split())
        text = text.encode("utf-8", "replace")[: max(0, min(capacity, 512) - 1)].decode("utf-8", "ignore")
        if capacity > 0:
            encoded = text.encode() + b"\0"
            ctypes.memmove(reason, encoded, len(encoded))
        _failures[:] = [(text, error)]
        return _code_of(error)
    return 0


def _release(key: int) -> None:
    _sources.pop(key, None)


# What every source has; made once, so that the library may call them for as long as it likes.
_FUNCTIONS = (_READ_AT(_read_at), _RELEASE(_release))
_IDENTITY_OF, _NO_IDENTITY = _IDENTITY(_identity_of), _IDENTITY()


def _code_of(error: BaseException) -> int:
    if isinstance(error, Error):
        return int(error.code) or int(Code.UNKNOWN)
    codes: list[tuple[type[BaseException], Code]] = [
        (FileNotFoundError, Code.NOT_FOUND),
        (PermissionError, Code.PERMISSION_DENIED),
        (TimeoutError, Code.DEADLINE_EXCEEDED),
        (ConnectionError, Code.UNAVAILABLE),
        (MemoryError, Code.RESOURCE_EXHAUSTED),
        (KeyboardInterrupt, Code.CANCELLED),
    ]
    return int(next((code for kind, code in codes if isinstance(error, kind)), Code.UNKNOWN))


def _caused(raised: Error) -> BaseException:
    """An error with what a source's function raised; Ctrl-C in such a function is what the call raises."""
    failures, _failures[:] = _failures[:], []
    for text, failure in failures:
        if not isinstance(failure, Exception):
            return failure
        if text[:64] in raised.message:
            raised.__cause__ = failure
    return raised


def open_with(request: Any, source: Source, control: Control | None = None) -> Store:
    """Opens a file that a source reads. The library has the source until it releases it, which it does whatever happens."""
    key = next(_keys)
    _sources[key] = source
    identity = _IDENTITY_OF if source.has_identity else _NO_IDENTITY
    given = _Source(source.size, identity, *_FUNCTIONS, key)
    host = _Host(ctypes.sizeof(_Host), ctypes.pointer(given))
    created = ctypes.c_void_p()
    data = _request(_wire.encode(request))
    _invoke("open_with", data, ctypes.byref(host), *_after("open_with", control), ctypes.byref(created))
    assert created.value is not None
    return Store(created.value)


def export_schema(request: Any, out: int) -> None:
    """Fills the ArrowSchema at an address."""
    _invoke("export_schema", _request(_wire.encode(request)), ctypes.cast(out, ctypes.POINTER(ArrowSchema)))


def export_arrow(handle: Handle, request: Any, out: int, control: Control | None = None) -> None:
    """Fills the ArrowArrayStream at an address."""
    at = ctypes.cast(out, ctypes.POINTER(ArrowArrayStream))
    _invoke("export_arrow", handle.pointer, _request(_wire.encode(request)), *_after("export_arrow", control), at)


def decoded(answer: type[M], data: bytes) -> M:
    """An answer; what in it cannot be read is damage."""
    try:
        return _wire.decode(answer, data)
    except _wire.Malformed as error:
        raise Error(15, "CORRUPTION", f"{answer.__name__}: {error}") from None
