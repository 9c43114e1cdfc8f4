// What frees an Arrow struct whose capsule nobody took anything from. CPython calls the destructor of a capsule wherever its last
// reference goes, also while an exception is on its way and when the interpreter ends, and no Python code may run then: so it is C. It
// needs no header of Python and is the same for all of them: the two functions of Python's that it calls are set by _capsules.py.
#include <stdlib.h>

void *(*c1z_py_capsule_pointer)(void *capsule, const char *name);
const char *(*c1z_py_capsule_name)(void *capsule);

// The structs of the Arrow C data and stream interfaces, as far as their `release`.
struct schema {
  const void *format, *name, *metadata;
  long long flags, n_children;
  void *children, *dictionary;
  void (*release)(struct schema *);
};

struct stream {
  void *get_schema, *get_next, *get_last_error;
  void (*release)(struct stream *);
};

void c1z_py_free_schema(void *capsule) {
  struct schema *schema = c1z_py_capsule_pointer(capsule, c1z_py_capsule_name(capsule));
  if (schema != NULL && schema->release != NULL) schema->release(schema);
  free(schema);
}

void c1z_py_free_stream(void *capsule) {
  struct stream *stream = c1z_py_capsule_pointer(capsule, c1z_py_capsule_name(capsule));
  if (stream != NULL && stream->release != NULL) stream->release(stream);
  free(stream);
}

// A struct of zeros, which counts as released until it is filled; NULL without memory.
void *c1z_py_new(size_t size) { return calloc(1, size); }
void c1z_py_discard(void *fresh) { free(fresh); }
