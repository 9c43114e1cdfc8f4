// libc1z: stores and reads .c1z files, the snapshots of who has access to what.
//
// Generated from the sources of the library by `make header`; do not edit.
//
// HOW A CALL WORKS
//
// Every call takes protobuf bytes and gives protobuf bytes: requests and responses are the messages of the matching
// service call (packages c1.connector.v2 and c1.reader.v2), or of c1z.v1 where no service has one; their .proto
// files are installed (`pkg-config --variable=protodir c1z`). So nearly every function has one signature:
//
//     c1z_code c1z_<verb>_<noun>(const c1z_store *store, c1z_slice request, c1z_buffer **response, c1z_error **error);
//
// It returns a gRPC status code; C1Z_OK is 0. After a call that failed `*response` is NULL, as is any other object that it
// gives but the error; `*error` is written on failure only. `error` may be NULL when the code is enough. `response` may be
// NULL where the description says that it is empty. An empty message is an empty slice: (c1z_slice){0} asks for the
// defaults.
//
// Calls that may take long have one more parameter, `const c1z_control *control`: a flag that stops the call, and a
// function that is told of its progress. NULL means neither. These are opening, saving and closing; ending a sync,
// counting its records anew, cleaning up, cloning, and making the difference of two syncs; merging syncs or files;
// comparing, converting, inspecting and verifying files; importing and exporting; replaying a scope of the source cache,
// and deleting rows of one.
//
// Pointers are NULL or valid: an object came from this library and is not freed, request.data is readable for
// request.len bytes, what a call writes to is writable. A pointer that must not be NULL and is gives
// C1Z_INVALID_ARGUMENT.
//
// WRITING AND READING RECORDS
//
// Puts and deletes go to the bound sync, which c1z_open or the last call that started, resumed or selected a sync has
// bound. Without one they fail with NO_CURRENT_SYNC, after c1z_end_sync with SEALED, on a read-only store with
// READ_ONLY. A put is one atomic step: a record replaces the one with the same identity, and the last of several in a
// request wins. A record that cannot be read fails it with INVALID_ARGUMENT, as do an entitlement that names no
// resource and a grant that lacks a part of its identity. Putting an empty list does nothing.
//
// Reads show the sync that the request names, else the bound one, else the one that ended last, else the newest
// unfinished one of the last week, and fail with NO_CURRENT_SYNC when there is none. Lists come in pages: pass a
// response's next_page_token on until it is empty. A page ends after page_size rows (10,000 by default and at most), or
// earlier when its records have some 8 MiB, and holds one row at least while there are more. A token that came from
// another listing, filter or sync fails with BAD_TOKEN. A list response holds its records in field 1, where the
// matching put request has them, so that its bytes can be put as they are.
//
// A FIRST PROGRAM
//
// Opens a file, or the start of a new one, writes one resource type into a sync, saves, and shows how much there is.
//
//     #include <c1z.h>
//     #include <stdio.h>
//     #include <stdlib.h>
//     #include <string.h>
//
//     // Takes the error's address: its value is read only after the call that may write it.
//     static void check(c1z_code code, c1z_error **error) {
//       if (code == C1Z_OK) return;
//       fprintf(stderr, "%s: %s\n", c1z_error_reason(*error), c1z_error_message(*error));
//       c1z_error_free(*error);
//       exit(1);
//     }
//
//     // A protobuf message of short string fields: field number n is the n-th text, NULL for none.
//     static c1z_slice message(unsigned char *out, int fields, const char **text) {
//       size_t len = 0;
//       for (int n = 0; n < fields; n++) {
//         if (text[n] == NULL) continue;
//         size_t size = strlen(text[n]);  // below 128: one byte of length
//         out[len++] = (unsigned char)((n + 1) << 3 | 2);
//         out[len++] = (unsigned char)size;
//         memcpy(out + len, text[n], size);
//         len += size;
//       }
//       return (c1z_slice){out, len};
//     }
//
//     int main(int argc, char **argv) {
//       unsigned char bytes[256], inner[128];
//       const char *path = argc > 1 ? argv[1] : "first.c1z";
//       c1z_store *store = NULL;
//       c1z_buffer *page = NULL;
//       c1z_error *error = NULL;
//
//       // c1z.v1.OpenRequest { path = 1 }
//       check(c1z_open(message(bytes, 1, &path), NULL, &store, &error), &error);
//       // c1z.v1.StartSyncRequest { sync_type = 1 }
//       check(c1z_start_sync(store, message(bytes, 1, (const char *[]){"full"}), &page, &error), &error);
//       c1z_buffer_free(page);
//       // c1z.v1.PutResourceTypesRequest { list = 1 } of c1.connector.v2.ResourceType { id = 1, display_name = 2 }
//       c1z_slice user = message(inner, 2, (const char *[]){"user", "User"});
//       inner[user.len] = 0;
//       check(c1z_put_resource_types(store, message(bytes, 1, (const char *[]){(char *)inner}), NULL, &error), &error);
//       check(c1z_end_sync(store, (c1z_slice){0}, NULL, NULL, &error), &error);
//       check(c1z_list_resource_types(store, (c1z_slice){0}, &page, &error), &error);
//       printf("%zu bytes of resource types in %s\n", c1z_buffer_data(page).len, path);
//       c1z_buffer_free(page);
//       check(c1z_close(store, (c1z_slice){0}, NULL, NULL, &error), &error);
//       c1z_store_free(store);
//       return 0;
//     }
//
// Build it with `cc first.c $(pkg-config --cflags --libs c1z)`.
//
// WHO OWNS WHAT
//
// | object     | comes from                 | the caller                                                              |
// |------------|----------------------------|-------------------------------------------------------------------------|
// | c1z_store  | c1z_open, c1z_open_with    | c1z_close, which saves; then c1z_store_free                             |
// | c1z_buffer | *response of a call        | c1z_buffer_free; c1z_buffer_data is valid until then                    |
// | c1z_error  | *error of a failed call    | c1z_error_free; its strings are valid until then                        |
// | c1z_cursor | c1z_scan_*, c1z_inspect,   | c1z_cursor_free, before c1z_close of the store if it has one            |
// |            | c1z_compare_*              |                                                                         |
// | struct     | c1z_export_arrow,          | its `release`, before or after c1z_close; the struct itself is the      |
// | Arrow…     | c1z_export_schema          | caller's                                                                |
// | c1z_cancel | c1z_cancel_new             | c1z_cancel_free                                                         |
// | c1z_source | the caller, c1z_open_with  | gives it away: the library calls its release once, whatever happens but |
// |            |                            | a refused struct_size, of which nothing else is read                    |
// | c1z_slice  | the caller, for a request  | keeps the bytes readable until the call returns; the library copies     |
//
// Freeing NULL does nothing. A closed store stays a valid handle until it is freed: calls on it fail with
// C1Z_UNAVAILABLE, closing it again succeeds.
//
// ERRORS
//
// The code says what kind of failure it is, the reason which one, the message what was the matter and with which file,
// field or key. Codes and reasons are stable, messages are for people: one line, in which ids, names and paths are
// escaped and cut.
//
// | reason              | code                     | what to do                                                        |
// |---------------------|--------------------------|-------------------------------------------------------------------|
// | INVALID_ARGUMENT    | C1Z_INVALID_ARGUMENT     | correct the request                                               |
// | BAD_TOKEN           | C1Z_INVALID_ARGUMENT     | the page token is not one of this listing: start again            |
// | NOT_FOUND           | C1Z_NOT_FOUND            | no such record, sync, or file that the request names              |
// | ALREADY_EXISTS      | C1Z_ALREADY_EXISTS       | choose another path                                               |
// | AMBIGUOUS_ID        | C1Z_FAILED_PRECONDITION  | name the resource too                                             |
// | NO_CURRENT_SYNC     | C1Z_FAILED_PRECONDITION  | start, resume or select a sync first                              |
// | SEALED              | C1Z_FAILED_PRECONDITION  | the sync has ended: resume it, or start another                   |
// | READ_ONLY           | C1Z_FAILED_PRECONDITION  | open the file for writing                                         |
// | FAILED_PRECONDITION | C1Z_FAILED_PRECONDITION  | see the message                                                   |
// | NOT_C1Z             | C1Z_FAILED_PRECONDITION  | not a .c1z file, or an empty one                                  |
// | FORMAT_V1           | C1Z_FAILED_PRECONDITION  | a .c1z file of format v1, which holds SQLite                      |
// | ENGINE_MISMATCH     | C1Z_FAILED_PRECONDITION  | a .c1z file of another engine                                     |
// | LAYOUT_MISMATCH     | C1Z_FAILED_PRECONDITION  | a .c1z file of another version of this library                    |
// | PAYLOAD_ENCODING    | C1Z_FAILED_PRECONDITION  | a .c1z file whose payload is framed in an unknown way, or, of a   |
// |                     |                          | source, in one that cannot be read by ranges: open the whole file |
// | NO_DESCRIPTORS      | C1Z_FAILED_PRECONDITION  | a .c1z file that does not describe its records: open it instead   |
// | CORRUPTION          | C1Z_DATA_LOSS            | the file or a record in it is damaged                             |
// | LIMIT_EXCEEDED      | C1Z_RESOURCE_EXHAUSTED   | raise the limit if the file can be trusted; ask for less at once  |
// | OUT_OF_MEMORY       | C1Z_RESOURCE_EXHAUSTED   | memory was refused: as after any other failed call, try again     |
// | IO, ENGINE          | by cause                 | the operating system or the storage engine refused, or something  |
// |                     |                          | else is missing (a swept working folder): see the message         |
// | SOURCE              | by the source            | a read of the host's source failed, or gave too little: the store |
// |                     |                          | is as it was, make the call again if that may help                |
// | SOURCE_CHANGED      | C1Z_ABORTED              | the host's source is another file by now: close, and open it anew |
// | ARTIFACT_UNUSABLE   | by cause                 | not saved; the previous file is untouched: close again            |
// | CONFLICT            | C1Z_ABORTED              | not saved: somebody else has saved the file meanwhile. Close with |
// |                     |                          | `discard` and start again, or with `overwrite`                    |
// | CANCELLED           | C1Z_CANCELLED            | -                                                                 |
// | CLOSED              | C1Z_UNAVAILABLE          | -                                                                 |
// | UNIMPLEMENTED       | C1Z_UNIMPLEMENTED        | the library was built without what the call needs                 |
// | FORKED              | C1Z_FAILED_PRECONDITION  | the process was forked from one that had used the library, below  |
// | POISONED, INTERNAL  | C1Z_INTERNAL             | a defect of the library: close the store. A poisoned one closes   |
// |                     |                          | without saving, and says ARTIFACT_UNUSABLE if that lost changes   |
//
// FILES THAT STAY WHERE THEY ARE
//
// c1z_open_with opens a file that the host reads for the library by ranges (c1z_source), so that one in object storage need
// not be fetched. Opening reads its start and its end, 320 KiB together, and at most a table or two; a call then reads
// the tables that it needs, each as a whole, which is some megabytes, and with a table those that follow it if the call goes
// from one to the next. What was read is kept in the working folder, up to the request's max_local_bytes.
//
//     struct my_file file = ...;
//     c1z_source source = {.size = file.size, .read_at = my_read_at, .release = my_release, .userdata = &file};
//     c1z_host host = {.struct_size = sizeof host, .source = &source};
//     c1z_open_with(request, &host, NULL, &store, &error);  // c1z.v1.OpenRequest { path = 1, read_only = 2 }
//
// - The file must be one with indexed frames, which is what this library writes by default.
// - The functions are called by any thread, the caller's or one of the library's, also by several at a time, until the source
//   is released. They may not call the library with the store that they read for, nor throw, nor jump out.
// - A read is never made again by the library. One that fails, or gives fewer bytes, fails the call that needs it, with the
//   code that it returned and the reason SOURCE; nothing of the store is lost, and the next call reads again. A call whose
//   time is up ends when the read that it waits for does: return C1Z_CANCELLED or C1Z_DEADLINE_EXCEEDED from it. c1z_close
//   waits for reads that are running.
// - C1Z_ABORTED says that the file is another by now (an HTTP server's 412 to If-Match), as does an identity that differs
//   from what it was when the file was opened: calls fail with SOURCE_CHANGED. What has been read before stays right.
// - Frames are compared with their checksums, and nothing else of the file is trusted more than that of a local file. Wrong
//   bytes of a table fail the calls that need it with CORRUPTION; nothing of them is kept, and the next call reads again.
//
// THREADS
//
// Any thread may call any function on a store at any time: reads run beside each other and beside writes, and writes wait
// for each other. c1z_close waits for the calls that are running, reads among them; calls that are made while it waits or
// saves wait for it. A cursor serves one call at a time. A _free function needs its object for itself. No state belongs to
// a thread: a call may be made on one and its error be looked at on another.
//
// A thread that makes a call needs 256 KiB of stack, whatever the file and the request, and on top of it what its
// progress function takes. The functions of a source have 2 MiB where the library's own threads call them.
//
// FORKING
//
// Once c1z_open, c1z_open_with, c1z_inspect, c1z_verify, c1z_merge_files, c1z_compare_files or c1z_convert_file was called,
// a process that is forked has a copy of the library without its threads. In that process these calls, and every call on a
// store, a cursor or a stream, fail with FORKED; c1z_read_header, c1z_inspect_schema and c1z_export_schema work. Freeing a
// store or a cursor there, or releasing a stream, leaves it, and a store's source, to the parent, whose work nothing
// disturbs. Such a process best ends with _exit or exec. To use the library in several processes, fork before the first of
// those calls, or start programs (exec, posix_spawn, Python's "spawn").
//
// WORKING FOLDERS
//
// A store, an inspection, a verification, a clone and a conversion each have a working folder. A comparison of files has
// two, and a merge of files has one for each input and one for the new file. They lie in the folder c1z-<uid> of the
// request's tmp_dir or of the system's temporary folder. Only their user may look in: folders have mode 0700, files 0600.
// A working folder is removed when the store is closed or freed, the cursor is freed, or the call returns. What a killed
// process leaves is removed by the same user's next such call with the same temporary folder.
//
// THE REST OF THE PROCESS
//
// The library never writes to stdout and installs no signal handler. Three environment variables change what it does:
// TMPDIR is the system's temporary folder, TZ is the zone of the times in files of format v1, which name none, and
// RUST_MIN_STACK is the stack of some of the library's own threads. None of the library's files becomes a standard
// descriptor; one that the host has closed may be opened as /dev/null. dlopen and dlclose may load and close the library
// any number of times; it stays in memory.
//
// A store, an inspection and a verification take memory_budget_bytes each, and some for their threads; a call takes a
// page, and a few times its request. A request that would take more than sixteen times its bytes, because it lists very
// many empty elements, is refused (INVALID_ARGUMENT). A record is read and written in one piece, which takes twice its
// size.
//
// Nothing that a request or a file holds makes the library end the process. When the system refuses memory of the size
// of a request, a record, a page or a response, or the budget and 64 MiB when something is opened, the call fails with
// OUT_OF_MEMORY and does nothing; when it refuses RocksDB's threads as something is opened, with C1Z_RESOURCE_EXHAUSTED
// and the reason IO. The process ends (abort) only when the system refuses what has no way to fail: memory for small
// objects, memory for RocksDB while it reads a record or works in the background, a thread that RocksDB had when it was
// opened and others took meanwhile. So where the memory of a process is limited, leave room for the budgets, for 64 MiB
// with each of them, and for twice the largest record.


#ifndef C1Z_H
#define C1Z_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char *format;
  const char *name;
  const char *metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema **children;
  struct ArrowSchema *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void **buffers;
  struct ArrowArray **children;
  struct ArrowArray *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

#endif  // ARROW_C_DATA_INTERFACE

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

#endif  // ARROW_C_STREAM_INTERFACE


// The version of the table that this library gives out; hosts ask for the version that they were built for.
#define C1Z_API_VERSION 1

// A response: protobuf bytes that the caller owns.
typedef struct c1z_buffer c1z_buffer;

// A flag that stops the calls it was given to. It may be set from any thread and at any time.
typedef struct c1z_cancel c1z_cancel;

// A walk over records. It may be used from any thread, by one at a time.
typedef struct c1z_cursor c1z_cursor;

// Why a call failed. The caller owns it.
typedef struct c1z_error c1z_error;

// An open file, or one that was open: a closed handle stays valid until it is freed.
typedef struct c1z_store c1z_store;

// Bytes that somebody else owns. With `len` 0, `data` may be a null pointer.
typedef struct {
  // The first byte.
  const uint8_t *data;
  // Number of bytes.
  size_t len;
} c1z_slice;

// What a call returns: a status code with the number that gRPC gives it.
typedef int32_t c1z_code;

// Called with what is done, of how much, and the caller's own pointer. The units are those of the call.
typedef void (*c1z_progress_fn)(uint64_t done, uint64_t total, void *userdata);

// How a caller watches and stops a long call. A null pointer to it, or in it, means that the caller does not.
//
// The progress function is called on the thread of the call and must not call into the same store.
typedef struct {
  // Stops the call with `C1Z_CANCELLED` soon after it is set; may be null.
  const c1z_cancel *cancel;
  // Told of progress; may be null.
  c1z_progress_fn progress;
  // Given to `progress` as it is.
  void *userdata;
} c1z_control;

// Says which bytes the last read gave: an ETag, a version, a time of change. Writes at most `capacity` bytes, which are 256,
// and returns how many the identity has; those above 256 do not count.
typedef size_t (*c1z_identity_fn)(void *userdata, uint8_t *identity, size_t capacity);

// Fills `data` with the `len` bytes from `offset` on, says in `*read` how many came, and returns `C1Z_OK`. On failure it
// returns another code, and may write a text for people to `reason`, of at most `reason_capacity` bytes with the NUL that
// ends it.
typedef c1z_code (*c1z_read_at_fn)(void *userdata,
                                   uint64_t offset,
                                   uint8_t *data,
                                   size_t len,
                                   size_t *read,
                                   char *reason,
                                   size_t reason_capacity);

// Called when nothing will be read any more.
typedef void (*c1z_release_fn)(void *userdata);

// A file that the host reads, wherever it lies. See FILES THAT STAY WHERE THEY ARE.
typedef struct {
  // Bytes of the file.
  uint64_t size;
  // Asked when the file is opened and after every read, so it must cost nothing; may be null.
  c1z_identity_fn identity;
  // Reads; must not be null.
  c1z_read_at_fn read_at;
  // Called once, whatever becomes of the call that was given the source, unless it refuses `struct_size`; may be null.
  c1z_release_fn release;
  // Given to the functions as it is.
  void *userdata;
} c1z_source;

// What a host brings. Fields may be appended in later versions of the library.
typedef struct {
  // `sizeof(c1z_host)` as the host was built with. What a library does not know of must be zero. If no version has that
  // size, nothing else of the host can be trusted: the call refuses it with `C1Z_INVALID_ARGUMENT`, reads no further and
  // leaves the source to the caller.
  size_t struct_size;
  // Read instead of the file at the request's path; null for that file. The library copies it.
  const c1z_source *source;
} c1z_host;

// A call on a store that takes long.
typedef c1z_code (*c1z_long_call_fn)(const c1z_store *store,
                                     c1z_slice request,
                                     const c1z_control *control,
                                     c1z_buffer **response,
                                     c1z_error **error);

// A call on a store.
typedef c1z_code (*c1z_call_fn)(const c1z_store *store,
                                c1z_slice request,
                                c1z_buffer **response,
                                c1z_error **error);

// A call that starts a walk.
typedef c1z_code (*c1z_scan_fn)(const c1z_store *store,
                                c1z_slice request,
                                c1z_cursor **cursor,
                                c1z_error **error);

// A call on a store that takes long and reads from another.
typedef c1z_code (*c1z_from_store_fn)(const c1z_store *store,
                                      const c1z_store *source,
                                      c1z_slice request,
                                      const c1z_control *control,
                                      c1z_buffer **response,
                                      c1z_error **error);

// Every function of the library, under its name without prefix. New functions are only ever appended: a host may call
// those that lie below `struct_size`.
typedef struct {
  // Bytes of this table in the library that gave it out.
  size_t struct_size;
  // `c1z_version`.
  const char *(*version)(void);
  // `c1z_buffer_data`.
  c1z_slice (*buffer_data)(const c1z_buffer *buffer);
  // `c1z_buffer_free`.
  void (*buffer_free)(c1z_buffer *buffer);
  // `c1z_error_code`.
  c1z_code (*error_code)(const c1z_error *error);
  // `c1z_error_reason`.
  const char *(*error_reason)(const c1z_error *error);
  // `c1z_error_message`.
  const char *(*error_message)(const c1z_error *error);
  // `c1z_error_free`.
  void (*error_free)(c1z_error *error);
  // `c1z_cancel_new`.
  c1z_cancel *(*cancel_new)(void);
  // `c1z_cancel_set`.
  void (*cancel_set)(const c1z_cancel *cancel);
  // `c1z_cancel_free`.
  void (*cancel_free)(c1z_cancel *cancel);
  // `c1z_open`.
  c1z_code (*open)(c1z_slice request,
                   const c1z_control *control,
                   c1z_store **store,
                   c1z_error **error);
  // `c1z_close`.
  c1z_long_call_fn close;
  // `c1z_save`.
  c1z_long_call_fn save;
  // `c1z_store_free`.
  void (*store_free)(c1z_store *store);
  // `c1z_get_metadata`.
  c1z_call_fn get_metadata;
  // `c1z_start_sync`.
  c1z_call_fn start_sync;
  // `c1z_start_or_resume_sync`.
  c1z_call_fn start_or_resume_sync;
  // `c1z_resume_sync`.
  c1z_call_fn resume_sync;
  // `c1z_set_current_sync`.
  c1z_call_fn set_current_sync;
  // `c1z_get_current_sync`.
  c1z_call_fn get_current_sync;
  // `c1z_checkpoint_sync`.
  c1z_call_fn checkpoint_sync;
  // `c1z_end_sync`.
  c1z_long_call_fn end_sync;
  // `c1z_cleanup`.
  c1z_long_call_fn cleanup;
  // `c1z_get_sync`.
  c1z_call_fn get_sync;
  // `c1z_list_syncs`.
  c1z_call_fn list_syncs;
  // `c1z_get_latest_finished_sync`.
  c1z_call_fn get_latest_finished_sync;
  // `c1z_list_sync_runs`.
  c1z_call_fn list_sync_runs;
  // `c1z_get_latest_sync_run`.
  c1z_call_fn get_latest_sync_run;
  // `c1z_mark_sync_supports_diff`.
  c1z_call_fn mark_sync_supports_diff;
  // `c1z_mark_sync_verified`.
  c1z_call_fn mark_sync_verified;
  // `c1z_clear_sync_verification`.
  c1z_call_fn clear_sync_verification;
  // `c1z_get_stats`.
  c1z_call_fn get_stats;
  // `c1z_recalculate_stats`.
  c1z_long_call_fn recalculate_stats;
  // `c1z_clone_sync`.
  c1z_long_call_fn clone_sync;
  // `c1z_diff_syncs`.
  c1z_long_call_fn diff_syncs;
  // `c1z_put_resource_types`.
  c1z_call_fn put_resource_types;
  // `c1z_list_resource_types`.
  c1z_call_fn list_resource_types;
  // `c1z_get_resource_type`.
  c1z_call_fn get_resource_type;
  // `c1z_put_resources`.
  c1z_call_fn put_resources;
  // `c1z_delete_resource`.
  c1z_call_fn delete_resource;
  // `c1z_list_resources`.
  c1z_call_fn list_resources;
  // `c1z_get_resource`.
  c1z_call_fn get_resource;
  // `c1z_list_resources_by_ids`.
  c1z_call_fn list_resources_by_ids;
  // `c1z_put_entitlements`.
  c1z_call_fn put_entitlements;
  // `c1z_delete_entitlement`.
  c1z_call_fn delete_entitlement;
  // `c1z_list_entitlements`.
  c1z_call_fn list_entitlements;
  // `c1z_get_entitlement`.
  c1z_call_fn get_entitlement;
  // `c1z_list_entitlements_by_ids`.
  c1z_call_fn list_entitlements_by_ids;
  // `c1z_put_grants`.
  c1z_call_fn put_grants;
  // `c1z_delete_grant`.
  c1z_call_fn delete_grant;
  // `c1z_delete_grants`.
  c1z_call_fn delete_grants;
  // `c1z_list_grants`.
  c1z_call_fn list_grants;
  // `c1z_get_grant`.
  c1z_call_fn get_grant;
  // `c1z_list_grants_for_entitlement`.
  c1z_call_fn list_grants_for_entitlement;
  // `c1z_list_grants_for_entitlements`.
  c1z_call_fn list_grants_for_entitlements;
  // `c1z_list_grants_for_principal`.
  c1z_call_fn list_grants_for_principal;
  // `c1z_list_grants_for_resource_type`.
  c1z_call_fn list_grants_for_resource_type;
  // `c1z_put_asset`.
  c1z_call_fn put_asset;
  // `c1z_get_asset`.
  c1z_call_fn get_asset;
  // `c1z_put_expanded_grants`.
  c1z_call_fn put_expanded_grants;
  // `c1z_list_pending_expansion`.
  c1z_call_fn list_pending_expansion;
  // `c1z_list_grants_with_annotations`.
  c1z_call_fn list_grants_with_annotations;
  // `c1z_get_session_values`.
  c1z_call_fn get_session_values;
  // `c1z_set_session_values`.
  c1z_call_fn set_session_values;
  // `c1z_delete_session_values`.
  c1z_call_fn delete_session_values;
  // `c1z_clear_session`.
  c1z_call_fn clear_session;
  // `c1z_list_session_values`.
  c1z_call_fn list_session_values;
  // `c1z_scan_resources`.
  c1z_scan_fn scan_resources;
  // `c1z_scan_entitlements`.
  c1z_scan_fn scan_entitlements;
  // `c1z_scan_grants`.
  c1z_scan_fn scan_grants;
  // `c1z_cursor_next`.
  c1z_code (*cursor_next)(c1z_cursor *cursor, c1z_buffer **response, c1z_error **error);
  // `c1z_cursor_free`.
  void (*cursor_free)(c1z_cursor *cursor);
  // `c1z_read_header`.
  c1z_code (*read_header)(c1z_slice request, c1z_buffer **response, c1z_error **error);
  // `c1z_verify`.
  c1z_code (*verify)(c1z_slice request,
                     const c1z_control *control,
                     c1z_buffer **response,
                     c1z_error **error);
  // `c1z_inspect`.
  c1z_code (*inspect)(c1z_slice request,
                      const c1z_control *control,
                      c1z_cursor **cursor,
                      c1z_error **error);
  // `c1z_inspect_schema`.
  c1z_code (*inspect_schema)(c1z_slice request, c1z_buffer **response, c1z_error **error);
  // `c1z_merge_files`.
  c1z_code (*merge_files)(c1z_slice request,
                          const c1z_control *control,
                          c1z_buffer **response,
                          c1z_error **error);
  // `c1z_merge_syncs`.
  c1z_long_call_fn merge_syncs;
  // `c1z_put_grant_contributions`.
  c1z_call_fn put_grant_contributions;
  // `c1z_list_grant_principals`.
  c1z_call_fn list_grant_principals;
  // `c1z_list_references`.
  c1z_call_fn list_references;
  // `c1z_find_grant_annotation`.
  c1z_call_fn find_grant_annotation;
  // `c1z_set_entitlement_graph`.
  c1z_call_fn set_entitlement_graph;
  // `c1z_get_entitlement_graph`.
  c1z_call_fn get_entitlement_graph;
  // `c1z_commit_page`.
  c1z_call_fn commit_page;
  // `c1z_get_named_values`.
  c1z_call_fn get_named_values;
  // `c1z_list_named_values`.
  c1z_call_fn list_named_values;
  // `c1z_get_grant_digest`.
  c1z_call_fn get_grant_digest;
  // `c1z_list_grants_in_bucket`.
  c1z_call_fn list_grants_in_bucket;
  // `c1z_get_grant_record`.
  c1z_call_fn get_grant_record;
  // `c1z_list_grant_records_for_entitlement`.
  c1z_call_fn list_grant_records_for_entitlement;
  // `c1z_list_grant_records_for_entitlements`.
  c1z_call_fn list_grant_records_for_entitlements;
  // `c1z_list_grant_records_for_principal`.
  c1z_call_fn list_grant_records_for_principal;
  // `c1z_list_grant_records_for_resource_type`.
  c1z_call_fn list_grant_records_for_resource_type;
  // `c1z_get_source_cache_entry`.
  c1z_call_fn get_source_cache_entry;
  // `c1z_put_source_cache_entry`.
  c1z_call_fn put_source_cache_entry;
  // `c1z_replay_source_cache`.
  c1z_from_store_fn replay_source_cache;
  // `c1z_delete_source_cache_rows`.
  c1z_long_call_fn delete_source_cache_rows;
  // `c1z_compare_files`.
  c1z_code (*compare_files)(c1z_slice request,
                            const c1z_control *control,
                            c1z_cursor **cursor,
                            c1z_error **error);
  // `c1z_compare_syncs`.
  c1z_scan_fn compare_syncs;
  // `c1z_convert_file`.
  c1z_code (*convert_file)(c1z_slice request,
                           const c1z_control *control,
                           c1z_buffer **response,
                           c1z_error **error);
  // `c1z_export_arrow`.
  c1z_code (*export_arrow)(const c1z_store *store,
                           c1z_slice request,
                           const c1z_control *control,
                           struct ArrowArrayStream *out,
                           c1z_error **error);
  // `c1z_export_schema`.
  c1z_code (*export_schema)(c1z_slice request, struct ArrowSchema *out, c1z_error **error);
  // `c1z_import_records`.
  c1z_long_call_fn import_records;
  // `c1z_scan_records`.
  c1z_scan_fn scan_records;
  // `c1z_open_with`.
  c1z_code (*open_with)(c1z_slice request,
                        const c1z_host *host,
                        const c1z_control *control,
                        c1z_store **store,
                        c1z_error **error);
} c1z_api;

// The call did what it says.
#define C1Z_OK 0

// The caller cancelled the call.
#define C1Z_CANCELLED 1

// A failure that no other code describes.
#define C1Z_UNKNOWN 2

// A request that no state of the store could answer.
#define C1Z_INVALID_ARGUMENT 3

// Given only by a source of the host's.
#define C1Z_DEADLINE_EXCEEDED 4

// What the request names is not there.
#define C1Z_NOT_FOUND 5

// What the call would create is there already.
#define C1Z_ALREADY_EXISTS 6

// The operating system does not permit it.
#define C1Z_PERMISSION_DENIED 7

// A limit, the disk, or memory.
#define C1Z_RESOURCE_EXHAUSTED 8

// The store's state, or the file, does not permit the call.
#define C1Z_FAILED_PRECONDITION 9

// Somebody else was faster: start again with what there is now.
#define C1Z_ABORTED 10

// Not given by this library.
#define C1Z_OUT_OF_RANGE 11

// The library was built without what the call needs.
#define C1Z_UNIMPLEMENTED 12

// A defect of the library.
#define C1Z_INTERNAL 13

// The store is closed, the engine is busy, or a source gives nothing.
#define C1Z_UNAVAILABLE 14

// Damaged bytes.
#define C1Z_DATA_LOSS 15

// Given only by a source of the host's.
#define C1Z_UNAUTHENTICATED 16

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The bytes of a buffer, which live until it is freed; none of a null pointer. Without bytes, `data` is null.
c1z_slice c1z_buffer_data(const c1z_buffer *buffer);

// Frees a buffer.
void c1z_buffer_free(c1z_buffer *buffer);

// The status code of an error; `C1Z_OK` of a null pointer.
c1z_code c1z_error_code(const c1z_error *error);

// The reason of an error: one stable upper-case word, see the list at the top. It lives as long as the error; of a null
// pointer it is the empty string.
const char *c1z_error_reason(const c1z_error *error);

// What went wrong, for people: UTF-8 that ends with NUL and names the file, field or key. It lives as long as the error;
// of a null pointer it is the empty string.
const char *c1z_error_message(const c1z_error *error);

// Frees an error.
void c1z_error_free(c1z_error *error);

// A flag that is not set. Free it with `c1z_cancel_free`.
c1z_cancel *c1z_cancel_new(void);

// Sets the flag, for good. A null pointer is nothing to do.
void c1z_cancel_set(const c1z_cancel *cancel);

// Frees the flag. A call that it was given to may still be running if that call has reported progress: it has the flag's
// state by then, goes on, and stops if the flag was set before it was freed.
void c1z_cancel_free(c1z_cancel *cancel);

// The version of the library, for people: "0.1.0". It lives forever.
const char *c1z_version(void);

// Opens a file. A missing or empty one is created by the first save, unless it is opened read-only. A relative path is
// made absolute here: the process may change its folder while the store is open.
//
// `request` holds a `c1z.v1.OpenRequest`. On success `*store` is a handle that is closed with `c1z_close` and then freed
// with `c1z_store_free`. The sync that a reader would be shown is bound.
//
// Fails with `C1Z_NOT_FOUND` when a file to be opened read-only is missing, `C1Z_FAILED_PRECONDITION` when the file is
// not one of ours (reasons `NOT_C1Z`, `FORMAT_V1`, `ENGINE_MISMATCH`, `LAYOUT_MISMATCH`, `PAYLOAD_ENCODING`),
// `C1Z_DATA_LOSS` when it is damaged, `C1Z_RESOURCE_EXHAUSTED` when it unpacks to more than the limits of the request,
// `C1Z_INVALID_ARGUMENT` when it is there and is not a regular file.
//
// Unless it is opened read-only, also fails when it can be told that no save would succeed: with
// `C1Z_FAILED_PRECONDITION` when the folder is missing or the file cannot be replaced, for instance because something is
// mounted on it, with `C1Z_PERMISSION_DENIED` when the folder takes no files.
//
// Opening read-only checks the head, the index and all small parts of the file. A large table of its database is unpacked
// when something in it is needed; the calls that need it fail with `CORRUPTION` when it is damaged, with `ENGINE` when
// the disk is full. The file is held open until the store is closed: it may be replaced or removed meanwhile, but not
// changed in place.
c1z_code c1z_open(c1z_slice request,
                  const c1z_control *control,
                  c1z_store **store,
                  c1z_error **error);

// Opens a file as `c1z_open` does, with what the host brings: a file that it reads itself, from object storage for one. See
// FILES THAT STAY WHERE THEY ARE. Without a host, or with one that brings nothing, it is `c1z_open`.
//
// `request` holds a `c1z.v1.OpenRequest` with `read_only`; a path in it is only what messages call the source. On success
// `*store` is a handle like one from `c1z_open`. The source is released when the store is closed or freed, or else before
// the call returns; a host whose `struct_size` is refused keeps it.
//
// Also fails with `C1Z_INVALID_ARGUMENT` when the source would be written to, with `C1Z_FAILED_PRECONDITION` and
// `PAYLOAD_ENCODING` when the file is one that cannot be read by ranges, and as the source fails (`SOURCE`,
// `SOURCE_CHANGED`).
c1z_code c1z_open_with(c1z_slice request,
                       const c1z_host *host,
                       const c1z_control *control,
                       c1z_store **store,
                       c1z_error **error);

// What a file says of itself before its payload, read without opening a store. Files of format v1 and of other engines
// have a header too. What it costs does not depend on the size of the file, and the payload is not checked.
//
// `request` holds a `c1z.v1.ReadHeaderRequest`, the response a `c1z.v1.FileHeader`.
//
// Fails with `C1Z_NOT_FOUND` when there is no such file, `C1Z_FAILED_PRECONDITION` and the reason `NOT_C1Z` when it is
// another kind of file or empty, `C1Z_DATA_LOSS` when its header is damaged or cut off.
c1z_code c1z_read_header(c1z_slice request,
                         c1z_buffer **response,
                         c1z_error **error);

// Saves the file if anything has changed, in one step, and leaves the store open. Progress is in bytes. A new file has
// mode 0644 less the umask; one that replaces another keeps its mode, owner and group, as far as the system permits.
//
// `request` holds a `c1z.v1.SaveRequest`; the response is empty.
//
// A save that fails leaves the previous file as it was and can be tried again. The reason is `ARTIFACT_UNUSABLE`, with
// the code of the cause (`C1Z_CANCELLED` when the caller stopped it), or `CONFLICT` when the file there is not the one that
// was opened or last saved, or is not as it was then. So the first of several stores that save one file wins, in one
// process or several. With `overwrite` in the request, or in that of `c1z_open`, whatever is there is replaced. A file that
// was removed is created again.
//
// Fails with `C1Z_FAILED_PRECONDITION` while a sync is being imported.
//
// An error with the reason `IO` comes after the file was replaced, which a crash of the machine may still undo.
c1z_code c1z_save(const c1z_store *store,
                  c1z_slice request,
                  const c1z_control *control,
                  c1z_buffer **response,
                  c1z_error **error);

// Saves as `c1z_save` does, unless the request says `discard`, and closes the store. A sync that is being imported is given
// up. First it waits for the calls that are running on the store, reads among them, and its cancel flag does not end that
// wait. Calls that come meanwhile wait for it in turn.
//
// `request` holds a `c1z.v1.CloseRequest`; the response is empty.
//
// Fails with `C1Z_FAILED_PRECONDITION` while cursors are open. When the save fails, the store stays open: close again once
// the cause is gone, or with `overwrite` or `discard`. After an error with the reason `IO`, closing again succeeds.
c1z_code c1z_close(const c1z_store *store,
                   c1z_slice request,
                   const c1z_control *control,
                   c1z_buffer **response,
                   c1z_error **error);

// What is known of an open file without reading a record.
//
// `request` holds a `c1z.v1.GetMetadataRequest`, the response a `c1z.v1.GetMetadataResponse`.
c1z_code c1z_get_metadata(const c1z_store *store,
                          c1z_slice request,
                          c1z_buffer **response,
                          c1z_error **error);

// Frees a handle. An open store is closed without saving: close it first, and look at the result. Cursors of the store
// may be freed before or after.
void c1z_store_free(c1z_store *store);

// Starts a sync and binds it; older ones stay. While a sync that a caller started or resumed is open, the same type
// gets that one again.
//
// `request` holds a `c1z.v1.StartSyncRequest`, the response a `c1z.v1.BoundSyncResponse`.
//
// Fails with `C1Z_INVALID_ARGUMENT` when the type is unknown or a sync that is not partial is given a parent,
// `C1Z_FAILED_PRECONDITION` when a sync of another type is open.
c1z_code c1z_start_sync(const c1z_store *store,
                        c1z_slice request,
                        c1z_buffer **response,
                        c1z_error **error);

// Resumes the sync with an id, ended or not; without an id the latest unfinished one of the type that started within a
// week, or starts a new one.
//
// `request` holds a `c1z.v1.StartOrResumeSyncRequest`, the response a `c1z.v1.BoundSyncResponse`.
//
// Fails with `C1Z_NOT_FOUND` when there is no sync with that id.
c1z_code c1z_start_or_resume_sync(const c1z_store *store,
                                  c1z_slice request,
                                  c1z_buffer **response,
                                  c1z_error **error);

// Binds a sync for writing, also one that has ended.
//
// `request` holds a `c1z.v1.ResumeSyncRequest`, the response a `c1z.v1.BoundSyncResponse`.
//
// Fails with `C1Z_NOT_FOUND` when there is no sync with that id.
c1z_code c1z_resume_sync(const c1z_store *store,
                         c1z_slice request,
                         c1z_buffer **response,
                         c1z_error **error);

// Binds a sync; on a read-only store it decides what reads are shown.
//
// `request` holds a `c1z.v1.SetCurrentSyncRequest`; the response is empty.
//
// Fails with `C1Z_NOT_FOUND` when there is no sync with that id.
c1z_code c1z_set_current_sync(const c1z_store *store,
                              c1z_slice request,
                              c1z_buffer **response,
                              c1z_error **error);

// The bound sync and the token of its last checkpoint, both empty when none is bound.
//
// `request` holds a `c1z.v1.GetCurrentSyncRequest`, the response a `c1z.v1.GetCurrentSyncResponse`.
c1z_code c1z_get_current_sync(const c1z_store *store,
                              c1z_slice request,
                              c1z_buffer **response,
                              c1z_error **error);

// Stores the token of the bound sync, as one step with every record put before. The file changes when it is saved: until
// then nothing survives the end of the process.
//
// `request` holds a `c1z.v1.CheckpointSyncRequest`; the response is empty.
c1z_code c1z_checkpoint_sync(const c1z_store *store,
                             c1z_slice request,
                             c1z_buffer **response,
                             c1z_error **error);

// Ends the bound sync: takes statistics, marks it as complete, unbinds it. When it fails the sync stays bound and
// unended.
//
// `request` holds a `c1z.v1.EndSyncRequest`; the response is empty.
c1z_code c1z_end_sync(const c1z_store *store,
                      c1z_slice request,
                      const c1z_control *control,
                      c1z_buffer **response,
                      c1z_error **error);

// Drops old syncs by the SDK's retention policy and gives their space back.
//
// `request` holds a `c1z.v1.CleanupRequest`, the response a `c1z.v1.CleanupResponse`.
c1z_code c1z_cleanup(const c1z_store *store,
                     c1z_slice request,
                     const c1z_control *control,
                     c1z_buffer **response,
                     c1z_error **error);

// Reads one sync with its statistics.
//
// `request` holds a `c1.reader.v2.SyncsReaderServiceGetSyncRequest`, the response the matching response.
//
// Fails with `C1Z_NOT_FOUND` when there is none.
c1z_code c1z_get_sync(const c1z_store *store,
                      c1z_slice request,
                      c1z_buffer **response,
                      c1z_error **error);

// Lists all syncs, unfinished ones included, ordered by id.
//
// `request` holds a `c1.reader.v2.SyncsReaderServiceListSyncsRequest`, the response the matching response.
c1z_code c1z_list_syncs(const c1z_store *store,
                        c1z_slice request,
                        c1z_buffer **response,
                        c1z_error **error);

// The sync of a type, or of any, that ended last; an empty response when there is none.
//
// `request` holds a `c1.reader.v2.SyncsReaderServiceGetLatestFinishedSyncRequest`, the response the matching response.
c1z_code c1z_get_latest_finished_sync(const c1z_store *store,
                                      c1z_slice request,
                                      c1z_buffer **response,
                                      c1z_error **error);

// Lists all syncs with everything that is known of them.
//
// `request` holds a `c1z.v1.ListSyncRunsRequest`, the response a `c1z.v1.ListSyncRunsResponse`.
c1z_code c1z_list_sync_runs(const c1z_store *store,
                            c1z_slice request,
                            c1z_buffer **response,
                            c1z_error **error);

// The sync of a type, or of any, that ended last, with everything that is known of it; an empty response when there is
// none.
//
// `request` holds a `c1z.v1.GetLatestSyncRunRequest`, the response a `c1z.v1.GetLatestSyncRunResponse`.
c1z_code c1z_get_latest_sync_run(const c1z_store *store,
                                 c1z_slice request,
                                 c1z_buffer **response,
                                 c1z_error **error);

// Marks a sync, ended or not, as one whose collection was complete.
//
// `request` holds a `c1z.v1.MarkSyncSupportsDiffRequest`; the response is empty.
c1z_code c1z_mark_sync_supports_diff(const c1z_store *store,
                                     c1z_slice request,
                                     c1z_buffer **response,
                                     c1z_error **error);

// Records that a sync which has ended passed its checks.
//
// `request` holds a `c1z.v1.MarkSyncVerifiedRequest`; the response is empty.
c1z_code c1z_mark_sync_verified(const c1z_store *store,
                                c1z_slice request,
                                c1z_buffer **response,
                                c1z_error **error);

// Takes the mark of `c1z_mark_sync_verified` away.
//
// `request` holds a `c1z.v1.ClearSyncVerificationRequest`; the response is empty.
c1z_code c1z_clear_sync_verification(const c1z_store *store,
                                     c1z_slice request,
                                     c1z_buffer **response,
                                     c1z_error **error);

// Statistics of a sync; without an id, of the newest finished one of the type.
//
// `request` holds a `c1z.v1.GetStatsRequest`, the response a `c1z.v1.GetStatsResponse`.
//
// Fails with `C1Z_NOT_FOUND` when there is no such sync, `C1Z_INVALID_ARGUMENT` when it is of another type.
c1z_code c1z_get_stats(const c1z_store *store,
                       c1z_slice request,
                       c1z_buffer **response,
                       c1z_error **error);

// Counts the records of a sync, or of the bound one, anew and stores the result.
//
// `request` holds a `c1z.v1.RecalculateStatsRequest`; the response is empty.
c1z_code c1z_recalculate_stats(const c1z_store *store,
                               c1z_slice request,
                               const c1z_control *control,
                               c1z_buffer **response,
                               c1z_error **error);

// Writes a finished sync into a new file; the store itself does not change.
//
// `request` holds a `c1z.v1.CloneSyncRequest`; the response is empty.
//
// Fails with `C1Z_ALREADY_EXISTS` when the path exists, `C1Z_NOT_FOUND` when there is no such sync,
// `C1Z_FAILED_PRECONDITION` when it has not ended, and as `c1z_open` does where no file can be saved.
c1z_code c1z_clone_sync(const c1z_store *store,
                        c1z_slice request,
                        const c1z_control *control,
                        c1z_buffer **response,
                        c1z_error **error);

// Makes a new partial sync of the records that the applied sync holds and the base does not. Changed and deleted
// records leave no trace.
//
// `request` holds a `c1z.v1.DiffSyncsRequest`, the response a `c1z.v1.DiffSyncsResponse`.
c1z_code c1z_diff_syncs(const c1z_store *store,
                        c1z_slice request,
                        const c1z_control *control,
                        c1z_buffer **response,
                        c1z_error **error);

// Sets what an expander keeps of its work on a sync, or removes it. The bytes are not looked at; clones have them, merges
// do not.
//
// `request` holds a `c1z.v1.SetEntitlementGraphRequest`; the response is empty.
//
// Fails with `C1Z_NOT_FOUND` when there is no sync with that id, `C1Z_FAILED_PRECONDITION` when there is none at all.
c1z_code c1z_set_entitlement_graph(const c1z_store *store,
                                   c1z_slice request,
                                   c1z_buffer **response,
                                   c1z_error **error);

// Gives what `c1z_set_entitlement_graph` set.
//
// `request` holds a `c1z.v1.GetEntitlementGraphRequest`, the response a `c1z.v1.GetEntitlementGraphResponse`.
c1z_code c1z_get_entitlement_graph(const c1z_store *store,
                                   c1z_slice request,
                                   c1z_buffer **response,
                                   c1z_error **error);

// Exports the rows of a table as a stream of Arrow columns (docs/columns.md): as they are when this is called, whatever is
// written afterwards.
//
// `request` holds a `c1z.v1.ExportRequest`. `out` is the caller's, and what it held before is not looked at. On success it
// is a stream, which is released by its `release` and no other way; else its `release` is NULL. Every function of the
// stream may be called from any thread, by one at a time, `get_next` also after the end. `get_schema` costs nothing and
// works for as long as there is a stream.
//
// A stream does not keep its store from being closed: after `c1z_close` or `c1z_store_free`, `get_next` fails with the
// reason CLOSED. Batches that it gave before stay valid, and the stream may be released before or after. `get_last_error`
// gives the reason, a colon, a space and the message; the text stays until the next call on the stream. The number that a
// function returns is ECANCELED, ENOMEM, EINVAL or EIO. A batch that failed may be asked for again; after a defect of the
// library (INTERNAL) the stream is at its end. The stream does not get past a record that is longer than 64 MiB, or whose
// annotations come to more JSON (EINVAL, with the reason LIMIT_EXCEEDED).
//
// The control is used during the call. Its cancel flag stops the stream too, and may be freed as soon as the call has
// returned. Where there is no flag, releasing the stream is what stops it.
//
// Fails with `C1Z_INVALID_ARGUMENT` when there is no such table or column, or the request names a key that the table does
// not have; with `C1Z_NOT_FOUND` when there is no such sync; with `C1Z_UNIMPLEMENTED` when the library was built without
// Arrow. A batch fails with the reason CORRUPTION where the file is damaged, an id that is not UTF-8 included; the message
// names the record.
c1z_code c1z_export_arrow(const c1z_store *store,
                          c1z_slice request,
                          const c1z_control *control,
                          struct ArrowArrayStream *out,
                          c1z_error **error);

// The schema that a stream of such a request has. No store is needed, and nothing is opened.
//
// `request` holds a `c1z.v1.ExportRequest`, of which table, columns and dictionaries are looked at. On success `out`, the
// caller's, is released by its `release`; else that is NULL. Fails with `C1Z_INVALID_ARGUMENT` when there is no such table
// or column, with `C1Z_UNIMPLEMENTED` when the library was built without Arrow.
c1z_code c1z_export_schema(c1z_slice request,
                           struct ArrowSchema *out,
                           c1z_error **error);

// Puts one asset into the bound sync, replacing the one with the same id. Its bytes may be empty.
//
// `request` holds a `c1z.v1.PutAssetRequest`; the response is empty.
c1z_code c1z_put_asset(const c1z_store *store,
                       c1z_slice request,
                       c1z_buffer **response,
                       c1z_error **error);

// Reads one asset with its bytes.
//
// `request` holds a `c1.connector.v2.AssetServiceGetAssetRequest`, the response a `c1z.v1.GetAssetResponse`.
//
// Fails with `C1Z_NOT_FOUND` when there is none.
c1z_code c1z_get_asset(const c1z_store *store,
                       c1z_slice request,
                       c1z_buffer **response,
                       c1z_error **error);

// Walks what differs between two syncs, each of a file: records that were added, removed or changed, by kind and in the
// order of their keys. Both files are opened read-only, and may be the same; no store is needed.
//
// Two records are compared if they have one identity: that of a resource is its type and id, of an entitlement also its
// own id, of a grant its entitlement and its principal. Its public id is not part of that: another one is a change. What
// is compared are the stored records as they stand, with the fields that no schema names, but without the time of
// discovery and the source-cache scope; the request may leave out more. Memory does not grow with the files. What lies in
// a table that both files have from a common ancestor is not read.
//
// `request` holds a `c1z.v1.CompareFilesRequest`; pages are `c1z.v1.ComparePage`, of up to 1,000 differences or some
// 1 MiB, and some have none. On success `*cursor` is freed with `c1z_cursor_free`. The control is that of opening.
//
// Fails as `c1z_open` does for files to be opened read-only; with `C1Z_NOT_FOUND` when a file has no such sync, with
// `C1Z_FAILED_PRECONDITION` when it has none that has ended and the request names none. A page fails with
// `C1Z_DATA_LOSS` where a file is damaged. The message names the file.
c1z_code c1z_compare_files(c1z_slice request,
                           const c1z_control *control,
                           c1z_cursor **cursor,
                           c1z_error **error);

// Walks what differs between two syncs of the store, finished or not, as `c1z_compare_files` does.
//
// `request` holds a `c1z.v1.CompareSyncsRequest`; pages are `c1z.v1.ComparePage`. On success `*cursor` is freed with
// `c1z_cursor_free`; the store cannot be closed before. The walk holds no snapshot. Fails with `C1Z_NOT_FOUND` when there
// is no such sync, a page also when one was dropped.
c1z_code c1z_compare_syncs(const c1z_store *store,
                           c1z_slice request,
                           c1z_cursor **cursor,
                           c1z_error **error);

// Converts a file of format v1, a SQLite database, into a new file, without a store. The file stays as it is. Progress is in
// bytes of the database that is unpacked, then in rows, then in bytes of the new file.
//
// All syncs are converted, with their ids, types, parents, times, tokens and session values, whether they had ended or not;
// records keep the time of their discovery, and grants what they expand and whether that is pending. Statistics are counted
// anew. Times without a zone, which format v1 has, are taken for those of the process's zone, as the SDK does. Grants of a
// sync with one identity become one grant. The response tells what of the input is not in the new file.
//
// `request` holds a `c1z.v1.ConvertFileRequest`, the response a `c1z.v1.ConvertFileResponse`.
//
// The file appears in one step: when the call fails, or the process dies, there is none. Fails with
// `C1Z_ALREADY_EXISTS` when a file is at the output's path; with `C1Z_NOT_FOUND` when the input is missing; with
// `C1Z_FAILED_PRECONDITION` when it is of another format (`ENGINE_MISMATCH`), or the library was built without SQLite
// (`FORMAT_V1`); with `C1Z_DATA_LOSS` when it is damaged, has no tables of the format or, unless the request says that they
// are left out, a row that cannot be read. The message names the input, the table and the row.
c1z_code c1z_convert_file(c1z_slice request,
                          const c1z_control *control,
                          c1z_buffer **response,
                          c1z_error **error);

// Walks the resources of a sync, or those of one type.
//
// `request` holds a `c1z.v1.ScanResourcesRequest`; pages are `c1.connector.v2.ResourcesServiceListResourcesResponse`. On
// success `*cursor` is freed with `c1z_cursor_free`; the store cannot be closed before.
c1z_code c1z_scan_resources(const c1z_store *store,
                            c1z_slice request,
                            c1z_cursor **cursor,
                            c1z_error **error);

// Walks the entitlements of a sync.
//
// `request` holds a `c1z.v1.ScanEntitlementsRequest`; pages are
// `c1.connector.v2.EntitlementsServiceListEntitlementsResponse`. On success `*cursor` is freed with `c1z_cursor_free`;
// the store cannot be closed before.
c1z_code c1z_scan_entitlements(const c1z_store *store,
                               c1z_slice request,
                               c1z_cursor **cursor,
                               c1z_error **error);

// Walks the grants of a sync, of an entitlement, of a principal, or of principals of one type.
//
// `request` holds a `c1z.v1.ScanGrantsRequest`; pages are `c1.connector.v2.GrantsServiceListGrantsResponse`. On success
// `*cursor` is freed with `c1z_cursor_free`; the store cannot be closed before.
c1z_code c1z_scan_grants(const c1z_store *store,
                         c1z_slice request,
                         c1z_cursor **cursor,
                         c1z_error **error);

// Walks every record of one kind of a sync as it is stored, in the order of the keys: with times, scopes and fields that this
// library does not know.
//
// `request` holds a `c1z.v1.ScanRecordsRequest`; pages are `c1z.v1.RecordPage`. On success `*cursor` is freed with
// `c1z_cursor_free`; the store cannot be closed before.
c1z_code c1z_scan_records(const c1z_store *store,
                          c1z_slice request,
                          c1z_cursor **cursor,
                          c1z_error **error);

// The next page of a cursor; after the last one `*response` becomes null.
//
// The walk holds no snapshot: what is written to a place that it has yet to come to shows up in it.
c1z_code c1z_cursor_next(c1z_cursor *cursor, c1z_buffer **response, c1z_error **error);

// Frees a cursor.
void c1z_cursor_free(c1z_cursor *cursor);

// Reads the digest of an entitlement's grants, or of all grants of a sync: equal digests are of equal grants. One lookup;
// with nodes of a level finer than the stored ones, all grants of the entitlement are read.
//
// `request` holds a `c1z.v1.GetGrantDigestRequest`, the response a `c1z.v1.GetGrantDigestResponse`, which says whether
// there is a digest.
c1z_code c1z_get_grant_digest(const c1z_store *store,
                              c1z_slice request,
                              c1z_buffer **response,
                              c1z_error **error);

// Lists the grants of an entitlement that one node of its digest is about. Looks at the keys of all its grants.
//
// `request` holds a `c1z.v1.ListGrantsInBucketRequest`, the response a `c1z.v1.ListGrantsInBucketResponse`. Tokens are of
// one bucket alone.
c1z_code c1z_list_grants_in_bucket(const c1z_store *store,
                                   c1z_slice request,
                                   c1z_buffer **response,
                                   c1z_error **error);

// Puts entitlements into the bound sync.
//
// `request` holds a `c1z.v1.PutEntitlementsRequest`; the response is empty.
c1z_code c1z_put_entitlements(const c1z_store *store,
                              c1z_slice request,
                              c1z_buffer **response,
                              c1z_error **error);

// Deletes one entitlement of the bound sync by its resource and id; one that is not there is no error. Its grants
// stay.
//
// `request` holds a `c1z.v1.DeleteEntitlementRequest`; the response is empty.
c1z_code c1z_delete_entitlement(const c1z_store *store,
                                c1z_slice request,
                                c1z_buffer **response,
                                c1z_error **error);

// Lists entitlements, ordered by resource: all, or those on one resource.
//
// `request` holds a `c1.connector.v2.EntitlementsServiceListEntitlementsRequest`, the response the matching response.
c1z_code c1z_list_entitlements(const c1z_store *store,
                               c1z_slice request,
                               c1z_buffer **response,
                               c1z_error **error);

// Reads one entitlement by its bare id.
//
// `request` holds a `c1.reader.v2.EntitlementsReaderServiceGetEntitlementRequest`, the response the matching response.
//
// Fails with `C1Z_NOT_FOUND` when there is none, `C1Z_FAILED_PRECONDITION` (`AMBIGUOUS_ID`) when several resources
// have one with that id.
c1z_code c1z_get_entitlement(const c1z_store *store,
                             c1z_slice request,
                             c1z_buffer **response,
                             c1z_error **error);

// Reads entitlements by their bare ids, in the order of the request; those that are not there are left out.
//
// `request` holds a `c1.reader.v2.EntitlementsReaderServiceListEntitlementsByIdsRequest`, the response the matching
// response.
//
// Fails with `C1Z_FAILED_PRECONDITION` (`AMBIGUOUS_ID`) when several resources have one with the same id.
c1z_code c1z_list_entitlements_by_ids(const c1z_store *store,
                                      c1z_slice request,
                                      c1z_buffer **response,
                                      c1z_error **error);

// Puts grants that expansion derived or completed. A grant that is stored already keeps its expansion state, its time
// of discovery and its scope; no grant becomes one that needs expansion.
//
// `request` holds a `c1z.v1.PutExpandedGrantsRequest`; the response is empty. Putting the same again changes nothing.
c1z_code c1z_put_expanded_grants(const c1z_store *store,
                                 c1z_slice request,
                                 c1z_buffer **response,
                                 c1z_error **error);

// Lists the grants of the bound sync that wait for expansion.
//
// `request` holds a `c1z.v1.ListPendingExpansionRequest`, the response a `c1z.v1.ListPendingExpansionResponse`.
c1z_code c1z_list_pending_expansion(const c1z_store *store,
                                    c1z_slice request,
                                    c1z_buffer **response,
                                    c1z_error **error);

// Lists grants of the bound sync, or of the one that the request names, each with its expansion.
//
// `request` holds a `c1z.v1.ListGrantsWithAnnotationsRequest`, the response a
// `c1z.v1.ListGrantsWithAnnotationsResponse`.
c1z_code c1z_list_grants_with_annotations(const c1z_store *store,
                                          c1z_slice request,
                                          c1z_buffer **response,
                                          c1z_error **error);

// Puts the grants that expansion makes of who holds one entitlement, and through which others. The library makes the
// grants, so that less crosses the boundary than with `c1z_put_expanded_grants`: only what differs between them.
//
// `request` holds a `c1z.v1.PutGrantContributionsRequest`; the response is empty. Nothing is put, and the call fails with
// `C1Z_INVALID_ARGUMENT`, where the entitlement or the sources of a contribution are missing. With `promised_new` a grant
// that is stored all the same loses its expansion state, its time of discovery and its scope, as a put takes them from it;
// what finds it, and listings of grants that wait for expansion, stay right.
c1z_code c1z_put_grant_contributions(const c1z_store *store,
                                     c1z_slice request,
                                     c1z_buffer **response,
                                     c1z_error **error);

// Lists the principals of one entitlement's grants, in the order of their types and ids, as
// `c1z_list_grants_for_entitlement` lists the grants. No grant is read: it takes a fraction of that listing's time.
//
// `request` holds a `c1z.v1.ListGrantPrincipalsRequest`, the response a `c1z.v1.ListGrantPrincipalsResponse`. Tokens are
// of this listing alone.
c1z_code c1z_list_grant_principals(const c1z_store *store,
                                   c1z_slice request,
                                   c1z_buffer **response,
                                   c1z_error **error);

// Reads one grant by its public id, as `c1z_get_grant` does, as stored: with the time
// of discovery, the expansion and whether it is pending.
//
// `request` holds a `c1.reader.v3.GrantsReaderServiceGetGrantRequest`, the response the matching response.
c1z_code c1z_get_grant_record(const c1z_store *store,
                              c1z_slice request,
                              c1z_buffer **response,
                              c1z_error **error);

// Lists the grants of one entitlement, as `c1z_list_grants_for_entitlement` does, as stored: with the time
// of discovery, the expansion and whether it is pending.
//
// `request` holds a `c1.reader.v3.GrantsReaderServiceListGrantsForEntitlementRequest`, the response the matching response.
c1z_code c1z_list_grant_records_for_entitlement(const c1z_store *store,
                                                c1z_slice request,
                                                c1z_buffer **response,
                                                c1z_error **error);

// Lists the grants of several entitlements, as `c1z_list_grants_for_entitlements` does, as stored: with the time
// of discovery, the expansion and whether it is pending.
//
// `request` holds a `c1.reader.v3.GrantsReaderServiceListGrantsForEntitlementsRequest`, the response the matching response.
c1z_code c1z_list_grant_records_for_entitlements(const c1z_store *store,
                                                 c1z_slice request,
                                                 c1z_buffer **response,
                                                 c1z_error **error);

// Lists the grants of one principal, as `c1z_list_grants_for_principal` does, as stored: with the time
// of discovery, the expansion and whether it is pending.
//
// `request` holds a `c1.reader.v3.GrantsReaderServiceListGrantsForPrincipalRequest`, the response the matching response.
c1z_code c1z_list_grant_records_for_principal(const c1z_store *store,
                                              c1z_slice request,
                                              c1z_buffer **response,
                                              c1z_error **error);

// Lists the grants whose principal has a type, as `c1z_list_grants_for_resource_type` does, as stored: with the time
// of discovery, the expansion and whether it is pending.
//
// `request` holds a `c1.reader.v3.GrantsReaderServiceListGrantsForResourceTypeRequest`, the response the matching response.
c1z_code c1z_list_grant_records_for_resource_type(const c1z_store *store,
                                                  c1z_slice request,
                                                  c1z_buffer **response,
                                                  c1z_error **error);

// Puts grants into the bound sync. A `GrantExpandable` annotation arms expansion.
//
// `request` holds a `c1z.v1.PutGrantsRequest`; the response is empty.
c1z_code c1z_put_grants(const c1z_store *store,
                        c1z_slice request,
                        c1z_buffer **response,
                        c1z_error **error);

// Deletes the grant of the bound sync that answers to a public id; none is no error.
//
// `request` holds a `c1z.v1.DeleteGrantRequest`; the response is empty.
//
// Fails with `C1Z_FAILED_PRECONDITION` (`AMBIGUOUS_ID`) when several grants have that id.
c1z_code c1z_delete_grant(const c1z_store *store,
                          c1z_slice request,
                          c1z_buffer **response,
                          c1z_error **error);

// Deletes grants of the bound sync by what they refer to, as one atomic step; those that are not there are passed
// over.
//
// `request` holds a `c1z.v1.DeleteGrantsRequest`; the response is empty.
//
// Fails with `C1Z_INVALID_ARGUMENT` when one lacks a part of its identity; then nothing is deleted.
c1z_code c1z_delete_grants(const c1z_store *store,
                           c1z_slice request,
                           c1z_buffer **response,
                           c1z_error **error);

// Lists grants, ordered by entitlement and principal: all, or those of a resource's entitlements.
//
// `request` holds a `c1.connector.v2.GrantsServiceListGrantsRequest`, the response the matching response.
c1z_code c1z_list_grants(const c1z_store *store,
                         c1z_slice request,
                         c1z_buffer **response,
                         c1z_error **error);

// Reads one grant by its public id.
//
// `request` holds a `c1.reader.v2.GrantsReaderServiceGetGrantRequest`, the response the matching response.
//
// Fails with `C1Z_NOT_FOUND` when there is none, `C1Z_FAILED_PRECONDITION` (`AMBIGUOUS_ID`) when several have it.
c1z_code c1z_get_grant(const c1z_store *store,
                       c1z_slice request,
                       c1z_buffer **response,
                       c1z_error **error);

// Lists the grants of one entitlement, ordered by principal. An entitlement without a resource is looked up by its
// bare id; an unknown one has no grants.
//
// `request` holds a `c1.reader.v2.GrantsReaderServiceListGrantsForEntitlementRequest`, the response the matching
// response.
c1z_code c1z_list_grants_for_entitlement(const c1z_store *store,
                                         c1z_slice request,
                                         c1z_buffer **response,
                                         c1z_error **error);

// Lists the grants of several entitlements, one entitlement after the other in the order of the request.
//
// `request` holds a `c1.reader.v2.GrantsReaderServiceListGrantsForEntitlementsRequest`, the response the matching
// response. A token of a request with other entitlements starts again with the first one.
c1z_code c1z_list_grants_for_entitlements(const c1z_store *store,
                                          c1z_slice request,
                                          c1z_buffer **response,
                                          c1z_error **error);

// Lists the grants of one principal, ordered by entitlement; with an entitlement, the one grant of it.
//
// `request` holds a `c1.reader.v2.GrantsReaderServiceListGrantsForPrincipalRequest`, the response the matching
// response.
c1z_code c1z_list_grants_for_principal(const c1z_store *store,
                                       c1z_slice request,
                                       c1z_buffer **response,
                                       c1z_error **error);

// Lists the grants whose principal has a type, ordered by principal and entitlement.
//
// `request` holds a `c1.reader.v2.GrantsReaderServiceListGrantsForResourceTypeRequest`, the response the matching
// response.
c1z_code c1z_list_grants_for_resource_type(const c1z_store *store,
                                           c1z_slice request,
                                           c1z_buffer **response,
                                           c1z_error **error);

// Takes a step of importing a sync: records of `c1.storage.v3`, as another engine has them, become a sync of the store with a
// given id, run, token and statistics. The first step names the run, others bring batches of records of one kind, in any
// order, and the last says that the import is complete; one step may be all of it. Times, source-cache scopes and fields that
// the schema does not name are kept.
//
// Until it ends nobody sees anything of it: then the sync appears in one step, finished if its run says so. Which sync is
// bound does not change, and other syncs may be written meanwhile. A store has one import at a time; `c1z_save` is refused with
// `C1Z_FAILED_PRECONDITION` meanwhile, and `c1z_close` gives up what has come.
//
// Grants with one identity become one grant, in whatever order they come: the one that was discovered first gives id and time,
// annotations, sources and expansions are those of all. Of other records with one identity the last counts.
//
// `request` holds a `c1z.v1.ImportRecordsRequest`, the response a `c1z.v1.ImportRecordsResponse`, which counts what was
// imported once the import has ended.
//
// Fails with `C1Z_INVALID_ARGUMENT` when the id is no KSUID, or a record cannot be read, lacks a part of its identity or has a
// scope that is too long, unless the request says that such records are left out; the message names the record by its place
// in the call and its id, and the import stays as it was. Fails with `C1Z_FAILED_PRECONDITION` when the sync exists, or is not
// the one that is being imported. After any other failure the step can be taken again; if it was the first, with the run.
c1z_code c1z_import_records(const c1z_store *store,
                            c1z_slice request,
                            const c1z_control *control,
                            c1z_buffer **response,
                            c1z_error **error);

// Walks all that a file holds, of every sync, and shows it as JSON by the descriptors in the file: no schema that the
// library was built with has a part in it. The file is unpacked and opened read-only; no store is needed.
//
// `request` holds a `c1z.v1.InspectRequest`; pages are `c1z.v1.InspectPage`, of up to 1,000 records or some 1 MiB.
// On success `*cursor` is freed with `c1z_cursor_free`.
//
// The JSON is protobuf's; docs/format.md, section 12, says what is added to it so that nothing stays invisible. A record
// that is damaged is shown as such and is no error.
//
// Fails as `c1z_open` does for a file to be opened read-only; with `C1Z_FAILED_PRECONDITION` (reason `NO_DESCRIPTORS`)
// when the file does not describe itself, `C1Z_DATA_LOSS` when its descriptors are damaged, `C1Z_RESOURCE_EXHAUSTED` when
// they are larger than 256 KiB, `C1Z_NOT_FOUND` when it has no such sync or record type.
c1z_code c1z_inspect(c1z_slice request,
                     const c1z_control *control,
                     c1z_cursor **cursor,
                     c1z_error **error);

// The descriptors in a file of format v3, also of another engine's: what `c1z_inspect` shows its records by. Reads the
// head of the file alone.
//
// `request` holds a `c1z.v1.InspectSchemaRequest`, the response a `google.protobuf.FileDescriptorSet` as the file has it,
// which is empty if the file has none.
//
// Fails with `C1Z_DATA_LOSS` when a file of the set imports one that is not in it, or the head is damaged.
c1z_code c1z_inspect_schema(c1z_slice request,
                            c1z_buffer **response,
                            c1z_error **error);

// Merges ended syncs, each of a file, into a sync that is alone in a new file, without a store. The files stay as they
// are. Progress is in records, then in bytes of the new file.
//
// The first input is the base, each that follows is newer than those before it. Of the records with one identity, resource
// types, resources, entitlements, grants and assets, the one with the latest `discovered_at` wins and takes the place of
// the others as a whole; of several such, and of several without a time, that of the newest input. A time wins over none.
// What an input does not hold is not deleted. The merged sync has an id of its own, the greatest type of the inputs (full,
// then resources_only, then partial), the time of the base's start and that of the last end, exact statistics, a token
// that says what was merged, and no session values.
//
// `request` holds a `c1z.v1.MergeFilesRequest`, the response a `c1z.v1.MergeResponse`.
//
// The file appears in one step: when the call fails, or the process dies, there is none. Fails with
// `C1Z_INVALID_ARGUMENT` for fewer than two inputs or a sync that is named twice, by whatever paths; with
// `C1Z_ALREADY_EXISTS` when a file is at the output's path; with `C1Z_NOT_FOUND` when an input, or the sync of it that
// the request names, is missing; with `C1Z_FAILED_PRECONDITION` when an input has no sync that has ended, or is a file
// that `c1z_open` refuses; with `C1Z_DATA_LOSS` when an input is damaged where it is read. The message names the input.
c1z_code c1z_merge_files(c1z_slice request,
                         const c1z_control *control,
                         c1z_buffer **response,
                         c1z_error **error);

// Merges ended syncs of the store as `c1z_merge_files` does. The merged sync takes their place, or comes beside them if the
// request says so; other syncs stay as they are. Readers see the syncs before the merge or after it; a cursor on a sync
// that is gone fails with `C1Z_NOT_FOUND`, and a page token of the base may lead on in the merged sync. Progress is in
// records. The file changes when it is saved.
//
// `request` holds a `c1z.v1.MergeSyncsRequest`, the response a `c1z.v1.MergeResponse`.
//
// Fails with `C1Z_INVALID_ARGUMENT` for fewer than two syncs or one that is named twice, with `C1Z_NOT_FOUND` when there
// is no such sync, with `C1Z_FAILED_PRECONDITION` when one has not ended or was bound by a call.
c1z_code c1z_merge_syncs(const c1z_store *store,
                         c1z_slice request,
                         const c1z_control *control,
                         c1z_buffer **response,
                         c1z_error **error);

// Makes deletions, records of several kinds and named values part of the bound sync in one step, or none of them: readers,
// checkpoints and saves see all of the page or nothing.
//
// `request` holds a `c1z.v1.CommitPageRequest`; the response is empty.
//
// Fails with `C1Z_FAILED_PRECONDITION` when no sync is bound or the bound one was ended, `C1Z_INVALID_ARGUMENT` when a record
// or a deletion lacks a part of its identity, or a name or value is too long.
c1z_code c1z_commit_page(const c1z_store *store,
                         c1z_slice request,
                         c1z_buffer **response,
                         c1z_error **error);

// Reads named values of a sync by their names; those that are not there are left out.
//
// `request` holds a `c1z.v1.GetNamedValuesRequest`, the response a `c1z.v1.GetNamedValuesResponse`.
c1z_code c1z_get_named_values(const c1z_store *store,
                              c1z_slice request,
                              c1z_buffer **response,
                              c1z_error **error);

// Lists the named values of a sync whose names start with a text, in the order of the names.
//
// `request` holds a `c1z.v1.ListNamedValuesRequest`, the response a `c1z.v1.ListNamedValuesResponse`.
c1z_code c1z_list_named_values(const c1z_store *store,
                               c1z_slice request,
                               c1z_buffer **response,
                               c1z_error **error);

// Lists what the records of a sync refer to, each thing once, or only what of it is not stored. It costs one seek for each
// thing, however many records refer to it.
//
// `request` holds a `c1z.v1.ListReferencesRequest`, the response a `c1z.v1.ListReferencesResponse`. Tokens are of one
// kind of reference alone.
c1z_code c1z_list_references(const c1z_store *store,
                             c1z_slice request,
                             c1z_buffer **response,
                             c1z_error **error);

// Says whether any and whether all grants of an entitlement, or of the entitlements on a resource, carry an annotation.
// Reads grants until that is known.
//
// `request` holds a `c1z.v1.FindGrantAnnotationRequest`, the response a `c1z.v1.FindGrantAnnotationResponse`.
c1z_code c1z_find_grant_annotation(const c1z_store *store,
                                   c1z_slice request,
                                   c1z_buffer **response,
                                   c1z_error **error);

// Puts resource types into the bound sync.
//
// `request` holds a `c1z.v1.PutResourceTypesRequest`; the response is empty. Ids are not looked at: as in the SDK, one that has
// none is stored under the empty id.
c1z_code c1z_put_resource_types(const c1z_store *store,
                                c1z_slice request,
                                c1z_buffer **response,
                                c1z_error **error);

// Lists resource types, ordered by id.
//
// `request` holds a `c1.connector.v2.ResourceTypesServiceListResourceTypesRequest`, the response the matching
// response.
c1z_code c1z_list_resource_types(const c1z_store *store,
                                 c1z_slice request,
                                 c1z_buffer **response,
                                 c1z_error **error);

// Reads one resource type by its id.
//
// `request` holds a `c1.reader.v2.ResourceTypesReaderServiceGetResourceTypeRequest`, the response the matching
// response.
//
// Fails with `C1Z_NOT_FOUND` when there is none.
c1z_code c1z_get_resource_type(const c1z_store *store,
                               c1z_slice request,
                               c1z_buffer **response,
                               c1z_error **error);

// Puts resources into the bound sync.
//
// `request` holds a `c1z.v1.PutResourcesRequest`; the response is empty. Ids are not looked at: as in the SDK, one that has none
// is stored under the empty id.
c1z_code c1z_put_resources(const c1z_store *store,
                           c1z_slice request,
                           c1z_buffer **response,
                           c1z_error **error);

// Deletes one resource of the bound sync by its type and id; one that is not there is no error. What refers to it
// stays.
//
// `request` holds a `c1z.v1.DeleteResourceRequest`; the response is empty.
c1z_code c1z_delete_resource(const c1z_store *store,
                             c1z_slice request,
                             c1z_buffer **response,
                             c1z_error **error);

// Lists resources, ordered by type and id: all, those of a type, the children of a parent, or both.
//
// `request` holds a `c1.connector.v2.ResourcesServiceListResourcesRequest`, the response the matching response.
c1z_code c1z_list_resources(const c1z_store *store,
                            c1z_slice request,
                            c1z_buffer **response,
                            c1z_error **error);

// Reads one resource by its type and id.
//
// `request` holds a `c1.reader.v2.ResourcesReaderServiceGetResourceRequest`, the response the matching response.
//
// Fails with `C1Z_NOT_FOUND` when there is none.
c1z_code c1z_get_resource(const c1z_store *store,
                          c1z_slice request,
                          c1z_buffer **response,
                          c1z_error **error);

// Reads resources by their ids, in the order of the request; those that are not there are left out.
//
// `request` holds a `c1.reader.v2.ResourcesReaderServiceListResourcesByIdsRequest`, the response the matching
// response.
c1z_code c1z_list_resources_by_ids(const c1z_store *store,
                                   c1z_slice request,
                                   c1z_buffer **response,
                                   c1z_error **error);

// Reads session values by their keys. Values beyond about 4 MB are named as unprocessed instead, but never all of
// them.
//
// `request` holds a `c1z.v1.GetSessionValuesRequest`, the response a `c1z.v1.GetSessionValuesResponse`.
c1z_code c1z_get_session_values(const c1z_store *store,
                                c1z_slice request,
                                c1z_buffer **response,
                                c1z_error **error);

// Sets session values, all or none. Permitted without a bound sync.
//
// `request` holds a `c1z.v1.SetSessionValuesRequest`; the response is empty.
c1z_code c1z_set_session_values(const c1z_store *store,
                                c1z_slice request,
                                c1z_buffer **response,
                                c1z_error **error);

// Deletes session values; those that are not there are no error.
//
// `request` holds a `c1z.v1.DeleteSessionValuesRequest`; the response is empty.
c1z_code c1z_delete_session_values(const c1z_store *store,
                                   c1z_slice request,
                                   c1z_buffer **response,
                                   c1z_error **error);

// Deletes every session value whose key starts with a prefix; with an empty one, all of the sync.
//
// `request` holds a `c1z.v1.ClearSessionRequest`; the response is empty.
c1z_code c1z_clear_session(const c1z_store *store,
                           c1z_slice request,
                           c1z_buffer **response,
                           c1z_error **error);

// Lists session values whose key starts with a prefix, in key order, about 4 MB a page.
//
// `request` holds a `c1z.v1.ListSessionValuesRequest`, the response a `c1z.v1.ListSessionValuesResponse`.
c1z_code c1z_list_session_values(const c1z_store *store,
                                 c1z_slice request,
                                 c1z_buffer **response,
                                 c1z_error **error);

// Reads what a scope is compared by: of the sync that the request names, or of the one that reads are shown. The response has
// nothing where the scope has to be collected anew.
//
// `request` holds a `c1z.v1.GetSourceCacheEntryRequest`, the response a `c1z.v1.GetSourceCacheEntryResponse`.
//
// Fails with `C1Z_INVALID_ARGUMENT` when there is no such kind of rows, or the scope has no name or one that is too long.
c1z_code c1z_get_source_cache_entry(const c1z_store *store,
                                    c1z_slice request,
                                    c1z_buffer **response,
                                    c1z_error **error);

// Keeps what a scope of the bound sync is compared by. The end of the sync counts the rows of its scopes; what changes records
// after that makes every scope one that has to be collected anew, until the sync is ended again.
//
// `request` holds a `c1z.v1.PutSourceCacheEntryRequest`; the response is empty.
//
// Fails with `C1Z_FAILED_PRECONDITION` when no sync is bound or the bound one was ended, `C1Z_INVALID_ARGUMENT` as
// `c1z_get_source_cache_entry` does and when there is nothing to compare by, or more than 1 MiB.
c1z_code c1z_put_source_cache_entry(const c1z_store *store,
                                    c1z_slice request,
                                    c1z_buffer **response,
                                    c1z_error **error);

// Makes the rows of a scope in the bound sync of `store` those that it has in an earlier sync of `source`, or of `store` if
// `source` is null: its own rows go, the others are copied as they are, but without the sources of a grant that expansion
// completed. No entry is put. Progress is in rows.
//
// `request` holds a `c1z.v1.ReplaySourceCacheRequest`, the response a `c1z.v1.ReplaySourceCacheResponse`. `source` is not
// changed, and closing it waits for the call.
//
// Fails with `C1Z_FAILED_PRECONDITION` when no sync is bound or the bound one was ended, and when the source has no such sync
// that is full, has ended and is not the result of a merge, or the scope in it has no entry, lost a row to another or was not
// counted; with `C1Z_NOT_FOUND` when the source has no sync of the id that is named; with `C1Z_DATA_LOSS` when rows are not
// those that were counted. Then nothing has changed. A call that fails later or is cancelled leaves a part of the rows; the
// same call makes them whole.
c1z_code c1z_replay_source_cache(const c1z_store *store,
                                 const c1z_store *source,
                                 c1z_slice request,
                                 const c1z_control *control,
                                 c1z_buffer **response,
                                 c1z_error **error);

// Deletes rows of the bound sync on behalf of a scope. Rows of the scope go without a trace; another scope that loses a row
// cannot be replayed after that.
//
// `request` holds a `c1z.v1.DeleteSourceCacheRowsRequest`, the response a `c1z.v1.DeleteSourceCacheRowsResponse`.
//
// Fails with `C1Z_FAILED_PRECONDITION` when no sync is bound or the bound one was ended, or several rows answer to an id, and
// with `C1Z_INVALID_ARGUMENT` when rows of that kind are not deleted in that way. Then nothing has changed. A call that fails
// later or is cancelled may have deleted some of the rows; the same call deletes the others.
c1z_code c1z_delete_source_cache_rows(const c1z_store *store,
                                      c1z_slice request,
                                      const c1z_control *control,
                                      c1z_buffer **response,
                                      c1z_error **error);

// Walks a file, without a store: head, frames and checksums; then, of a file of this library, every record and every
// index entry, statistics, and what the manifest says of them. The file is not changed. Progress is in bytes of the file,
// each of which counts once when it is unpacked and once when the database is walked.
//
// `request` holds a `c1z.v1.VerifyRequest`, the response a `c1z.v1.VerifyReport`.
//
// A damaged file is no failure: the report lists its faults, and of a sound file none. Fails with what prevents looking:
// `C1Z_NOT_FOUND` when the file is missing, `C1Z_FAILED_PRECONDITION` with the reason `FORMAT_V1` for a file of format
// v1, `C1Z_RESOURCE_EXHAUSTED` when it unpacks to more than the limits of the request or the disk is full.
c1z_code c1z_verify(c1z_slice request,
                    const c1z_control *control,
                    c1z_buffer **response,
                    c1z_error **error);

// The function table of the version that the host was built for; null for a version that this library does not know.
// The table lives forever.
const c1z_api *c1z_get_api(uint32_t version);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* C1Z_H */
