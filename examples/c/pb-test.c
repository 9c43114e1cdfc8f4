// What is written is read back, and no bytes lead the reader out of bounds (built with the address sanitizer).
#include "pb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "pb: %s\n", what);
  exit(1);
}

static void what_is_written_is_read_back(void) {
  pb_message inner = {0}, message = {0};
  pb_put_text(&inner, 1, "text");
  pb_put_varint(&message, 1, UINT64_MAX);
  pb_put_varint(&message, 2, 0);
  pb_put_message(&message, 536870911, &inner);
  expect(inner.len == 0, "a message that was put is empty");
  expect(pb_find(pb_bytes(&message), 1).varint == UINT64_MAX, "the largest varint");
  expect(pb_find(pb_bytes(&message), 2).varint == 0, "the smallest varint");
  expect(pb_equals(pb_find(pb_find(pb_bytes(&message), 536870911).bytes, 1).bytes, "text"), "a nested text");
  expect(pb_find(pb_bytes(&message), 3).bytes.len == 0, "a field that is not there");
  pb_empty(&message);
}

// Each case lies in memory of exactly its size, so that the sanitizer sees a read beyond it.
static void bytes_that_are_no_message_end_the_loop(void) {
  static const struct {
    const char *bytes;
    size_t len;
  } cases[] = {
      {"\x0a", 1},                                          // no length
      {"\x0a\x05text", 6},                                  // a length beyond the end
      {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},  // a length of 2^64 - 1
      {"\x08\x80", 2},                                      // a varint without end
      {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11},  // a varint of more than ten bytes
      {"\x09\x01\x02", 3},                                  // a fixed64 of two bytes
      {"\x0d\x01\x02", 3},                                  // a fixed32 of two bytes
      {"\x0b", 1},                                          // a group
      {"\x00\x00", 2},                                      // field 0
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint8_t *copy = malloc(cases[i].len);
    if (copy == NULL) exit(1);
    memcpy(copy, cases[i].bytes, cases[i].len);
    c1z_slice message = {copy, cases[i].len};
    pb_field field;
    expect(!pb_next(&message, &field), "bytes that are no message gave a field");
    expect(message.len == cases[i].len, "bytes that are no message were taken off");
    free(copy);
  }
}

int main(void) {
  what_is_written_is_read_back();
  bytes_that_are_no_message_end_the_loop();
  return 0;
}
