#include "platform/db/sync/errors.hpp"

#include <algorithm>
#include <array>

namespace townhall::db {

namespace {

// Classes whose messages name tables, columns, roles, settings or the state of the server, never a row's values.
constexpr std::array<std::string_view, 19> kSchemaClasses{"08", "0A", "23", "25", "26", "28", "2B", "34", "3B", "3D",
                                                          "3F", "40", "42", "53", "54", "55", "57", "58", "F0"};

bool may_begin_a_value(char c) {
    return c == '"' || c == '\'' || c == '`' || c == ':' || static_cast<signed char>(c) < 0;
}

}  // namespace

std::string message_without_values(std::string_view sqlstate, std::string_view message) {
    while (!message.empty() && message.back() == '\n') message.remove_suffix(1);
    if (std::ranges::find(kSchemaClasses, sqlstate.substr(0, 2)) != kSchemaClasses.end()) return std::string(message);
    const auto cut = std::ranges::find_if(message, may_begin_a_value);
    std::string kept(message.begin(), cut);
    while (!kept.empty() && kept.back() == ' ') kept.pop_back();
    if (cut != message.end()) kept += kept.empty() ? "…" : " …";
    return kept;
}

}  // namespace townhall::db
