// merge OUTPUT BASE PARTIAL...: merges .c1z files into a new one, each newer than those before it, and tells what became
// of their records.
#include <c1z.h>
#include <stdio.h>

#include "check.h"
#include "pb.h"

// Of each kind, the c1z.v1.MergeCounts { output = 1, added = 2, replaced = 3, carried = 4 } of a c1z.v1.MergeResponse.
static void print_counts(c1z_slice merged) {
  static const struct {
    const char *noun;
    uint32_t number;
  } counts[] = {{"resource types", 3}, {"resources", 4}, {"entitlements", 5}, {"grants", 6}, {"assets", 7}};

  printf("a %.*s sync:\n", PB_TEXT(pb_find(merged, 2).bytes));  // sync_type = 2
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    c1z_slice of = pb_find(merged, counts[i].number).bytes;
    printf("%-16s%8llu: %llu added, %llu replaced, %llu carried\n", counts[i].noun,
           (unsigned long long)pb_find(of, 1).varint, (unsigned long long)pb_find(of, 2).varint,
           (unsigned long long)pb_find(of, 3).varint, (unsigned long long)pb_find(of, 4).varint);
  }
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: %s OUTPUT.c1z BASE.c1z PARTIAL.c1z...\n", argv[0]);
    return 2;
  }
  c1z_buffer *merged = NULL;
  c1z_error *error = NULL;
  pb_message request = {0};  // c1z.v1.MergeFilesRequest { inputs = 1, output_path = 2 }
  for (int i = 2; i < argc; i++) {
    pb_message input = {0};  // c1z.v1.MergeInput { path = 1 }
    pb_put_text(&input, 1, argv[i]);
    pb_put_message(&request, 1, &input);
  }
  pb_put_text(&request, 2, argv[1]);
  CHECK(c1z_merge_files(pb_bytes(&request), NULL, &merged, &error));
  pb_empty(&request);
  print_counts(c1z_buffer_data(merged));
  c1z_buffer_free(merged);
  return 0;
}
