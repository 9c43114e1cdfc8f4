// streams-test FILE: Arrow streams of a file whose stream, batch, schema and store end in every order; streams that several
// threads read in turn, and that are abandoned half-way. Built with the address sanitizer, which sees what is used behind its
// end, ended twice, or never.
#include <c1z.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "pb.h"

static void expect(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "streams-test: not so: %s\n", what);
  exit(1);
}
#define EXPECT(condition) expect((condition), #condition)

static c1z_store *open_file(const char *path) {
  c1z_store *store = NULL;
  c1z_error *error = NULL;
  pb_message request = {0};  // c1z.v1.OpenRequest { path = 1, read_only = 2 }
  pb_put_text(&request, 1, path);
  pb_put_varint(&request, 2, true);
  CHECK(c1z_open(pb_bytes(&request), NULL, &store, &error));
  pb_empty(&request);
  return store;
}

static struct ArrowArrayStream stream_of(c1z_store *store) {
  struct ArrowArrayStream stream;
  c1z_error *error = NULL;
  pb_message request = {0};  // c1z.v1.ExportRequest { table = 1, batch_rows = 11 }; TABLE_GRANTS is 5.
  pb_put_varint(&request, 1, 5);
  pb_put_varint(&request, 11, 1);
  CHECK(c1z_export_arrow(store, pb_bytes(&request), NULL, &stream, &error));
  pb_empty(&request);
  return stream;
}

static void close_store(c1z_store *store) {
  c1z_error *error = NULL;
  CHECK(c1z_close(store, (c1z_slice){0}, NULL, NULL, &error));
}

// The sum of `len` bytes: that they can be read is what is asked for.
static uint64_t sum(const void *bytes, int64_t len) {
  uint64_t total = 0;
  for (int64_t i = 0; i < len; i++) total += ((const uint8_t *)bytes)[i];
  return total;
}

// Reads every byte of an array of this type.
static uint64_t touch(const struct ArrowSchema *schema, const struct ArrowArray *array) {
  int64_t rows = array->offset + array->length;
  uint64_t total = array->buffers[0] != NULL ? sum(array->buffers[0], (rows + 7) / 8) : 0;
  const char *format = schema->format;
  if (strcmp(format, "u") == 0) {
    total += sum(array->buffers[2], ((const int32_t *)array->buffers[1])[rows]);
  } else if (strcmp(format, "b") == 0) {
    total += sum(array->buffers[1], (rows + 7) / 8);
  } else if (strncmp(format, "tsu:", 4) == 0) {
    total += sum(array->buffers[1], rows * 8);
  } else if (strcmp(format, "+l") == 0) {
    total += sum(array->buffers[1], (rows + 1) * 4);
  } else {
    EXPECT(strcmp(format, "+s") == 0);
  }
  for (int64_t i = 0; i < schema->n_children; i++) total += touch(schema->children[i], array->children[i]);
  return total;
}

enum part { SCHEMA, BATCH, STREAM, CLOSE, FREE, PARTS };

struct scene {
  c1z_store *store;
  struct ArrowArrayStream stream;
  struct ArrowSchema schema, own_schema;
  struct ArrowArray batch;
};

static void end(struct scene *scene, enum part part) {
  switch (part) {
    case SCHEMA:
      scene->schema.release(&scene->schema);
      break;
    case BATCH:
      EXPECT(touch(&scene->own_schema, &scene->batch) > 0);
      scene->batch.release(&scene->batch);
      break;
    case STREAM:
      scene->stream.release(&scene->stream);
      break;
    case CLOSE:
      close_store(scene->store);
      break;
    default:
      c1z_store_free(scene->store);
  }
}

// Ends the parts in this order. Behind the end of the store a stream that is still there fails, says why, and shows its schema.
static void end_in_order(const char *path, const enum part order[PARTS]) {
  struct scene scene = {.store = open_file(path)};
  scene.stream = stream_of(scene.store);
  EXPECT(scene.stream.get_schema(&scene.stream, &scene.schema) == 0);
  EXPECT(scene.stream.get_schema(&scene.stream, &scene.own_schema) == 0);
  EXPECT(scene.stream.get_next(&scene.stream, &scene.batch) == 0 && scene.batch.release != NULL);
  for (int i = 0; i < PARTS; i++) {
    end(&scene, order[i]);
    if ((order[i] == CLOSE || order[i] == FREE) && scene.stream.release != NULL) {
      struct ArrowArray none;
      struct ArrowSchema again;
      EXPECT(scene.stream.get_next(&scene.stream, &none) != 0);
      EXPECT(strlen(scene.stream.get_last_error(&scene.stream)) > 0);
      EXPECT(scene.stream.get_schema(&scene.stream, &again) == 0);
      again.release(&again);
    }
  }
  EXPECT(scene.batch.release == NULL && scene.stream.release == NULL && scene.schema.release == NULL);
  scene.own_schema.release(&scene.own_schema);
}

// Every order of the parts but those that use a store behind its end. Freeing a store that is not closed gives it up.
static int end_in_orders(const char *path, enum part order[PARTS], int from) {
  if (from == PARTS) {
    for (int i = 0; i < PARTS && order[i] != CLOSE; i++) {
      if (order[i] == FREE) return 0;
    }
    end_in_order(path, order);
    return 1;
  }
  int orders = 0;
  for (int i = from; i < PARTS; i++) {
    enum part first = order[from];
    order[from] = order[i];
    order[i] = first;
    orders += end_in_orders(path, order, from + 1);
    order[i] = order[from];
    order[from] = first;
  }
  return orders;
}

// A store is given up under a stream that was never read, and one that was read in part.
static void give_up(const char *path) {
  for (int batches = 0; batches < 2; batches++) {
    c1z_store *store = open_file(path);
    struct ArrowArrayStream stream = stream_of(store);
    struct ArrowArray batch = {0};
    if (batches > 0) EXPECT(stream.get_next(&stream, &batch) == 0);
    c1z_store_free(store);
    if (batch.release != NULL) batch.release(&batch);
    stream.release(&stream);
  }
}

// A column that was moved out of its batch outlives it.
static void move_columns(const char *path) {
  c1z_store *store = open_file(path);
  struct ArrowArrayStream stream = stream_of(store);
  struct ArrowSchema schema;
  struct ArrowArray batch;
  EXPECT(stream.get_schema(&stream, &schema) == 0 && stream.get_next(&stream, &batch) == 0);
  struct ArrowArray column = *batch.children[0];
  batch.children[0]->release = NULL;
  batch.release(&batch);
  stream.release(&stream);
  close_store(store);
  c1z_store_free(store);
  EXPECT(touch(schema.children[0], &column) > 0);
  column.release(&column);
  schema.release(&schema);
}

// What threads that read one stream in turn share.
struct shared {
  pthread_mutex_t turn;
  struct ArrowArrayStream stream;
  const struct ArrowSchema *schema;
  int batches, most;
};

// Takes a batch at a time, and ends it while others take theirs, until the stream ends or there are as many as wanted.
static void *read_in_turn(void *argument) {
  struct shared *shared = argument;
  for (;;) {
    struct ArrowArray batch = {0};
    pthread_mutex_lock(&shared->turn);
    if (shared->batches < shared->most) {
      EXPECT(shared->stream.get_next(&shared->stream, &batch) == 0);
      if (batch.release != NULL) shared->batches++;
    }
    pthread_mutex_unlock(&shared->turn);
    if (batch.release == NULL) return NULL;
    EXPECT(touch(shared->schema, &batch) > 0);
    batch.release(&batch);
  }
}

// Reads at most so many batches of a stream by four threads, and returns how many there were.
static int read_by_threads(const char *path, int most) {
  pthread_t threads[4];
  c1z_store *store = open_file(path);
  struct ArrowSchema schema;
  struct shared shared = {.turn = PTHREAD_MUTEX_INITIALIZER, .stream = stream_of(store), .schema = &schema, .most = most};
  EXPECT(shared.stream.get_schema(&shared.stream, &schema) == 0);
  for (int i = 0; i < 4; i++) EXPECT(pthread_create(&threads[i], NULL, read_in_turn, &shared) == 0);
  for (int i = 0; i < 4; i++) EXPECT(pthread_join(threads[i], NULL) == 0);
  shared.stream.release(&shared.stream);
  schema.release(&schema);
  close_store(store);
  c1z_store_free(store);
  return shared.batches;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s FILE.c1z\n", argv[0]);
    return 2;
  }
  enum part order[PARTS] = {SCHEMA, BATCH, STREAM, CLOSE, FREE};
  int orders = end_in_orders(argv[1], order, 0);
  EXPECT(orders == 60);
  give_up(argv[1]);
  move_columns(argv[1]);
  int batches = read_by_threads(argv[1], 1 << 30);
  EXPECT(batches > 2 && read_by_threads(argv[1], batches / 2) == batches / 2);
  return 0;
}
