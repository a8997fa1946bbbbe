#include "platform/guard/uuid.hpp"

#include <chrono>

#include "platform/guard/random.hpp"

namespace townhall::guard {

namespace {

constexpr char kHex[] = "0123456789abcdef";

constexpr bool dash_at(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

int nibble(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Milliseconds in the upper 48 bits, counter in the lower 12 (RFC 9562, section 6.2, method 1): strictly rising on
/// this thread, also when the clock steps back or 4,096 ids fall into a millisecond.
std::uint64_t next_tick(std::uint16_t random) {
    thread_local std::uint64_t last = 0;
    using namespace std::chrono;
    const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
    // Starting each millisecond in the lower half of the counter leaves room to count.
    const std::uint64_t fresh = (static_cast<std::uint64_t>(now) << 12) | (random & 0x7FFu);
    last = (fresh >> 12) > (last >> 12) ? fresh : last + 1;
    return last;
}

}  // namespace

Uuid uuid_v7() {
    Uuid id;
    const auto random = random_array<10>();
    std::uint64_t tick = next_tick(static_cast<std::uint16_t>(random[8] | (random[9] << 8)));
    const auto counter = static_cast<std::uint16_t>(tick & 0xFFF);
    tick >>= 12;
    for (int i = 5; i >= 0; --i, tick >>= 8) id.bytes[i] = static_cast<std::uint8_t>(tick);
    id.bytes[6] = static_cast<std::uint8_t>(0x70 | (counter >> 8));
    id.bytes[7] = static_cast<std::uint8_t>(counter);
    std::memcpy(id.bytes.data() + 8, random.data(), 8);
    id.bytes[8] = static_cast<std::uint8_t>(0x80 | (id.bytes[8] & 0x3F));
    return id;
}

void write_text(const Uuid& id, char* out) {
    std::size_t at = 0;
    for (const std::uint8_t byte : id.bytes) {
        if (dash_at(at)) out[at++] = '-';
        out[at++] = kHex[byte >> 4];
        out[at++] = kHex[byte & 0xF];
    }
}

std::string to_string(const Uuid& id) {
    std::string text(36, '\0');
    write_text(id, text.data());
    return text;
}

std::optional<Uuid> uuid_from(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    Uuid id;
    std::size_t at = 0;
    for (std::uint8_t& byte : id.bytes) {
        if (dash_at(at) && text[at++] != '-') return std::nullopt;
        const int high = nibble(text[at]);
        const int low = nibble(text[at + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        byte = static_cast<std::uint8_t>(high << 4 | low);
        at += 2;
    }
    return id;
}

std::string new_id() { return to_string(uuid_v7()); }

}  // namespace townhall::guard
