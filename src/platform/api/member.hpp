#pragma once

#include <string>
#include <string_view>

#include "platform/api/schema.hpp"

namespace townhall::api {

/// Appends `"name":value` to an object that was begun with `{`, unless the value is absent. The name is an identifier.
template <class T>
void add_member(std::string& out, std::string_view name, const Maybe<T>& value) {
    if (!value.present()) return;
    out += out.size() > 1 ? ",\"" : "\"";
    out += name;
    out += "\":";
    encode(out, value);
}

}  // namespace townhall::api
