// As much of protobuf as a small program needs: messages written field by field, and read field by field.
//
// Rules: https://protobuf.dev/programming-guides/encoding/
#ifndef PB_H
#define PB_H

#include <c1z.h>
#include <stdbool.h>
#include <stdint.h>

// A message that is being written; {0} is the empty one. Running out of memory ends the program.
typedef struct pb_message {
  uint8_t *data;
  size_t len;
  size_t capacity;
} pb_message;

void pb_put_varint(pb_message *to, uint32_t number, uint64_t value);
void pb_put_bytes(pb_message *to, uint32_t number, c1z_slice value);
void pb_put_text(pb_message *to, uint32_t number, const char *text);
// Appends `field` as a field of `to`, and empties it.
void pb_put_message(pb_message *to, uint32_t number, pb_message *field);
// The bytes written so far; valid until the message is written to or emptied.
c1z_slice pb_bytes(const pb_message *message);
void pb_empty(pb_message *message);

// A field that was read. Texts, bytes and messages are in `bytes`, integers, enums and bools in `varint`.
typedef struct pb_field {
  uint32_t number;
  uint64_t varint;
  c1z_slice bytes;
} pb_field;

// Takes the first field off `message`. Returns false at the end, and where the bytes are no message: then some are left.
bool pb_next(c1z_slice *message, pb_field *field);
// The last occurrence of field `number`; {0} if there is none.
pb_field pb_find(c1z_slice message, uint32_t number);

bool pb_same(c1z_slice a, c1z_slice b);
bool pb_equals(c1z_slice bytes, const char *text);
// Both arguments of a printf("%.*s").
#define PB_TEXT(slice) (int)(slice).len, (const char *)(slice).data

#endif
