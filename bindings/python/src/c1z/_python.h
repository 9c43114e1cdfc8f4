// What of Python the helper library uses: functions that every Python has, declared here so that it needs no header and is the same for
// all of them. As in any extension, the loader finds them in the process.
#ifndef C1Z_PYTHON_H
#define C1Z_PYTHON_H

#include <stdatomic.h>
#include <stdint.h>

typedef struct object PyObject;
typedef struct thread_state PyThreadState;

int PyGILState_Ensure(void);
void PyGILState_Release(int state);
int PyGILState_Check(void);
PyThreadState *PyEval_SaveThread(void);
void PyEval_RestoreThread(PyThreadState *state);
void Py_IncRef(PyObject *object);
void Py_DecRef(PyObject *object);
void PyErr_Fetch(PyObject **type, PyObject **value, PyObject **traceback);
void PyErr_Restore(PyObject *type, PyObject *value, PyObject *traceback);
void PyErr_NormalizeException(PyObject **type, PyObject **value, PyObject **traceback);
void PyErr_Clear(void);
void PyErr_SetInterrupt(void);
int PyException_SetTraceback(PyObject *exception, PyObject *traceback);
PyObject *PyObject_CallMethod(PyObject *object, const char *name, const char *format, ...);
unsigned long long PyLong_AsUnsignedLongLong(PyObject *number);
long PyLong_AsLong(PyObject *number);
void *PyCapsule_GetPointer(PyObject *capsule, const char *name);
const char *PyCapsule_GetName(PyObject *capsule);

// Whether the interpreter ends: nothing of it is called from now on.
extern atomic_bool c1z_py_ended;
// How many functions of sources this thread is in.
extern _Thread_local int c1z_py_depth;
// Whether a source was interrupted (Ctrl-C) on this thread, since it was set to 0.
extern _Thread_local int c1z_py_interrupted;

#endif
