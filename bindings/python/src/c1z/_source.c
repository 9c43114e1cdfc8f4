// The functions of a source, which the library calls on any thread, of its own or one of Python's. Between them and Python is C because
// an exception may come up before the first statement of a Python function, where it could not be caught: Ctrl-C for one, which Python
// takes note of on the main thread wherever that enters a function next.
#include <c1z.h>
#include <stdio.h>
#include <unistd.h>

#include "_python.h"

atomic_bool c1z_py_ended;
_Thread_local int c1z_py_depth;
_Thread_local int c1z_py_interrupted;

// How many threads are in these functions.
static atomic_int inside;

// The exception that was on its way when Python was entered: capsules and stores also go while there is one.
struct entered {
  int gil;
  PyObject *type, *value, *traceback;
};

static bool enter(struct entered *entered) {
  atomic_fetch_add(&inside, 1);
  if (atomic_load(&c1z_py_ended)) {
    atomic_fetch_sub(&inside, 1);
    return false;
  }
  c1z_py_depth++;
  entered->gil = PyGILState_Ensure();
  PyErr_Fetch(&entered->type, &entered->value, &entered->traceback);
  return true;
}

static void leave(struct entered *entered) {
  PyErr_Restore(entered->type, entered->value, entered->traceback);
  PyGILState_Release(entered->gil);
  c1z_py_depth--;
  atomic_fetch_sub(&inside, 1);
}

// Gives the exception that was raised to the source, which writes the reason, and gives the code.
static c1z_code failed(PyObject *source, char *reason, size_t capacity) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != NULL) PyException_SetTraceback(value, traceback);
  PyObject *answer = PyObject_CallMethod(source, "failed", "OKK", value, (unsigned long long)(uintptr_t)reason,
                                         (unsigned long long)capacity);
  // Less than 0 is an interrupt, as is whatever comes in between once more.
  long code = answer == NULL ? -1 : PyLong_AsLong(answer);
  if (answer == NULL) PyErr_Clear();
  if (answer != NULL) Py_DecRef(answer);
  if (code < 0) c1z_py_interrupted = 1;
  Py_DecRef(type);
  if (value != NULL) Py_DecRef(value);
  if (traceback != NULL) Py_DecRef(traceback);
  return code < 0 ? C1Z_CANCELLED : (c1z_code)code;
}

static c1z_code read_at(void *userdata, uint64_t offset, uint8_t *data, size_t len, size_t *read, char *reason, size_t capacity) {
  struct entered entered;
  PyObject *source = userdata;
  c1z_code code = C1Z_OK;
  if (!enter(&entered)) {
    snprintf(reason, capacity, "the interpreter ends");
    return C1Z_UNAVAILABLE;
  }
  PyObject *answer = PyObject_CallMethod(source, "read", "KKK", (unsigned long long)offset,
                                         (unsigned long long)(uintptr_t)data, (unsigned long long)len);
  if (answer == NULL) {
    code = failed(source, reason, capacity);
  } else {
    *read = (size_t)PyLong_AsUnsignedLongLong(answer);
    Py_DecRef(answer);
  }
  leave(&entered);
  return code;
}

static void release(void *userdata) {
  struct entered entered;
  if (!enter(&entered)) return;
  PyObject *answer = PyObject_CallMethod(userdata, "released", NULL);
  if (answer == NULL) {
    // Nothing in it raises: it is an interrupt, which waits until the library has returned.
    PyErr_Clear();
    PyErr_SetInterrupt();
  } else {
    Py_DecRef(answer);
  }
  Py_DecRef(userdata);
  leave(&entered);
}

typedef c1z_code (*open_with)(c1z_slice, const c1z_host *, const c1z_control *, c1z_store **, c1z_error **);

// Calls c1z_open_with with a source that has a reference to the Python object `source` until the library releases it. The caller does not
// have the GIL.
c1z_code c1z_py_open(open_with open, c1z_slice request, PyObject *source, uint64_t size, const c1z_control *control,
                     c1z_store **store, c1z_error **error) {
  // No identity: `read` looks at it.
  c1z_source callbacks = {.size = size, .read_at = read_at, .release = release, .userdata = source};
  c1z_host host = {.struct_size = sizeof host, .source = &callbacks};
  int gil = PyGILState_Ensure();
  Py_IncRef(source);
  PyGILState_Release(gil);
  return open(request, &host, control, store, error);
}

// Whether this thread is in a function of a source. The library has locks then, so nothing of it may be freed.
int c1z_py_is_reading(void) { return c1z_py_depth > 0; }

// From now on the library's threads do not come to Python. Waits for those that are there, so the caller does not have the GIL.
void c1z_py_end(void) {
  atomic_store(&c1z_py_ended, true);
  while (atomic_load(&inside) > 0) usleep(1000);
}

// A process that was forked has none of these threads.
void c1z_py_forked(void) { atomic_store(&inside, 0); }
