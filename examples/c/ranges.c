// ranges FILE: how much a .c1z file shows that this program reads for the library, as it might from object storage.
#include <c1z.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "pb.h"

// What the functions of the source are given.
typedef struct {
  int descriptor;
  unsigned reads;  // of one thread: the store is opened with one
  unsigned releases;
} file;

static c1z_code read_at(void *userdata, uint64_t offset, uint8_t *data, size_t len, size_t *read, char *reason,
                        size_t capacity) {
  file *from = userdata;
  from->reads++;
  ssize_t got = pread(from->descriptor, data, len, (off_t)offset);
  if (got < 0) {
    snprintf(reason, capacity, "%s", strerror(errno));
    return C1Z_UNAVAILABLE;
  }
  *read = (size_t)got;
  return C1Z_OK;
}

static void release(void *userdata) {
  file *from = userdata;
  from->releases++;
  close(from->descriptor);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s FILE.c1z\n", argv[0]);
    return 2;
  }
  struct stat status;
  file from = {.descriptor = open(argv[1], O_RDONLY)};
  if (from.descriptor < 0 || fstat(from.descriptor, &status) != 0) {
    fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
    return 1;
  }
  c1z_source source = {.size = (uint64_t)status.st_size, .read_at = read_at, .release = release, .userdata = &from};
  c1z_host host = {.struct_size = sizeof host, .source = &source};

  c1z_store *store = NULL;
  c1z_buffer *page = NULL;
  c1z_error *error = NULL;
  pb_message request = {0};  // c1z.v1.OpenRequest { path = 1, read_only = 2, threads = 5 }
  pb_put_text(&request, 1, argv[1]);
  pb_put_varint(&request, 2, true);
  pb_put_varint(&request, 5, 1);
  CHECK(c1z_open_with(pb_bytes(&request), &host, NULL, &store, &error));
  pb_empty(&request);
  CHECK(c1z_list_grants(store, (c1z_slice){0}, &page, &error));
  unsigned grants = 0;
  c1z_slice rest = c1z_buffer_data(page);
  for (pb_field field; pb_next(&rest, &field);) grants += field.number == 1;  // GrantsServiceListGrantsResponse { list = 1 }
  c1z_buffer_free(page);
  CHECK(c1z_close(store, (c1z_slice){0}, NULL, NULL, &error));
  c1z_store_free(store);
  printf("grants: %u, reads: %u, releases: %u\n", grants, from.reads, from.releases);
  return 0;
}
