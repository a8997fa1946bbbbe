#include "platform/observe/trace.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <gtest/gtest.h>
#include <stdexcept>
#include <thread>

#include "platform/observe/tell_trace.hpp"
#include "platform/task.hpp"

namespace townhall::observe {

namespace asio = boost::asio;

[[gnu::noinline]] void traced_thrower() { throw std::runtime_error("secret text"); }

[[gnu::noinline]] char traced_library_thrower(const std::string& text) { return text.at(text.size() + 1); }

Task<void> traced_inner(bool wait) {
    if (wait) {
        asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
        co_await timer.async_wait(asio::use_awaitable);
    }
    traced_thrower();
}

Task<void> traced_middle(bool wait) { co_await traced_inner(wait); }

Task<void> traced_outer(bool wait) {
    co_await traced_middle(wait);
    co_return;
}

namespace {

std::exception_ptr thrown_by(auto function) {
    try {
        function();
    } catch (...) {
        return std::current_exception();
    }
    return nullptr;
}

std::exception_ptr thrown_through_coroutines(bool wait) {
    asio::io_context context;
    std::exception_ptr thrown;
    asio::co_spawn(context, traced_outer(wait), [&](std::exception_ptr failure) { thrown = std::move(failure); });
    context.run();
    return thrown;
}

ToldTrace told(const std::exception_ptr& thrown) {
    static Symbols symbols;
    return tell_trace(trace_of(thrown), "type", symbols);
}

/// Which place names the function first; the number of places where none does.
std::size_t place_of(const ToldTrace& trace, std::string_view function) {
    return static_cast<std::size_t>(
        std::ranges::find_if(trace.places,
                             [&](const std::string& place) { return place.find(function) != std::string::npos; }) -
        trace.places.begin());
}

std::string joined(const ToldTrace& trace) {
    std::string out;
    for (const std::string& place : trace.places) out += place + "\n";
    return out;
}

TEST(Trace, TellsWhereAnExceptionWasThrown) {
    const ToldTrace trace = told(thrown_by(traced_thrower));
    ASSERT_FALSE(trace.places.empty());
    EXPECT_TRUE(
        trace.places.front().starts_with("townhall::observe::traced_thrower src/platform/observe/trace_test.cpp:"))
        << joined(trace);
    EXPECT_EQ(joined(trace).find("secret"), std::string::npos);
}

TEST(Trace, TellsOfOurFunctionWhereALibraryThrew) {
    const ToldTrace trace = told(thrown_by([] { traced_library_thrower("x"); }));
    ASSERT_FALSE(trace.places.empty());
    EXPECT_NE(trace.places.front().find("traced_library_thrower"), std::string::npos) << joined(trace);
}

TEST(Trace, FollowsAnExceptionThroughCoroutines) {
    for (const bool wait : {false, true}) {
        const ToldTrace trace = told(thrown_through_coroutines(wait));
        const std::size_t thrower = place_of(trace, "traced_thrower"), inner = place_of(trace, "traced_inner");
        const std::size_t middle = place_of(trace, "traced_middle"), outer = place_of(trace, "traced_outer");
        EXPECT_EQ(thrower, 0U) << joined(trace);
        EXPECT_LT(thrower, inner);
        EXPECT_LT(inner, middle);
        EXPECT_LT(middle, outer);
        EXPECT_LT(outer, trace.places.size()) << joined(trace);
    }
}

TEST(Trace, TheFingerprintIsOfThePlaceAndNotOfHowItWasReached) {
    const std::string one = told(thrown_through_coroutines(false)).fingerprint;
    EXPECT_EQ(one.size(), 16U);
    EXPECT_EQ(told(thrown_through_coroutines(true)).fingerprint, one);
    EXPECT_EQ(told(thrown_through_coroutines(true)).fingerprint, one);
    EXPECT_NE(told(thrown_by(traced_thrower)).fingerprint, one);
}

TEST(Trace, TellsWhereAnExceptionWasMadeThatNobodyThrew) {
    const std::exception_ptr made = std::make_exception_ptr(std::runtime_error("x"));
    EXPECT_NE(joined(told(made)).find("TellsWhereAnExceptionWasMadeThatNobodyThrew"), std::string::npos)
        << joined(told(made));
}

TEST(Trace, CrossesThreads) {
    std::exception_ptr thrown;
    std::thread([&] { thrown = thrown_by(traced_thrower); }).join();
    EXPECT_NE(joined(told(thrown)).find("traced_thrower"), std::string::npos);
}

TEST(Trace, ManyThreadsThrowAtOnce) {
    std::atomic<int> without = 0;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 8; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 2'000; ++i) {
                    const auto thrown = thrown_by(traced_thrower);
                    if (trace_of(thrown).empty()) ++without;
                }
            });
        }
    }
    EXPECT_LT(without, 1'000);  // of those that met another one's slot
}

TEST(Symbols, NamesArePutAsInTheSource) {
    EXPECT_EQ(demangled("_ZN1a1bEi"), "a::b(int)");
    EXPECT_EQ(demangled("main"), "main");
}

TEST(Symbols, NamesAreShort) {
    for (const auto& [name, bare] : std::vector<std::pair<std::string, std::string>>{
             {"a::b(int, std::function<void (int)>) const", "a::b"},
             {"a::(anonymous namespace)::b(int) [clone .resume]", "a::b"},
             {"x::awaitable<std::vector<a::C, std::allocator<a::C> >, x::any> a::read_all<a::C>(int)", "a::read_all"},
             {"a::b(int)::{lambda(int)#1}::operator()(int) const", "a::b::{lambda#1}::operator()"},
             {"a::X<1>::operator<<(int)", "a::X::operator<<"},
             {"bool a::operator==<a::X>(a::X const&, a::X const&)", "a::operator==<a::X>"},
             {"a::X::operator bool() const", "a::X::operator bool"},
             {"operator()", "operator()"},
             {"main", "main"}}) {
        EXPECT_EQ(bare_name(name), bare) << name;
    }
}

}  // namespace
}  // namespace townhall::observe
