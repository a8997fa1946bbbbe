#include "platform/observe/request_counters.hpp"

namespace townhall::observe {

namespace {

constexpr std::string_view kOther = "other";

/// By address: the same text at another address is a slot of its own, and added up by whoever reads.
std::size_t hash_of(const AnswerKind& key) {
    const auto bits = [](std::string_view text) { return reinterpret_cast<std::uintptr_t>(text.data()); };
    std::uint64_t hash = bits(key.route) * 0x9E3779B97F4A7C15;
    hash = (hash ^ bits(key.method) ^ static_cast<std::uint64_t>(key.status) << 40) * 0x9E3779B97F4A7C15;
    return (hash ^ bits(key.problem)) * 0x9E3779B97F4A7C15 >> 40;
}

bool same(const AnswerKind& a, const AnswerKind& b) {
    const auto same_text = [](std::string_view x, std::string_view y) {
        return x.data() == y.data() && x.size() == y.size();
    };
    return a.status == b.status && same_text(a.route, b.route) && same_text(a.method, b.method) &&
           same_text(a.problem, b.problem);
}

}  // namespace

template <class Value, std::size_t Size>
Value& RequestCounters::find(Table<Value, Size>& table, std::size_t& used, AnswerKind key) noexcept {
    // A quarter stays free, so that looking ends soon; the last ones are left for "other".
    constexpr std::size_t kMost = Size / 4 * 3;
    constexpr std::size_t kMostOfRoutes = kMost - 64;
    while (true) {
        for (std::size_t at = hash_of(key) % Size;; at = (at + 1) % Size) {
            auto& slot = table[at];
            if (slot.used.load(std::memory_order_relaxed)) {
                if (same(slot.key, key)) return slot.value;
                continue;
            }
            if (used >= kMostOfRoutes && key.route.data() != kOther.data()) break;
            if (used >= kMost) return table[0].value;  // more statuses than there are: can't happen
            ++used;
            slot.key = key;
            slot.used.store(true, std::memory_order_release);
            return slot.value;
        }
        key.route = kOther;
        key.problem = {};
    }
}

void RequestCounters::count(const AnswerKind& answer, std::chrono::nanoseconds took) noexcept {
    auto& count = find(answers_, answers_used_, answer);
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    find(seconds_, seconds_used_, {.route = answer.route, .method = answer.method, .problem = {}}).observe(took);
}

void RequestCounters::add_to(RequestTotals& totals) const {
    for (const auto& slot : answers_)
        if (slot.used.load(std::memory_order_acquire))
            totals.answers[slot.key] += slot.value.load(std::memory_order_relaxed);
    for (const auto& slot : seconds_)
        if (slot.used.load(std::memory_order_acquire)) slot.value.add_to(totals.seconds[slot.key]);
}

}  // namespace townhall::observe
