#include "platform/http/request_id.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <sys/random.h>
#include <system_error>

#include "platform/http/characters.hpp"

namespace townhall::http {
namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kRandomPerId = 10;

// Random bytes of this thread, asked for by the page.
class RandomBytes {
  public:
    void take(std::uint8_t* into, std::size_t count) {
        if (used_ + count > bytes_.size()) fill();
        std::memcpy(into, bytes_.data() + used_, count);
        used_ += count;
    }

  private:
    void fill() {
        std::size_t filled = 0;
        while (filled < bytes_.size()) {
            const ssize_t got = ::getrandom(bytes_.data() + filled, bytes_.size() - filled, 0);
            if (got > 0) {
                filled += static_cast<std::size_t>(got);
            } else if (errno != EINTR) {
                throw std::system_error(errno, std::system_category(), "getrandom");
            }
        }
        used_ = 0;
    }

    std::array<std::uint8_t, 4096> bytes_;
    std::size_t used_ = bytes_.size();
};

}  // namespace

bool is_request_id(std::string_view id) {
    constexpr std::size_t kLongest = 128;
    return !id.empty() && id.size() <= kLongest && all_of(kIdCharacters, id);
}

void make_request_id(std::string& into) {
    thread_local RandomBytes random;
    std::array<std::uint8_t, kIdBytes> id;
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &time);  // to a few milliseconds, which is enough to sort by
    const auto now =
        static_cast<std::uint64_t>(time.tv_sec) * 1000 + static_cast<std::uint64_t>(time.tv_nsec) / 1'000'000;
    for (std::size_t i = 0; i < 6; ++i) id[i] = static_cast<std::uint8_t>(now >> (40 - 8 * i));
    random.take(id.data() + 6, kRandomPerId);
    id[6] = static_cast<std::uint8_t>((id[6] & 0x0F) | 0x70);
    id[8] = static_cast<std::uint8_t>((id[8] & 0x3F) | 0x80);

    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<char, 36> text;
    std::size_t at = 0;
    for (std::size_t i = 0; i < kIdBytes; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
        text[at++] = kDigits[id[i] >> 4];
        text[at++] = kDigits[id[i] & 15];
    }
    into.assign(text.data(), text.size());
}

}  // namespace townhall::http
