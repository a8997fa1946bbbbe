#pragma once

#include <optional>
#include <utility>

namespace townhall::api {

/// A field that tells "absent" apart from null: what PATCH needs, and what leaves a field out of an answer.
template <class T>
class Maybe {
  public:
    Maybe() = default;
    Maybe(std::nullopt_t) : present_(true) {}                                    // NOLINT: implicit on purpose
    Maybe(T value) : present_(true), value_(std::move(value)) {}                 // NOLINT
    Maybe(std::optional<T> value) : present_(true), value_(std::move(value)) {}  // NOLINT

    [[nodiscard]] bool present() const { return present_; }
    [[nodiscard]] bool is_null() const { return present_ && !value_; }
    [[nodiscard]] bool has_value() const { return value_.has_value(); }
    [[nodiscard]] const std::optional<T>& value() const { return value_; }
    [[nodiscard]] const T& operator*() const { return *value_; }
    [[nodiscard]] const T* operator->() const { return &*value_; }

  private:
    bool present_ = false;
    std::optional<T> value_;
};

}  // namespace townhall::api
