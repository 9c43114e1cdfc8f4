#include "check.h"

#include <stdio.h>
#include <stdlib.h>

void check(const char *call, c1z_code code, c1z_error **error) {
  if (code == C1Z_OK) return;
  fprintf(stderr, "%s\n%s (code %d): %s\n", call, c1z_error_reason(*error), (int)code, c1z_error_message(*error));
  c1z_error_free(*error);
  exit(1);
}
