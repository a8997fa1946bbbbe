#include "platform/guard/random.hpp"

#include <algorithm>
#include <cstring>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdexcept>

namespace townhall::guard {

namespace {

void from_openssl(std::span<std::uint8_t> out) {
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) throw std::runtime_error("no randomness");
}

struct Buffer {
    std::array<std::uint8_t, 1024> bytes;
    std::size_t used = sizeof bytes;
};

}  // namespace

void random_bytes(std::span<std::uint8_t> out) {
    thread_local Buffer buffer;
    if (out.size() > buffer.bytes.size()) return from_openssl(out);
    if (buffer.bytes.size() - buffer.used < out.size()) {
        from_openssl(buffer.bytes);
        buffer.used = 0;
    }
    const std::span taken = std::span(buffer.bytes).subspan(buffer.used, out.size());
    std::ranges::copy(taken, out.begin());
    OPENSSL_cleanse(taken.data(), taken.size());
    buffer.used += out.size();
}

}  // namespace townhall::guard
