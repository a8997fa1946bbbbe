#include "importer/record/json.hpp"

#include <algorithm>

namespace townhall::importer {

void append_json_string(std::string& out, std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto special = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; };
    out += '"';
    while (true) {
        const auto* const stop = std::find_if(text.begin(), text.end(), special);
        out.append(text.begin(), stop);
        if (stop == text.end()) break;
        if (*stop == '"' || *stop == '\\') {
            out += '\\';
            out += *stop;
        } else {
            out += "\\u00";
            out += kHex[static_cast<unsigned char>(*stop) >> 4];
            out += kHex[static_cast<unsigned char>(*stop) & 15];
        }
        text.remove_prefix(static_cast<std::size_t>(stop - text.begin()) + 1);
    }
    out += '"';
}

}  // namespace townhall::importer
