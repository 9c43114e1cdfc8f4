"""The C ABI: the only module that knows the library's pointers. Every other one gives bytes or messages and takes them.

The library lies in the package. C1Z_LIBRARY names another one, for tests of a build that is in no wheel. ctypes gives up the GIL for as
long as a call runs, so that other threads go on, among them those of the library that read a source.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from c1z import _wire
from c1z.errors import Error

if TYPE_CHECKING:
    from c1z._sources import Source

M = TypeVar("M")
H = TypeVar("H", bound="Handle")

_HERE = Path(__file__).parent / "lib"


class _Slice(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("len", ctypes.c_size_t)]


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
    "open_with": [_Slice, _P, _CONTROL, _OUT],
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


def _load_helper() -> ctypes.CDLL:
    helper = ctypes.CDLL(str(_HERE / "libc1z_python.so"))
    helper.c1z_py_open.restype = ctypes.c_int32
    helper.c1z_py_open.argtypes = [_P, _Slice, ctypes.py_object, ctypes.c_uint64, _CONTROL, _OUT, _OUT]
    helper.c1z_py_is_reading.restype, helper.c1z_py_is_reading.argtypes = ctypes.c_bool, []
    helper.c1z_py_end.restype, helper.c1z_py_end.argtypes = None, []
    helper.c1z_py_forked.restype, helper.c1z_py_forked.argtypes = None, []
    return helper


_library = _load()

#: What is in C between the library and Python.
helper = _load_helper()
os.register_at_fork(after_in_child=helper.c1z_py_forked)


# What has working folders, which go when the interpreter ends.
_open: weakref.WeakSet[Store | Cursor] = weakref.WeakSet()


@atexit.register
def _end() -> None:
    for handle in list(_open):
        handle.end()
    helper.c1z_py_end()


def version() -> str:
    """The library's version."""
    return str(_library.c1z_version().decode())


class Handle:
    """An object of the library, which is freed with its last reference.

    Whoever makes a call has a reference until it returns, so nothing is freed under a call that runs. In a forked process the
    library leaves a store or cursor that is freed to the parent.

    It is there before the library writes the pointer: a signal that comes in between loses nothing.
    """

    FREE: ClassVar[str]
    _is_reading: ClassVar[Any] = helper.c1z_py_is_reading
    #: What reads it, if that is Python.
    source: Source | None = None

    def __init__(self) -> None:
        self.created = ctypes.c_void_p()
        self._free = getattr(_library, self.FREE)

    @property
    def pointer(self) -> int | None:
        """None once it is freed."""
        return self.created.value

    def free(self) -> None:
        """Frees it now, once; nobody may be in a call with it."""
        pointer, self.created.value = self.created.value, None
        if not self._is_reading():
            self._free(pointer)
            return
        # The garbage collector found it in a function of a source, which has the library's locks.
        with contextlib.suppress(RuntimeError):  # the interpreter ends, and with it all that is left
            threading.Thread(target=self._free, args=(pointer,), name="c1z").start()

    def __del__(self) -> None:
        self.free()


class Store(Handle):
    """c1z_store."""

    FREE = "c1z_store_free"

    def __init__(self, source: Source | None = None) -> None:
        super().__init__()
        self.source = source
        _open.add(self)

    def end(self) -> None:
        """Closes it, which waits for calls that run, and removes its working folder."""
        with contextlib.suppress(Error):
            call_raw("close", b"\x08\x01", self)  # c1z.v1.CloseRequest { discard = 1 }


class Cursor(Handle):
    """c1z_cursor, which serves one call at a time."""

    FREE = "c1z_cursor_free"

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        _open.add(self)

    def next_page(self) -> bytes | None:
        """The next page; None after the last, and once it is freed."""
        response = ctypes.c_void_p()
        with self._lock:
            if self.pointer is not None:
                _invoke("cursor_next", self.pointer, ctypes.byref(response))
        return None if response.value is None else _bytes(response)

    def free(self) -> None:
        """Frees it and its working folders, after a call that runs."""
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
        super().__init__()
        self.created.value = _library.c1z_cancel_new()

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


def _function(name: str) -> Any:
    function = getattr(_library, f"c1z_{name}", None)
    if function is None:
        raise Error(12, "UNIMPLEMENTED", f"libc1z {version()} has no c1z_{name}: it is older than this package")
    return function


def _invoke(name: str, *arguments: Any, source: Source | None = None) -> None:
    _checked(_function(name), *arguments, source=source)


def _checked(function: Any, *arguments: Any, source: Source | None) -> None:
    error = ctypes.c_void_p()
    if source is None:
        code = function(*arguments, ctypes.byref(error))
        if code != 0:
            raise _raised(code, error)
        return
    with source.call() as call:
        code = function(*arguments, ctypes.byref(error))
        if code != 0:
            raised = _raised(code, error)
            raise raised from call.cause(raised.reason)


def _raised(code: int, error: ctypes.c_void_p) -> Error:
    try:
        reason = _library.c1z_error_reason(error).decode()
        return Error(code, reason, _library.c1z_error_message(error).decode("utf-8", "replace"))
    finally:
        _library.c1z_error_free(error)


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
    arguments = [*_before(handle), _request(request), *_after(name, control), ctypes.byref(response)]
    _invoke(name, *arguments, source=None if handle is None else handle.source)
    return _bytes(response)


def call(name: str, request: Any, answer: type[M], handle: Handle | None = None, control: Control | None = None) -> M:
    """Makes a call that answers with a message."""
    return decoded(answer, call_raw(name, _wire.encode(request), handle, control))


def create(name: str, request: Any, kind: type[H], control: Control | None = None) -> H:
    """Makes a call that answers with an object."""
    handle = kind()
    _invoke(name, _request(_wire.encode(request)), *_after(name, control), ctypes.byref(handle.created))
    return handle


def open_source(request: Any, source: Source, control: Control | None = None) -> Store:
    """Opens what a source reads. The library has a reference to it until it releases it, also if this fails."""
    store = Store(source)
    arguments = [_function("open_with"), _request(_wire.encode(request)), source, source.size]
    arguments += [*_after("open_with", control), ctypes.byref(store.created)]
    _checked(helper.c1z_py_open, *arguments, source=source)
    return store


def export_schema(request: Any, out: int) -> None:
    """Fills the ArrowSchema at an address."""
    _invoke("export_schema", _request(_wire.encode(request)), ctypes.cast(out, ctypes.POINTER(ArrowSchema)))


def export_arrow(handle: Handle, request: Any, out: int, control: Control | None = None) -> None:
    """Fills the ArrowArrayStream at an address."""
    at = ctypes.cast(out, ctypes.POINTER(ArrowArrayStream))
    arguments = [handle.pointer, _request(_wire.encode(request)), *_after("export_arrow", control), at]
    _invoke("export_arrow", *arguments, source=handle.source)


def decoded(answer: type[M], data: bytes) -> M:
    """An answer; what in it cannot be read is damage."""
    try:
        return _wire.decode(answer, data)
    except _wire.Malformed as error:
        raise Error(15, "CORRUPTION", f"{answer.__name__}: {error}") from None
