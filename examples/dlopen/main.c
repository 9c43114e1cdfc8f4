// dlopen FILE: what ../c/main.c does, in a program that is not linked with the library but finds it when it runs.
//
// Nothing but c1z_get_api is looked up by name; everything else is called through the table that it gives out.
#include <c1z.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pb.h"
#include "people.h"

enum { PAGE_SIZE = 2, RELOADS = 20 };

// The function table of the loaded library.
static const c1z_api *api;

// Every call that is checked has `&error` of such a variable.
#define CHECK(call) check(#call, (call), &error)

static void check(const char *call, c1z_code code, c1z_error **error) {
  if (code == C1Z_OK) return;
  fprintf(stderr, "%s\n%s (code %d): %s\n", call, api->error_reason(*error), (int)code, api->error_message(*error));
  api->error_free(*error);
  exit(1);
}

static void fail(const char *message) {
  fprintf(stderr, "%s\n", message);
  exit(1);
}

// Loads the library and sets `api`. The result is for dlclose.
static void *load(void) {
  void *library = dlopen("libc1z.so", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) fail(dlerror());
  void *symbol = dlsym(library, "c1z_get_api");
  if (symbol == NULL) fail(dlerror());
  const c1z_api *(*get_api)(uint32_t version);
  memcpy(&get_api, &symbol, sizeof get_api);  // ISO C has no cast from an object pointer to a function pointer
  if (get_api(C1Z_API_VERSION + 1) != NULL) fail("the library gives out a version that it cannot know");
  api = get_api(C1Z_API_VERSION);
  if (api == NULL) fail("the library does not know the version that this program was built for");
  // An older library of the same version has fewer functions.
  if (api->struct_size < sizeof(c1z_api)) fail("the library is older than this program");
  return library;
}

static c1z_store *open_store(const char *path, bool read_only) {
  c1z_store *store = NULL;
  c1z_error *error = NULL;
  pb_message request = {0};  // c1z.v1.OpenRequest { path = 1, read_only = 2 }
  pb_put_text(&request, 1, path);
  pb_put_varint(&request, 2, read_only);
  CHECK(api->open(pb_bytes(&request), NULL, &store, &error));
  pb_empty(&request);
  return store;
}

static void close_store(c1z_store *store) {
  c1z_error *error = NULL;
  CHECK(api->close(store, (c1z_slice){0}, NULL, NULL, &error));
  api->store_free(store);
}

static void write_sync(c1z_store *store) {
  c1z_buffer *started = NULL;
  c1z_error *error = NULL;
  pb_message request = {0};  // c1z.v1.StartSyncRequest { sync_type = 1 }
  pb_put_text(&request, 1, "full");
  CHECK(api->start_sync(store, pb_bytes(&request), &started, &error));
  pb_empty(&request);
  api->buffer_free(started);
  const c1z_call_fn put[PEOPLE_KINDS] = {
      api->put_resource_types, api->put_resources, api->put_entitlements, api->put_grants};
  for (int kind = 0; kind < PEOPLE_KINDS; kind++) {
    pb_message records = people[kind].records();
    CHECK(put[kind](store, pb_bytes(&records), NULL, &error));
    pb_empty(&records);
  }
  CHECK(api->end_sync(store, (c1z_slice){0}, NULL, NULL, &error));
}

static void print_all(const c1z_store *store, int kind) {
  const c1z_call_fn list[PEOPLE_KINDS] = {
      api->list_resource_types, api->list_resources, api->list_entitlements, api->list_grants};
  c1z_buffer *page = NULL;
  c1z_error *error = NULL;
  c1z_slice token = {0};
  do {
    pb_message request = people_page_request(&people[kind], PAGE_SIZE, token);
    api->buffer_free(page);  // the token was part of it
    CHECK(list[kind](store, pb_bytes(&request), &page, &error));
    pb_empty(&request);
    token = people_print(&people[kind], api->buffer_data(page));
  } while (token.len > 0);
  api->buffer_free(page);
}

static void use(const char *path) {
  c1z_store *store = open_store(path, false);
  write_sync(store);
  close_store(store);

  store = open_store(path, true);
  for (int kind = 0; kind < PEOPLE_KINDS; kind++) print_all(store, kind);
  close_store(store);
}

int main(int argc, char **argv) {
  const char *path = argc > 1 ? argv[1] : "dlopen.c1z";
  void *library = load();
  use(path);
  if (dlclose(library) != 0) fail(dlerror());

  for (int reload = 0; reload < RELOADS; reload++) {
    library = load();
    close_store(open_store(path, true));
    if (dlclose(library) != 0) fail(dlerror());
  }
  printf("loaded and closed %d times more\n", RELOADS);
  return 0;
}
