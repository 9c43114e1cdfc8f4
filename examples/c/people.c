#include "people.h"

#include <stdio.h>

// Numbers of fields in messages of c1.connector.v2.
enum { LIST = 1, NEXT_PAGE_TOKEN = 2 };
enum { TYPE_ID = 1, TYPE_DISPLAY_NAME = 2 };
enum { ID_TYPE = 1, ID_RESOURCE = 2 };
enum { RESOURCE_ID = 1, RESOURCE_DISPLAY_NAME = 3 };
enum { ENTITLEMENT_RESOURCE = 1, ENTITLEMENT_ID = 2, ENTITLEMENT_DISPLAY_NAME = 3, ENTITLEMENT_SLUG = 8 };
enum { GRANT_ENTITLEMENT = 1, GRANT_PRINCIPAL = 2, GRANT_ID = 3, GRANT_SOURCES = 5 };
enum { SOURCES_MAP = 1, KEY = 1, VALUE = 2, SOURCE_IS_DIRECT = 1 };

static void put_resource_type(pb_message *list, const char *id, const char *display_name) {
  pb_message type = {0};
  pb_put_text(&type, TYPE_ID, id);
  pb_put_text(&type, TYPE_DISPLAY_NAME, display_name);
  pb_put_message(list, LIST, &type);
}

static pb_message resource(const char *type, const char *id, const char *display_name) {
  pb_message resource_id = {0}, resource = {0};
  pb_put_text(&resource_id, ID_TYPE, type);
  pb_put_text(&resource_id, ID_RESOURCE, id);
  pb_put_message(&resource, RESOURCE_ID, &resource_id);
  pb_put_text(&resource, RESOURCE_DISPLAY_NAME, display_name);
  return resource;
}

static void put_resource(pb_message *list, const char *type, const char *id, const char *display_name) {
  pb_message one = resource(type, id, display_name);
  pb_put_message(list, LIST, &one);
}

// What one can hold here: to be in the group sudo, and to be an administrator.
typedef struct entitlement {
  const char *type, *resource, *id, *slug, *display_name;
} entitlement;
static const entitlement member = {"group", "sudo", "group:sudo:member", "member", "Member of sudo"};
static const entitlement assigned = {"role", "administrator", "role:administrator:assigned", "assigned", "Administrator"};

static pb_message entitlement_message(entitlement of) {
  pb_message on = resource(of.type, of.resource, of.display_name), message = {0};
  pb_put_message(&message, ENTITLEMENT_RESOURCE, &on);
  pb_put_text(&message, ENTITLEMENT_ID, of.id);
  pb_put_text(&message, ENTITLEMENT_DISPLAY_NAME, of.display_name);
  pb_put_text(&message, ENTITLEMENT_SLUG, of.slug);
  return message;
}

static void put_entitlement(pb_message *list, entitlement of) {
  pb_message message = entitlement_message(of);
  pb_put_message(list, LIST, &message);
}

// `through` names the entitlement that the grant was derived from, NULL if the user holds it directly.
static void put_grant(pb_message *list, entitlement of, const char *user, const char *through) {
  pb_message held = entitlement_message(of), principal = resource("user", user, user), grant = {0};
  char id[128];
  snprintf(id, sizeof id, "%s:user:%s", of.id, user);
  pb_put_message(&grant, GRANT_ENTITLEMENT, &held);
  pb_put_message(&grant, GRANT_PRINCIPAL, &principal);
  pb_put_text(&grant, GRANT_ID, id);
  if (through != NULL) {
    pb_message source = {0}, entry = {0}, sources = {0};
    pb_put_varint(&source, SOURCE_IS_DIRECT, true);
    pb_put_text(&entry, KEY, through);
    pb_put_message(&entry, VALUE, &source);
    pb_put_message(&sources, SOURCES_MAP, &entry);
    pb_put_message(&grant, GRANT_SOURCES, &sources);
  }
  pb_put_message(list, LIST, &grant);
}

static pb_message resource_types(void) {
  pb_message list = {0};
  put_resource_type(&list, "user", "User");
  put_resource_type(&list, "group", "Group");
  put_resource_type(&list, "role", "Role");
  return list;
}

static pb_message resources(void) {
  pb_message list = {0};
  put_resource(&list, "user", "root", "Superuser");
  put_resource(&list, "user", "alice", "Alice");
  put_resource(&list, "user", "bob", "Bob");
  put_resource(&list, "group", member.resource, "sudo");
  put_resource(&list, "role", assigned.resource, "Administrator");
  return list;
}

static pb_message entitlements(void) {
  pb_message list = {0};
  put_entitlement(&list, member);
  put_entitlement(&list, assigned);
  return list;
}

static pb_message grants(void) {
  pb_message list = {0};
  put_grant(&list, member, "alice", NULL);
  put_grant(&list, assigned, "alice", member.id);
  put_grant(&list, assigned, "root", NULL);
  return list;
}

static c1z_slice id_of_resource_type(c1z_slice record) { return pb_find(record, TYPE_ID).bytes; }
static c1z_slice id_of_entitlement(c1z_slice record) { return pb_find(record, ENTITLEMENT_ID).bytes; }
static c1z_slice id_of_grant(c1z_slice record) { return pb_find(record, GRANT_ID).bytes; }
static c1z_slice id_of_resource(c1z_slice record) {
  return pb_find(pb_find(record, RESOURCE_ID).bytes, ID_RESOURCE).bytes;
}

const people_kind people[PEOPLE_KINDS] = {
    {"resource types", resource_types, id_of_resource_type, 2, 3},
    {"resources", resources, id_of_resource, 3, 4},
    {"entitlements", entitlements, id_of_entitlement, 2, 3},
    {"grants", grants, id_of_grant, 2, 3},
};

pb_message people_page_request(const people_kind *kind, uint32_t size, c1z_slice token) {
  pb_message request = {0};
  pb_put_varint(&request, kind->page_size, size);
  if (token.len > 0) pb_put_bytes(&request, kind->page_token, token);
  return request;
}

c1z_slice people_print(const people_kind *kind, c1z_slice page) {
  c1z_slice rest = page;
  printf("%s:", kind->noun);
  for (pb_field field; pb_next(&rest, &field);) {
    if (field.number == LIST) printf(" %.*s", PB_TEXT(kind->id(field.bytes)));
  }
  printf("\n");
  return pb_find(page, NEXT_PAGE_TOKEN).bytes;
}
