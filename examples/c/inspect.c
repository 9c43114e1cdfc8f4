// inspect FILE: everything in a .c1z file, a line of JSON each, by what the file says of itself.
#include <c1z.h>
#include <stdio.h>

#include "check.h"
#include "pb.h"

// A line for a c1z.v1.InspectedRecord { record_type = 2, json = 4 }.
static void print_record(c1z_slice record) {
  printf("{\"type\":\"%.*s\",", PB_TEXT(pb_find(record, 2).bytes));
  printf("\"record\":%.*s}\n", PB_TEXT(pb_find(record, 4).bytes));
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s FILE.c1z\n", argv[0]);
    return 2;
  }
  c1z_cursor *cursor = NULL;
  c1z_buffer *page = NULL;
  c1z_error *error = NULL;
  // c1z.v1.InspectRequest { open = 1 } of c1z.v1.OpenRequest { path = 1 }
  pb_message open = {0}, request = {0};
  pb_put_text(&open, 1, argv[1]);
  pb_put_message(&request, 1, &open);
  CHECK(c1z_inspect(pb_bytes(&request), NULL, &cursor, &error));
  pb_empty(&request);
  for (;;) {
    CHECK(c1z_cursor_next(cursor, &page, &error));
    if (page == NULL) break;
    // c1z.v1.InspectPage { list = 1 }
    c1z_slice rest = c1z_buffer_data(page);
    for (pb_field field; pb_next(&rest, &field);) {
      if (field.number == 1) print_record(field.bytes);
    }
    c1z_buffer_free(page);
  }
  c1z_cursor_free(cursor);
  return 0;
}
