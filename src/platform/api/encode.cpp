#include "platform/api/encode.hpp"

namespace townhall::api {

void encode(std::string& out, db::Timestamp value) {
    out += '"';
    db::append(out, value);
    out += '"';
}

void encode(std::string& out, db::Date value) {
    out += '"';
    db::append(out, value);
    out += '"';
}

void encode(std::string& out, const db::Uuid& value) {
    out += '"';
    out += value.text;
    out += '"';
}

void encode(std::string& out, const db::Json& value) { out += value.text.empty() ? "null" : value.text; }

}  // namespace townhall::api
