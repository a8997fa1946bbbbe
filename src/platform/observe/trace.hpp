#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>

/// Where exceptions come from. Every exception that this process makes leaves the addresses of its stack in a table
/// (see trace.cpp); being thrown on, which is how it passes from one coroutine to the one that awaits it, adds to them.
namespace townhall::observe {

/// Addresses of code, as pieces of stack: the first is where the exception was made, each other one where a coroutine
/// (or thread) threw it on. Innermost first.
class Trace {
  public:
    static constexpr std::size_t kMost = 64;

    [[nodiscard]] std::span<const std::uintptr_t> addresses() const { return {addresses_.data(), count_}; }
    /// Whether a piece begins at this index.
    [[nodiscard]] bool begins_piece(std::size_t index) const { return (begins_ >> index & 1) != 0; }
    [[nodiscard]] bool empty() const { return count_ == 0; }

    void begin_piece() noexcept { begins_ |= count_ < kMost ? std::uint64_t{1} << count_ : 0; }
    void add(std::uintptr_t address) noexcept {
        if (count_ < kMost) addresses_[count_++] = address;
    }
    void clear() noexcept { count_ = begins_ = 0; }

  private:
    std::array<std::uintptr_t, kMost> addresses_{};
    std::uint64_t begins_ = 0;
    std::size_t count_ = 0;
};

/// Adds up to `most` addresses of the calling thread's stack to `trace`, as a piece. Allocates nothing.
void add_stack(Trace& trace, std::size_t most) noexcept;

/// What is remembered of an exception that is still alive; empty where others took its place.
[[nodiscard]] Trace trace_of(const std::exception_ptr& thrown) noexcept;

}  // namespace townhall::observe
