// A handful of made-up records, as requests to put them and as lines to print them.
#ifndef PEOPLE_H
#define PEOPLE_H

#include "pb.h"

// One kind of records.
typedef struct people_kind {
  const char *noun;
  // The records as a request to put them; the caller empties it.
  pb_message (*records)(void);
  // What tells one record of a list response from the others.
  c1z_slice (*id)(c1z_slice record);
  // Numbers of fields of the request that lists them.
  uint32_t page_size, page_token;
} people_kind;

enum { PEOPLE_KINDS = 4 };
// Resource types, resources, entitlements and grants, in that order.
extern const people_kind people[PEOPLE_KINDS];

// A request for a list of at most `size` records; `token` is the next_page_token of the page before, {0} for the first.
pb_message people_page_request(const people_kind *kind, uint32_t size, c1z_slice token);
// Prints what is in a list response, and returns its next_page_token.
c1z_slice people_print(const people_kind *kind, c1z_slice page);

#endif
