#include "platform/observe/tell_trace.hpp"

#include <cstdint>
#include <fmt/format.h>

namespace townhall::observe {

namespace {

/// Libraries' code, also where it was inlined into ours, and what made the trace.
bool is_foreign(const Place& place) {
    if (place.file.empty()) return !place.function.starts_with("townhall::") && place.function != "main";
    return !place.file.starts_with("src/") || place.file == "src/platform/observe/trace.cpp";
}

/// Asio's loop that resumes coroutines. What is below it on the stack did not call the coroutine, but completed what it
/// waited for.
bool resumes_coroutines(const Place& place) {
    return place.function.ends_with("pump") && place.file.ends_with("boost/asio/impl/awaitable.hpp");
}

std::vector<Place> places_of(const Trace& trace, Symbols& symbols, bool foreign_too) {
    std::vector<Place> told;
    const auto addresses = trace.addresses();
    bool below = false;  // of what resumed the coroutine
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        if (trace.begins_piece(i)) below = false;
        for (const Place& place : symbols.at(addresses[i])) {
            below = below || resumes_coroutines(place);
            if (!below && (foreign_too || !is_foreign(place))) told.push_back(place);
        }
    }
    return told;
}

/// FNV-1a.
class Hash {
  public:
    void add(std::string_view text) {
        for (const char c : text) add(static_cast<unsigned char>(c));
        add(0);
    }
    [[nodiscard]] std::string text() const { return fmt::format("{:016x}", value_); }

  private:
    void add(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001b3; }
    std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace

ToldTrace tell_trace(const Trace& trace, std::string_view type, Symbols& symbols) {
    std::vector<Place> places = places_of(trace, symbols, false);
    if (places.empty()) places = places_of(trace, symbols, true);
    ToldTrace told;
    Hash hash;
    hash.add(type);
    for (const Place& place : places) {
        hash.add(place.function);
        told.places.push_back(place.line > 0 ? fmt::format("{} {}:{}", place.function, place.file, place.line)
                                             : place.function);
    }
    told.fingerprint = hash.text();
    return told;
}

}  // namespace townhall::observe
