#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace townhall::guard {

/// 16 bytes in network order, so that the bytes compare as the text does.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

/// A fresh UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, a 12-bit counter that keeps the ids of one thread strictly
/// rising within a millisecond, 62 random bits. Cheap: random bytes come from a per-thread buffer.
[[nodiscard]] Uuid uuid_v7();

/// 36 characters, lower case, into `out`.
void write_text(const Uuid& id, char* out);
[[nodiscard]] std::string to_string(const Uuid& id);

/// Only the canonical form (8-4-4-4-12, either case); nothing else is an id.
[[nodiscard]] std::optional<Uuid> uuid_from(std::string_view text);

/// The text of a fresh UUIDv7: what public ids are made of.
[[nodiscard]] std::string new_id();

/// For hash tables: the low half of a UUIDv7 is random.
struct UuidHash {
    std::size_t operator()(const Uuid& id) const noexcept {
        std::size_t hash = 0;
        std::memcpy(&hash, id.bytes.data() + 8, sizeof hash);
        return hash;
    }
};

}  // namespace townhall::guard
