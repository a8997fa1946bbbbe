#include "platform/observe/crash.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <cxxabi.h>
#include <memory>
#include <string_view>
#include <typeinfo>
#include <ucontext.h>
#include <unistd.h>
#include <utility>

#include "platform/observe/log.hpp"
#include "platform/observe/log_file.hpp"
#include "platform/observe/symbol_table.hpp"
#include "platform/observe/trace.hpp"

namespace townhall::observe {

namespace {

constexpr std::size_t kStackBytes = 64 * 1024;
constexpr std::size_t kMostFrames = 48;
constexpr unsigned kLongestSeconds = 5;  // should the handler itself hang

constexpr std::array<std::pair<int, std::string_view>, 5> kSignals{
    {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}, {SIGABRT, "SIGABRT"}}};

/// Text in a buffer of fixed size. Nothing here allocates or locks: it runs in the handler.
class Line {
  public:
    Line& add(std::string_view text) {
        const std::size_t size = std::min(text.size(), text_.size() - size_);
        std::memcpy(text_.data() + size_, text.data(), size);
        size_ += size;
        return *this;
    }
    Line& add(std::uint64_t number, unsigned base, int digits = 1) {
        std::array<char, 20> reversed;
        int count = 0;
        for (; number > 0 || count < digits; number /= base)
            reversed[static_cast<std::size_t>(count++)] = "0123456789abcdef"[number % base];
        while (count > 0) add({&reversed[static_cast<std::size_t>(--count)], 1});
        return *this;
    }
    /// Whether so many bytes, and the line's end, still fit.
    [[nodiscard]] bool has_room(std::size_t bytes) const { return size_ + bytes + 64 < text_.size(); }
    [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

  private:
    std::array<char, 16 * 1024> text_;
    std::size_t size_ = 0;
};

void add_time(Line& line) {
    using namespace std::chrono;
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const sys_days day = floor<days>(sys_seconds(seconds(now.tv_sec)));
    const year_month_day date(day);
    const auto second = static_cast<std::uint64_t>(now.tv_sec) % 86'400;
    line.add(static_cast<std::uint64_t>(static_cast<int>(date.year())), 10, 4).add("-");
    line.add(static_cast<unsigned>(date.month()), 10, 2).add("-");
    line.add(static_cast<unsigned>(date.day()), 10, 2).add("T");
    line.add(second / 3600, 10, 2).add(":").add(second / 60 % 60, 10, 2).add(":").add(second % 60, 10, 2).add(".");
    line.add(static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000, 10, 3).add("Z");
}

std::uintptr_t interrupted_at(const void* context) {
    const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    return static_cast<std::uintptr_t>(registers.gregs[REG_RIP]);
#elif defined(__aarch64__)
    return static_cast<std::uintptr_t>(registers.pc);
#else
    return 0;
#endif
}

void add_address(Line& line, std::uintptr_t address, const SymbolTable& symbols) {
    const SymbolTable::Found found = symbols.find(address);
    line.add("\"");
    if (found.name.empty())
        line.add("0x").add(address, 16);
    else
        line.add(found.name).add("+0x").add(found.offset, 16);
    line.add("\"");
}

/// Names as the linker knows them (c++filt tells the rest): to put them otherwise takes memory.
void add_trace(Line& line, const void* context, const SymbolTable& symbols) {
    Trace trace;
    add_stack(trace, kMostFrames);
    const auto frames = trace.addresses();
    // The handler's own frames come before what it interrupted.
    const std::uintptr_t at = interrupted_at(context);
    std::size_t first = 0;
    while (first < frames.size() && frames[first] != at) ++first;
    const bool found = first < frames.size();
    line.add(R"(,"trace":[)");
    if (!found) add_address(line, at, symbols);
    for (std::size_t i = found ? first : 0; i < frames.size() && line.has_room(512); ++i) {
        if (i > first || !found) line.add(",");
        add_address(line, frames[i], symbols);
    }
    line.add("]");
}

/// Made before it is needed.
SymbolTable* program_symbols = nullptr;

void tell_and_die(int signal, siginfo_t* info, void* context) {
    ::alarm(kLongestSeconds);
    static Line line;
    line.add(R"({"time":")");
    add_time(line);
    line.add(R"(","level":"critical","message":"crashed","signal":")");
    for (const auto& [number, name] : kSignals)
        if (number == signal) line.add(name);
    line.add("\"");
    if (signal != SIGABRT)
        line.add(R"(,"address":"0x)").add(reinterpret_cast<std::uintptr_t>(info->si_addr), 16).add("\"");
    // Uncaught: the type's name is a constant of the program. Its text may quote a person's data.
    if (const std::type_info* type = signal == SIGABRT ? abi::__cxa_current_exception_type() : nullptr)
        line.add(R"(,"type":")").add(type->name()).add("\"");
    add_trace(line, context, *program_symbols);
    write_at_crash(line.add("}\n").text());
    // The handler is gone already (SA_RESETHAND): this takes its usual effect once the handler returns.
    ::raise(signal);
}

#if defined(__has_feature)
constexpr bool kSanitizerTells = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitizerTells = false;
#endif

/// A thread's stack for signals, for as long as the thread lives.
class SignalStack {
  public:
    SignalStack() : memory_(std::make_unique<std::byte[]>(kStackBytes)) {
        const stack_t stack{.ss_sp = memory_.get(), .ss_flags = 0, .ss_size = kStackBytes};
        ::sigaltstack(&stack, nullptr);
    }
    ~SignalStack() {
        const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
        ::sigaltstack(&none, nullptr);
    }
    SignalStack(const SignalStack&) = delete;
    SignalStack& operator=(const SignalStack&) = delete;

  private:
    std::unique_ptr<std::byte[]> memory_;
};

}  // namespace

void use_crash_stack() {
    if (kSanitizerTells) return;
    thread_local const SignalStack stack;
}

void install_crash_handler() {
    if (kSanitizerTells) return;
    static SymbolTable symbols;
    program_symbols = &symbols;
    static_cast<void>(log_stats());  // makes the log, which the handler must not do
    Trace first;
    add_stack(first, 1);  // likewise what the unwinder makes at its first use
    use_crash_stack();
    struct sigaction action{};
    action.sa_sigaction = &tell_and_die;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND;
    ::sigfillset(&action.sa_mask);
    for (const auto& [signal, name] : kSignals) ::sigaction(signal, &action, nullptr);
}

}  // namespace townhall::observe
