// first FILE: writes a handful of records into a new .c1z file, closes it, opens it again and pages through them.
#include <c1z.h>
#include <stdio.h>

#include "check.h"
#include "pb.h"
#include "people.h"

enum { PAGE_SIZE = 2 };

// The calls for each kind of `people`.
static const c1z_call_fn put[PEOPLE_KINDS] = {
    c1z_put_resource_types, c1z_put_resources, c1z_put_entitlements, c1z_put_grants};
static const c1z_call_fn list[PEOPLE_KINDS] = {
    c1z_list_resource_types, c1z_list_resources, c1z_list_entitlements, c1z_list_grants};

static c1z_store *open_store(const char *path, bool read_only) {
  c1z_store *store = NULL;
  c1z_error *error = NULL;
  pb_message request = {0};  // c1z.v1.OpenRequest { path = 1, read_only = 2 }
  pb_put_text(&request, 1, path);
  pb_put_varint(&request, 2, read_only);
  CHECK(c1z_open(pb_bytes(&request), NULL, &store, &error));
  pb_empty(&request);
  return store;
}

static void close_store(c1z_store *store) {
  c1z_error *error = NULL;
  CHECK(c1z_close(store, (c1z_slice){0}, NULL, NULL, &error));
  c1z_store_free(store);
}

static void write_sync(c1z_store *store) {
  c1z_buffer *started = NULL;
  c1z_error *error = NULL;
  pb_message request = {0};  // c1z.v1.StartSyncRequest { sync_type = 1 }
  pb_put_text(&request, 1, "full");
  CHECK(c1z_start_sync(store, pb_bytes(&request), &started, &error));
  pb_empty(&request);
  c1z_buffer_free(started);
  for (int kind = 0; kind < PEOPLE_KINDS; kind++) {
    pb_message records = people[kind].records();
    CHECK(put[kind](store, pb_bytes(&records), NULL, &error));
    pb_empty(&records);
  }
  CHECK(c1z_end_sync(store, (c1z_slice){0}, NULL, NULL, &error));
}

static void print_all(const c1z_store *store, int kind) {
  c1z_buffer *page = NULL;
  c1z_error *error = NULL;
  c1z_slice token = {0};
  do {
    pb_message request = people_page_request(&people[kind], PAGE_SIZE, token);
    c1z_buffer_free(page);  // the token was part of it
    CHECK(list[kind](store, pb_bytes(&request), &page, &error));
    pb_empty(&request);
    token = people_print(&people[kind], c1z_buffer_data(page));
  } while (token.len > 0);
  c1z_buffer_free(page);
}

int main(int argc, char **argv) {
  const char *path = argc > 1 ? argv[1] : "first.c1z";
  c1z_store *store = open_store(path, false);
  write_sync(store);
  close_store(store);

  store = open_store(path, true);
  for (int kind = 0; kind < PEOPLE_KINDS; kind++) print_all(store, kind);
  close_store(store);
  return 0;
}
