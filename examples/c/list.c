// list FILE: how many records a .c1z file shows, and who holds the role `administrator` through what.
#include <c1z.h>
#include <stdio.h>

#include "check.h"
#include "pb.h"

static c1z_store *open_read_only(const char *path) {
  c1z_store *store = NULL;
  c1z_error *error = NULL;
  pb_message request = {0};  // c1z.v1.OpenRequest { path = 1, read_only = 2 }
  pb_put_text(&request, 1, path);
  pb_put_varint(&request, 2, true);
  CHECK(c1z_open(pb_bytes(&request), NULL, &store, &error));
  pb_empty(&request);
  return store;
}

// The counts of the sync that the file shows: the one that is bound when it is opened.
static void print_counts(const c1z_store *store) {
  static const struct {
    const char *noun;
    uint32_t number;  // in c1.reader.v2.SyncStats
  } counts[] = {{"resource types", 1}, {"resources", 2}, {"entitlements", 3}, {"grants", 4}, {"assets", 8}};

  c1z_buffer *current = NULL, *found = NULL;
  c1z_error *error = NULL;
  CHECK(c1z_get_current_sync(store, (c1z_slice){0}, &current, &error));
  // c1z.v1.GetCurrentSyncResponse { sync_id = 1 }, c1z.v1.GetStatsRequest { sync_id = 2 }
  pb_message request = {0};
  pb_put_bytes(&request, 2, pb_find(c1z_buffer_data(current), 1).bytes);
  CHECK(c1z_get_stats(store, pb_bytes(&request), &found, &error));
  pb_empty(&request);
  // c1z.v1.GetStatsResponse { stats = 1 }
  c1z_slice stats = pb_find(c1z_buffer_data(found), 1).bytes;
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    printf("%-16s%8llu\n", counts[i].noun, (unsigned long long)pb_find(stats, counts[i].number).varint);
  }
  c1z_buffer_free(found);
  c1z_buffer_free(current);
}

// One line for a c1.connector.v2.Grant, unless its principal is a group or a role, which hands it on to users.
static void print_holder(c1z_slice grant) {
  c1z_slice entitlement_id = pb_find(pb_find(grant, 1).bytes, 2).bytes;    // entitlement = 1 { id = 2 }
  c1z_slice principal = pb_find(pb_find(grant, 2).bytes, 1).bytes;         // principal = 2 { id = 1 }
  if (!pb_equals(pb_find(principal, 1).bytes, "user")) return;             // ResourceId { resource_type = 1 }
  printf("%-16.*s", PB_TEXT(pb_find(principal, 2).bytes));                 // ResourceId { resource = 2 }

  // sources = 5 { map<string, GrantSource> sources = 1 }; without any, or with its own entitlement, it is held directly.
  c1z_slice sources = pb_find(grant, 5).bytes;
  const char *separator = "";
  if (sources.len == 0) printf("directly");
  for (pb_field entry; pb_next(&sources, &entry); separator = ", ") {
    c1z_slice source = pb_find(entry.bytes, 1).bytes;
    if (pb_same(source, entitlement_id)) {
      printf("%sdirectly", separator);
    } else {
      printf("%svia %.*s", separator, PB_TEXT(source));
    }
  }
  printf("\n");
}

// Grants on the resource: c1.connector.v2.GrantsServiceListGrantsRequest { resource = 1, page_token = 3 }.
static void print_holders(const c1z_store *store, const char *type, const char *id) {
  c1z_buffer *page = NULL;
  c1z_error *error = NULL;
  c1z_slice token = {0};
  do {
    pb_message resource_id = {0}, resource = {0}, request = {0};
    pb_put_text(&resource_id, 1, type);
    pb_put_text(&resource_id, 2, id);
    pb_put_message(&resource, 1, &resource_id);
    pb_put_message(&request, 1, &resource);
    pb_put_bytes(&request, 3, token);
    c1z_buffer_free(page);  // the token was part of it
    CHECK(c1z_list_grants(store, pb_bytes(&request), &page, &error));
    pb_empty(&request);

    c1z_slice rest = c1z_buffer_data(page);
    for (pb_field field; pb_next(&rest, &field);) {
      if (field.number == 1) print_holder(field.bytes);
    }
    token = pb_find(c1z_buffer_data(page), 2).bytes;
  } while (token.len > 0);
  c1z_buffer_free(page);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s FILE.c1z\n", argv[0]);
    return 2;
  }
  c1z_error *error = NULL;
  c1z_store *store = open_read_only(argv[1]);
  print_counts(store);
  printf("\nadministrators:\n");
  print_holders(store, "role", "administrator");
  CHECK(c1z_close(store, (c1z_slice){0}, NULL, NULL, &error));
  c1z_store_free(store);
  return 0;
}
