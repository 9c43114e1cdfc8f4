// columns FILE: who holds what in a .c1z file, a line for each grant, read from an Arrow stream without an Arrow library.
#include <c1z.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "pb.h"

static const char *const columns[] = {"principal_resource_id", "entitlement_id", "is_direct"};

// The text in a row of a utf8 array, whose buffers are validity, int32 offsets, and bytes. No column above may be null.
static c1z_slice text_at(const struct ArrowArray *array, int64_t row) {
  const int32_t *offsets = (const int32_t *)array->buffers[1] + array->offset + row;
  return (c1z_slice){(const uint8_t *)array->buffers[2] + offsets[0], (size_t)(offsets[1] - offsets[0])};
}

// The flag in a row of a bool array, whose buffers are validity, and bits.
static bool flag_at(const struct ArrowArray *array, int64_t row) {
  int64_t bit = array->offset + row;
  return ((const uint8_t *)array->buffers[1])[bit / 8] >> (bit % 8) & 1;
}

// The functions of a stream say why they failed by themselves.
static void check_stream(struct ArrowArrayStream *stream, int number) {
  if (number == 0) return;
  const char *why = stream->get_last_error(stream);
  fprintf(stderr, "%s (%s)\n", why != NULL ? why : "no reason", strerror(number));
  stream->release(stream);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s FILE.c1z\n", argv[0]);
    return 2;
  }
  c1z_store *store = NULL;
  c1z_error *error = NULL;
  pb_message request = {0};  // c1z.v1.OpenRequest { path = 1, read_only = 2 }
  pb_put_text(&request, 1, argv[1]);
  pb_put_varint(&request, 2, true);
  CHECK(c1z_open(pb_bytes(&request), NULL, &store, &error));
  pb_empty(&request);

  // c1z.v1.ExportRequest { table = 1, columns = 3 }; TABLE_GRANTS is 5.
  pb_put_varint(&request, 1, 5);
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) pb_put_text(&request, 3, columns[i]);
  struct ArrowArrayStream stream;
  CHECK(c1z_export_arrow(store, pb_bytes(&request), NULL, &stream, &error));
  pb_empty(&request);

  struct ArrowSchema schema;
  check_stream(&stream, stream.get_schema(&stream, &schema));
  for (int64_t i = 0; i < schema.n_children; i++) {
    printf("%s (%s)%s", schema.children[i]->name, schema.children[i]->format, i + 1 < schema.n_children ? ", " : "\n");
  }
  schema.release(&schema);

  for (;;) {
    struct ArrowArray batch;
    check_stream(&stream, stream.get_next(&stream, &batch));
    if (batch.release == NULL) break;  // the end
    for (int64_t row = 0; row < batch.length; row++) {
      c1z_slice principal = text_at(batch.children[0], row), entitlement = text_at(batch.children[1], row);
      const char *how = flag_at(batch.children[2], row) ? "directly" : "through others";
      printf("%.*s: %.*s, %s\n", PB_TEXT(principal), PB_TEXT(entitlement), how);
    }
    batch.release(&batch);
  }
  stream.release(&stream);
  CHECK(c1z_close(store, (c1z_slice){0}, NULL, NULL, &error));
  c1z_store_free(store);
  return 0;
}
