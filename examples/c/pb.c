#include "pb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum wire_type { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

static void append(pb_message *to, const void *data, size_t len) {
  if (len == 0) return;
  if (len > to->capacity - to->len) {
    to->capacity = 2 * (to->len + len);
    to->data = realloc(to->data, to->capacity);
    if (to->data == NULL) {
      fputs("out of memory\n", stderr);
      exit(1);
    }
  }
  memcpy(to->data + to->len, data, len);
  to->len += len;
}

static void append_varint(pb_message *to, uint64_t value) {
  uint8_t bytes[10];
  size_t len = 0;
  do {
    bytes[len++] = (uint8_t)(value < 0x80 ? value : (value | 0x80));
    value >>= 7;
  } while (value > 0);
  append(to, bytes, len);
}

static void append_key(pb_message *to, uint32_t number, enum wire_type type) {
  append_varint(to, (uint64_t)number << 3 | type);
}

void pb_put_bytes(pb_message *to, uint32_t number, c1z_slice value) {
  append_key(to, number, BYTES);
  append_varint(to, value.len);
  append(to, value.data, value.len);
}

void pb_put_varint(pb_message *to, uint32_t number, uint64_t value) {
  append_key(to, number, VARINT);
  append_varint(to, value);
}

static c1z_slice text_bytes(const char *text) { return (c1z_slice){(const uint8_t *)text, strlen(text)}; }

void pb_put_text(pb_message *to, uint32_t number, const char *text) { pb_put_bytes(to, number, text_bytes(text)); }

void pb_put_message(pb_message *to, uint32_t number, pb_message *field) {
  pb_put_bytes(to, number, pb_bytes(field));
  pb_empty(field);
}

c1z_slice pb_bytes(const pb_message *message) { return (c1z_slice){message->data, message->len}; }

void pb_empty(pb_message *message) {
  free(message->data);
  *message = (pb_message){0};
}

static bool take(c1z_slice *from, uint64_t len, c1z_slice *taken) {
  if (len > from->len) return false;
  *taken = (c1z_slice){from->data, (size_t)len};
  *from = (c1z_slice){from->data + len, from->len - (size_t)len};
  return true;
}

static bool take_varint(c1z_slice *from, uint64_t *value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    c1z_slice byte;
    if (!take(from, 1, &byte)) return false;
    *value |= (uint64_t)(byte.data[0] & 0x7f) << shift;
    if (byte.data[0] < 0x80) return true;
  }
  return false;
}

bool pb_next(c1z_slice *message, pb_field *field) {
  if (message->len == 0) return false;
  c1z_slice rest = *message, skipped;
  uint64_t key, len;
  *field = (pb_field){0};
  if (!take_varint(&rest, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX >> 3) return false;
  field->number = (uint32_t)(key >> 3);
  bool whole = false;
  switch (key & 7) {
    case VARINT: whole = take_varint(&rest, &field->varint); break;
    case BYTES: whole = take_varint(&rest, &len) && take(&rest, len, &field->bytes); break;
    case FIXED64: whole = take(&rest, 8, &skipped); break;
    case FIXED32: whole = take(&rest, 4, &skipped); break;
  }
  if (whole) *message = rest;
  return whole;
}

pb_field pb_find(c1z_slice message, uint32_t number) {
  pb_field field, found = {0};
  while (pb_next(&message, &field)) {
    if (field.number == number) found = field;
  }
  return found;
}

bool pb_same(c1z_slice a, c1z_slice b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool pb_equals(c1z_slice bytes, const char *text) { return pb_same(bytes, text_bytes(text)); }
