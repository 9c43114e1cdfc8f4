// What a small program does when a call fails: it says which one and why, and ends.
#ifndef CHECK_H
#define CHECK_H

#include <c1z.h>

// CHECK(c1z_open(request, NULL, &store, &error)): every call that is checked has `&error` of such a variable.
#define CHECK(call) check(#call, (call), &error)

void check(const char *call, c1z_code code, c1z_error **error);

#endif
