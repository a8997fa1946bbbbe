// Any bytes through the JSON reader. What it takes must come out of the writer as it went in, and any bytes must come
// out of the writer of strings as something that the reader takes.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "platform/api/json.hpp"
#include "platform/http/uri.hpp"

namespace {

namespace json = townhall::api::json;

void require(bool condition) {
    if (!condition) std::abort();
}

constexpr std::size_t kDepth = 24;
constexpr std::size_t kValues = 500;

/// Counts values, and checks what every value that was read promises.
std::size_t check(const json::Value& value, std::size_t depth) {
    std::size_t count = 1;
    if (const auto* text = value.get_if<std::string>()) {
        require(townhall::http::is_utf8(*text) && !text->contains('\0'));
    } else if (const auto* array = value.get_if<json::Array>()) {
        require(depth < kDepth);
        for (const auto& item : *array) count += check(item, depth + 1);
    } else if (const auto* object = value.get_if<json::Object>()) {
        require(depth < kDepth);
        for (std::size_t i = 0; i < object->size(); ++i) {
            const auto& [key, item] = (*object)[i];
            require(townhall::http::is_utf8(key) && !key.contains('\0'));
            require(value.find(key) == &item);  // keys are unique
            count += check(item, depth + 1);
        }
    }
    return count;
}

std::string written(const json::Value& value) {
    std::string out;
    json::write(out, value);
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto value = json::parse(text, {.depth = kDepth, .values = kValues});
    if (value) {
        require(townhall::http::is_utf8(text));
        require(check(*value, 0) <= kValues);
        const std::string once = written(*value);
        const auto again = json::parse(once, {.depth = kDepth, .values = kValues});
        require(again.has_value());
        require(written(*again) == once);
    } else {
        require(!value.error().empty());
    }
    std::string quoted;
    json::write_string(quoted, text);
    const auto string = json::parse(quoted);
    require(string || text.contains('\0'));
    if (string && townhall::http::is_utf8(text)) require(*string->get_if<std::string>() == text);
    return 0;
}
