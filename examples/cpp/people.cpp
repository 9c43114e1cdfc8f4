// people FILE: writes who is a member of which group, saves, and lists it as any reader of the file would.
#include <iostream>

#include "c1/connector/v2/entitlement.pb.h"
#include "c1/connector/v2/grant.pb.h"
#include "c1/connector/v2/resource.pb.h"
#include "c1z.hpp"
#include "c1z/v1/records.pb.h"
#include "c1z/v1/store.pb.h"
#include "c1z/v1/syncs.pb.h"

using namespace c1::connector::v2;
using namespace ::c1z::v1;

static Resource resource(const std::string &type, const std::string &id, const std::string &name) {
  Resource resource;
  resource.mutable_id()->set_resource_type(type);
  resource.mutable_id()->set_resource(id);
  resource.set_display_name(name);
  return resource;
}

static void write(const std::string &path) {
  OpenRequest open;
  open.set_path(path);
  c1z::Store store(open);

  StartSyncRequest start;
  start.set_sync_type("full");
  store.ask<BoundSyncResponse>(c1z_start_sync, start);

  PutResourceTypesRequest types;
  for (const char *id : {"user", "group"}) types.add_list()->set_id(id);
  store.tell(c1z_put_resource_types, types);

  const Resource group = resource("group", "admins", "Administrators");
  PutResourcesRequest resources;
  *resources.add_list() = group;
  Entitlement member;
  member.set_id("group:admins:member");
  member.set_slug("member");
  *member.mutable_resource() = group;
  PutEntitlementsRequest entitlements;
  *entitlements.add_list() = member;
  PutGrantsRequest grants;
  for (const char *name : {"alice", "bob"}) {
    const Resource user = resource("user", name, name);
    *resources.add_list() = user;
    Grant &grant = *grants.add_list();
    grant.set_id(member.id() + ":user:" + name);
    *grant.mutable_entitlement() = member;
    *grant.mutable_principal() = user;
  }
  store.tell(c1z_put_resources, resources);
  store.tell(c1z_put_entitlements, entitlements);
  store.tell(c1z_put_grants, grants);
  store.tell(c1z_end_sync, EndSyncRequest());
  store.tell(c1z_close, CloseRequest());
}

static void list(const std::string &path) {
  OpenRequest open;
  open.set_path(path);
  open.set_read_only(true);
  const c1z::Store store(open);
  GrantsServiceListGrantsRequest request;
  do {
    const auto page = store.ask<GrantsServiceListGrantsResponse>(c1z_list_grants, request);
    for (const Grant &grant : page.list())
      std::cout << grant.principal().id().resource() << " has " << grant.entitlement().id() << '\n';
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
}

int main(int argc, char **argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " FILE.c1z\n";
    return 2;
  }
  try {
    write(argv[1]);
    list(argv[1]);
  } catch (const std::exception &error) {
    std::cerr << argv[0] << ": " << error.what() << '\n';
    return 1;
  }
  return 0;
}
