// Arrow structs on the way from the library to whoever takes them.
//
// CPython calls the destructor of a capsule wherever its last reference goes, also while an exception is on its way and when the
// interpreter ends, and no Python code may run then: so it is C.
//
// Who reads a stream may have the GIL, and the library may have to wait for another thread that reads a source and needs it. So streams
// give it up for as long as the library has them.
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "_python.h"

// The structs of the Arrow C data and stream interfaces, as far as they are looked at.
struct schema {
  const void *format, *name, *metadata;
  long long flags, n_children;
  void *children, *dictionary;
  void (*release)(struct schema *);
};

struct stream {
  int (*get_schema)(struct stream *, void *);
  int (*get_next)(struct stream *, void *);
  const char *(*get_last_error)(struct stream *);
  void (*release)(struct stream *);
  void *private_data;
};

// Behind the end of the interpreter nobody needs the GIL.
static PyThreadState *give_up_gil(void) {
  return !atomic_load(&c1z_py_ended) && PyGILState_Check() ? PyEval_SaveThread() : NULL;
}

static void take_gil(PyThreadState *state) {
  if (state != NULL) PyEval_RestoreThread(state);
}

static int get_schema(struct stream *stream, void *out) {
  struct stream *library = stream->private_data;
  return library->get_schema(library, out);
}

static int get_next(struct stream *stream, void *out) {
  struct stream *library = stream->private_data;
  PyThreadState *state = give_up_gil();
  c1z_py_interrupted = 0;
  int failed = library->get_next(library, out);
  // Who reads makes an error of its own of it. Ctrl-C is not forgotten over that.
  if (c1z_py_interrupted) PyErr_SetInterrupt();
  take_gil(state);
  return failed;
}

static const char *get_last_error(struct stream *stream) {
  struct stream *library = stream->private_data;
  return library->get_last_error(library);
}

static void *end(void *stream) {
  struct stream *library = stream;
  library->release(library);
  free(library);
  return NULL;
}

static void release(struct stream *stream) {
  struct stream *library = stream->private_data;
  stream->release = NULL;
  stream->private_data = NULL;
  if (c1z_py_depth > 0) {
    // The garbage collector found it in a function of a source: the library has locks now that ending a stream takes.
    pthread_t thread;
    if (pthread_create(&thread, NULL, end, library) == 0) pthread_detach(thread);
    return;
  }
  PyThreadState *state = give_up_gil();
  end(library);
  take_gil(state);
}

// Puts a stream that gives up the GIL in the place of one of the library; false without memory.
bool c1z_py_wrap_stream(struct stream *stream) {
  struct stream *library = malloc(sizeof *library);
  if (library == NULL) return false;
  *library = *stream;
  *stream = (struct stream){get_schema, get_next, get_last_error, release, library};
  return true;
}

void c1z_py_free_schema(PyObject *capsule) {
  struct schema *schema = PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule));
  if (schema != NULL && schema->release != NULL) schema->release(schema);
  free(schema);
}

void c1z_py_free_stream(PyObject *capsule) {
  struct stream *stream = PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule));
  if (stream != NULL && stream->release != NULL) stream->release(stream);
  free(stream);
}

// A struct of zeros, which counts as released until it is filled; NULL without memory.
void *c1z_py_new(size_t size) { return calloc(1, size); }
void c1z_py_discard(void *fresh) { free(fresh); }
