"""Arrow structs in PyCapsules, as the Arrow PyCapsule interface hands them from one library to another."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from c1z._library import ArrowArrayStream, ArrowSchema

_helper = ctypes.CDLL(str(Path(__file__).parent / "lib" / "libc1z_capsule.so"))
_helper.c1z_py_new.restype, _helper.c1z_py_new.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
_helper.c1z_py_discard.restype, _helper.c1z_py_discard.argtypes = None, [ctypes.c_void_p]

_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


def _address(function: Any) -> int:
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return address


for _name, _function in (
    ("c1z_py_capsule_pointer", ctypes.pythonapi.PyCapsule_GetPointer),
    ("c1z_py_capsule_name", ctypes.pythonapi.PyCapsule_GetName),
):
    ctypes.c_void_p.in_dll(_helper, _name).value = _address(_function)

# Capsules point to their names.
_SCHEMA, _STREAM = b"arrow_schema", b"arrow_array_stream"


def _capsule(size: int, name: bytes, free: Any, fill: Callable[[int], None]) -> object:
    pointer = _helper.c1z_py_new(size)
    if not pointer:
        raise MemoryError
    try:
        fill(pointer)
        return _new(pointer, name, _address(free))
    except BaseException:
        _helper.c1z_py_discard(pointer)
        raise


def schema(fill: Callable[[int], None]) -> object:
    """A capsule with the ArrowSchema that `fill` writes to an address."""
    return _capsule(ctypes.sizeof(ArrowSchema), _SCHEMA, _helper.c1z_py_free_schema, fill)


def stream(fill: Callable[[int], None]) -> object:
    """A capsule with the ArrowArrayStream that `fill` writes to an address."""
    return _capsule(ctypes.sizeof(ArrowArrayStream), _STREAM, _helper.c1z_py_free_stream, fill)
