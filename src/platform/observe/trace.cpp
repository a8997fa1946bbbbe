#include "platform/observe/trace.hpp"

#include <atomic>
#include <cstring>
#include <cxxabi.h>
#include <dlfcn.h>
#include <typeinfo>
#include <unwind.h>
#include <utility>

namespace townhall::observe {

namespace {

constexpr std::size_t kMadeMost = 28;     // addresses that are kept of where an exception is made
constexpr std::size_t kThrownOnMost = 8;  // and of each place that throws it on
constexpr std::size_t kSlots = 256;       // of exceptions alive at once; more take each other's place

/// What is known of one exception, under its address. Exceptions cross threads, so a slot has a lock; whoever finds it
/// taken goes without, rather than wait.
struct Slot {
    std::atomic<bool> taken = false;
    const void* exception = nullptr;
    Trace trace;
};

Slot& slot_of(const void* exception) noexcept {
    static constinit std::array<Slot, kSlots> slots;
    // Exceptions are aligned to 16 bytes and mostly of a few sizes: the multiplication spreads them.
    const auto key = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(exception) >> 4);
    return slots[key * 0x9E3779B97F4A7C15 >> 56];
}

class Locked {
  public:
    explicit Locked(Slot& slot) noexcept
        : slot_(slot.taken.exchange(true, std::memory_order_acquire) ? nullptr : &slot) {}
    ~Locked() {
        if (slot_) slot_->taken.store(false, std::memory_order_release);
    }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;
    explicit operator bool() const { return slot_ != nullptr; }
    Slot* operator->() const { return slot_; }

  private:
    Slot* slot_;
};

struct Walk {
    Trace& trace;
    std::size_t most;
};

_Unwind_Reason_Code visit(_Unwind_Context* context, void* data) {
    auto& walk = *static_cast<Walk*>(data);
    if (walk.most == 0) return _URC_END_OF_STACK;
    --walk.most;
    int before_instruction = 0;  // an address returned to is one past the call's
    const std::uintptr_t address = _Unwind_GetIPInfo(context, &before_instruction);
    if (address == 0) return _URC_END_OF_STACK;
    walk.trace.add(before_instruction ? address : address - 1);
    return _URC_NO_REASON;
}

void exception_made(const void* exception) noexcept {
    const Locked slot(slot_of(exception));
    if (!slot) return;
    slot->exception = exception;
    slot->trace.clear();
    add_stack(slot->trace, kMadeMost);
}

void exception_thrown_on(const void* exception) noexcept {
    const Locked slot(slot_of(exception));
    if (slot && slot->exception == exception) add_stack(slot->trace, kThrownOnMost);
}

/// libstdc++'s exception_ptr is one pointer, to the exception.
const void* exception_in(const std::exception_ptr& pointer) noexcept {
    static_assert(sizeof(std::exception_ptr) == sizeof(void*));
    const void* exception = nullptr;
    std::memcpy(static_cast<void*>(&exception), static_cast<const void*>(&pointer), sizeof exception);
    return exception;
}

template <class Function>
Function* next_definition(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

void add_stack(Trace& trace, std::size_t most) noexcept {
    trace.begin_piece();
    Walk walk{trace, most};
    _Unwind_Backtrace(&visit, &walk);
}

Trace trace_of(const std::exception_ptr& thrown) noexcept {
    const void* exception = exception_in(thrown);
    const Locked slot(slot_of(exception));
    return slot && slot->exception == exception ? slot->trace : Trace{};
}

}  // namespace townhall::observe

// What follows takes the place of two functions of libstdc++, which it calls in turn: the dynamic linker looks for
// symbols in the program before the libraries. Every exception is made by the first, those of the libraries and of
// std::make_exception_ptr too.

namespace observe = townhall::observe;

namespace __cxxabiv1 {

extern "C" __cxa_refcounted_exception* __cxa_init_primary_exception(void* object, std::type_info* type,
                                                                    void (*destructor)(void*)) noexcept {
    static const auto init =
        observe::next_definition<decltype(__cxa_init_primary_exception)>("__cxa_init_primary_exception");
    observe::exception_made(object);
    return init(object, type, destructor);
}

}  // namespace __cxxabiv1

namespace {

constexpr const char* kRethrow = "_ZSt17rethrow_exceptionNSt15__exception_ptr13exception_ptrE";

}  // namespace

/// std::rethrow_exception, by which Asio's coroutines pass an exception on.
[[noreturn]] void rethrow_exception_and_note(std::exception_ptr thrown) asm(
    "_ZSt17rethrow_exceptionNSt15__exception_ptr13exception_ptrE");

[[noreturn]] void rethrow_exception_and_note(std::exception_ptr thrown) {
    static const auto rethrow = observe::next_definition<void(std::exception_ptr)>(kRethrow);
    observe::exception_thrown_on(observe::exception_in(thrown));
    rethrow(std::move(thrown));
    std::unreachable();
}
