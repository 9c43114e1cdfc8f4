// compare BEFORE AFTER: what was added, removed and changed from one .c1z file to another, a line for each record. Ends with
// 1 where something was, as diff does, and with 2 for a wrong command line.
#include <c1z.h>
#include <stdio.h>

#include "check.h"
#include "pb.h"

// A record in a c1z.v1.ComparedRecord { resource_type = 1, resource = 2, entitlement = 3, grant = 4, asset = 5 }, and where
// the message of that kind has its id.
static const struct {
  const char *noun;
  uint32_t id;
} kinds[] = {{"", 0}, {"resource type", 1}, {"resource", 1}, {"entitlement", 2}, {"grant", 3}, {"asset", 1}};

static const char *const changes[] = {"", "added", "removed", "changed"};

// c1z.v1.Difference { kind = 1, change = 2, fields = 3, before = 4, after = 5 }
static void print_difference(c1z_slice difference) {
  uint64_t kind = pb_find(difference, 1).varint, change = pb_find(difference, 2).varint;
  if (kind >= sizeof kinds / sizeof *kinds || change >= sizeof changes / sizeof *changes) return;  // of a newer library
  c1z_slice version = pb_find(difference, change == 2 ? 4 : 5).bytes;
  c1z_slice id = pb_find(pb_find(version, (uint32_t)kind).bytes, kinds[kind].id).bytes;
  if (kind == 2) id = pb_find(id, 2).bytes;  // c1.connector.v2.ResourceId { resource = 2 }
  printf("%s %s %.*s", changes[change], kinds[kind].noun, PB_TEXT(id));
  const char *separator = ": ";
  for (pb_field field; pb_next(&difference, &field);) {
    if (field.number != 3) continue;
    printf("%s%.*s", separator, PB_TEXT(field.bytes));
    separator = ", ";
  }
  printf("\n");
}

// c1z.v1.CompareInput { path = 1 }
static void put_input(pb_message *request, uint32_t number, const char *path) {
  pb_message input = {0};
  pb_put_text(&input, 1, path);
  pb_put_message(request, number, &input);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s BEFORE.c1z AFTER.c1z\n", argv[0]);
    return 2;
  }
  c1z_cursor *cursor = NULL;
  c1z_buffer *page = NULL;
  c1z_error *error = NULL;
  pb_message request = {0};  // c1z.v1.CompareFilesRequest { before = 1, after = 2 }
  put_input(&request, 1, argv[1]);
  put_input(&request, 2, argv[2]);
  CHECK(c1z_compare_files(pb_bytes(&request), NULL, &cursor, &error));
  pb_empty(&request);
  int found = 0;
  for (;;) {
    CHECK(c1z_cursor_next(cursor, &page, &error));
    if (page == NULL) break;
    // c1z.v1.ComparePage { list = 1 }
    c1z_slice rest = c1z_buffer_data(page);
    for (pb_field field; pb_next(&rest, &field);) {
      if (field.number != 1) continue;
      print_difference(field.bytes);
      found = 1;
    }
    c1z_buffer_free(page);
  }
  c1z_cursor_free(cursor);
  return found;
}
