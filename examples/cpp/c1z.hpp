// Typed calls on libc1z: messages in and out, exceptions for errors.
#pragma once

#include <c1z.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace c1z {

// What the library says of a call that failed.
struct Error : std::runtime_error {
  Error(c1z_code code, const std::string &reason, const std::string &message)
      : std::runtime_error(reason + ": " + message), code(code) {}
  c1z_code code;
};

// Takes the error's address: its value is read only after the call that may write it.
inline void check(c1z_code code, c1z_error **error) {
  if (code == C1Z_OK) return;
  std::unique_ptr<c1z_error, decltype(&c1z_error_free)> owned(*error, c1z_error_free);
  throw Error(code, c1z_error_reason(*error), c1z_error_message(*error));
}

// The bytes of a message. Borrowed: they live as long as the string.
inline c1z_slice slice(const std::string &bytes) { return {reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()}; }

// An open file, which is closed without saving unless close was called. Any number of threads may use it.
class Store {
 public:
  // Opens what a c1z.v1.OpenRequest says.
  template <typename Request>
  explicit Store(const Request &request) {
    c1z_error *error = nullptr;
    check(c1z_open(slice(request.SerializeAsString()), nullptr, &store_, &error), &error);
  }
  Store(const Store &) = delete;
  Store &operator=(const Store &) = delete;
  ~Store() { c1z_store_free(store_); }

  // Calls a function whose response matters.
  template <typename Response, typename Request>
  Response ask(decltype(&c1z_list_grants) function, const Request &request) const {
    c1z_buffer *buffer = nullptr;
    c1z_error *error = nullptr;
    const c1z_code code = function(store_, slice(request.SerializeAsString()), &buffer, &error);
    std::unique_ptr<c1z_buffer, decltype(&c1z_buffer_free)> owned(buffer, c1z_buffer_free);
    check(code, &error);
    Response response;
    const c1z_slice bytes = c1z_buffer_data(buffer);
    if (!response.ParseFromArray(bytes.data, static_cast<int>(bytes.len)))
      throw std::runtime_error("the response of the library is not the message it should be");
    return response;
  }

  // Calls a function whose response is empty.
  template <typename Request>
  void tell(decltype(&c1z_put_grants) function, const Request &request) const {
    c1z_error *error = nullptr;
    check(function(store_, slice(request.SerializeAsString()), nullptr, &error), &error);
  }

  // Calls one that may take long.
  template <typename Request>
  void tell(decltype(&c1z_end_sync) function, const Request &request) const {
    c1z_error *error = nullptr;
    check(function(store_, slice(request.SerializeAsString()), nullptr, nullptr, &error), &error);
  }

 private:
  c1z_store *store_ = nullptr;
};

}  // namespace c1z
