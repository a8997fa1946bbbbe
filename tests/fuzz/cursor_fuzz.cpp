// Any text as a cursor: none that this key did not sign is taken, and what it signed comes back byte for byte, for its
// own list only. The first byte says where the rest is cut into the list's name and the position.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "platform/api/paging.hpp"

namespace {

using namespace townhall;

void require(bool condition) {
    if (!condition) std::abort();
}

const guard::SignKey& key() {
    static const guard::SignKey made = guard::Secret("the fuzzer's own secret, used nowhere else").sign_key("cursor");
    return made;
}

bool is_taken(std::string_view purpose, std::string_view text) {
    const auto read = api::read_cursor(key(), purpose, std::string(text));
    require(read.has_value() || (read.error().code.status == 422 && read.error().faults.size() == 1));
    return read.has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    require(!is_taken("/api/things", text));

    const std::size_t cut = text.empty() ? 0 : data[0] % text.size();
    // A list's name is the template of a path: it holds no line end.
    const std::string_view name = text.substr(0, cut);
    const std::string purpose = "/" + std::string(name.substr(0, name.find('\n')));
    const std::string position(text.substr(cut));
    std::string cursor = api::write_cursor(key(), purpose, position);
    const auto read = api::read_cursor(key(), purpose, cursor);
    require(read && *read && **read == position);
    require(!is_taken(purpose + "x", cursor));
    require(!is_taken(std::string_view(purpose).substr(0, purpose.size() - 1), cursor));

    char& changed = cursor[data[0] % cursor.size()];
    changed = changed == 'A' ? 'B' : 'A';
    require(!is_taken(purpose, cursor));
    require(!is_taken(purpose, std::string_view(cursor).substr(0, cursor.size() - 1)));
    return 0;
}
