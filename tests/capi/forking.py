"""A store in a process that multiprocessing forks: forking.py LIBRARY FILE FOLDER-FOR-TEMPORARY-FILES"""

import ctypes
import multiprocessing
import os
import sys

HANGS_SECONDS = 120


class Slice(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("len", ctypes.c_size_t)]


library = ctypes.CDLL(sys.argv[1])
library.c1z_error_reason.restype = ctypes.c_char_p
library.c1z_error_reason.argtypes = [ctypes.c_void_p]
library.c1z_store_free.argtypes = [ctypes.c_void_p]
for call in (library.c1z_get_metadata, library.c1z_close):
    call.argtypes = [ctypes.c_void_p, Slice] + [ctypes.c_void_p] * (len("cre") if call is library.c1z_close else 2)


def reason(code, error):
    return library.c1z_error_reason(error).decode() if code else "OK"


def open_store():
    """c1z.v1.OpenRequest { path = 1, tmp_dir = 3 }; the reason of a failure, and the store."""
    fields = [(b"\x0a", sys.argv[2].encode()), (b"\x1a", sys.argv[3].encode())]
    request = b"".join(tag + bytes([len(text)]) + text for tag, text in fields)
    store, error = ctypes.c_void_p(), ctypes.c_void_p()
    code = library.c1z_open(Slice(request, len(request)), None, ctypes.byref(store), ctypes.byref(error))
    return reason(code, error), store


def metadata(store):
    response, error = ctypes.c_void_p(), ctypes.c_void_p()
    return reason(library.c1z_get_metadata(store, Slice(), ctypes.byref(response), ctypes.byref(error)), error)


def close(store):
    error = ctypes.c_void_p()
    return reason(library.c1z_close(store, Slice(), None, None, ctypes.byref(error)), error)


class Owner:
    """As bindings have it: closes and frees the store when nobody needs it any more."""

    def __init__(self, store):
        self.store = store

    def __del__(self):
        close(self.store)
        library.c1z_store_free(self.store)


def child(owner, results):
    results.put([open_store()[0], metadata(owner.store), close(owner.store)])
    del owner


def work(results):
    opened, store = open_store()
    results.put([opened, metadata(store), close(store)])


def run(target, *arguments):
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    process = context.Process(target=target, args=(*arguments, results), daemon=True)
    process.start()
    seen = results.get(timeout=HANGS_SECONDS)
    process.join(HANGS_SECONDS)
    assert process.exitcode == 0, process.exitcode
    return seen


assert run(work) == ["OK", "OK", "OK"], "a process that is forked before the first use"
owner = Owner(open_store()[1])
folders = sorted(os.listdir(sys.argv[3]))
seen = run(child, owner)
assert seen == ["FORKED"] * 3, seen
assert sorted(os.listdir(sys.argv[3])) == folders
assert [metadata(owner.store), close(owner.store)] == ["OK", "OK"]
