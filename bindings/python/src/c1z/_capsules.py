"""Arrow structs in PyCapsules, as the Arrow PyCapsule interface hands them from one library to another."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from c1z._library import ArrowArrayStream, ArrowSchema, helper

helper.c1z_py_new.restype, helper.c1z_py_new.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
helper.c1z_py_discard.restype, helper.c1z_py_discard.argtypes = None, [ctypes.c_void_p]
helper.c1z_py_wrap_stream.restype, helper.c1z_py_wrap_stream.argtypes = ctypes.c_bool, [ctypes.c_void_p]

_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]

# Capsules point to their names.
_SCHEMA, _STREAM = b"arrow_schema", b"arrow_array_stream"


def _capsule(size: int, name: bytes, free: Any, fill: Callable[[int], None]) -> object:
    pointer = helper.c1z_py_new(size)
    if not pointer:
        raise MemoryError
    try:
        fill(pointer)
        return _new(pointer, name, ctypes.cast(free, ctypes.c_void_p))
    except BaseException:
        helper.c1z_py_discard(pointer)
        raise


def schema(fill: Callable[[int], None]) -> object:
    """A capsule with the ArrowSchema that `fill` writes to an address."""
    return _capsule(ctypes.sizeof(ArrowSchema), _SCHEMA, helper.c1z_py_free_schema, fill)


def stream(fill: Callable[[int], None]) -> object:
    """A capsule with the ArrowArrayStream that `fill` writes to an address. While the library reads for it, other threads go on."""

    def wrapped(pointer: int) -> None:
        fill(pointer)
        if not helper.c1z_py_wrap_stream(pointer):
            raise MemoryError  # and what was filled stays, because there is nothing left to end it with

    return _capsule(ctypes.sizeof(ArrowArrayStream), _STREAM, helper.c1z_py_free_stream, wrapped)
