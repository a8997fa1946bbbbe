#include "platform/api/describe.hpp"

#include <fmt/format.h>

#include "platform/api/json.hpp"
#include "platform/api/router.hpp"

namespace townhall::api {

namespace {

std::string json_text(std::string_view text) {
    std::string out;
    json::write_string(out, text);
    return out;
}

std::string_view format_name(Format format) {
    switch (format) {
        case Format::email:
            return "email";
        case Format::slug:
            return "slug";
        case Format::time_zone:
            return "iana-time-zone";
        default:
            return "";
    }
}

}  // namespace

std::string describe_scalar(std::string_view type, std::string_view format, const Rules& rules) {
    std::string out = fmt::format(R"({{"type":"{}")", type);
    if (format.empty()) format = format_name(rules.format);
    if (!format.empty()) out += fmt::format(R"(,"format":"{}")", format);
    if (rules.least) out += fmt::format(R"(,"minimum":{})", *rules.least);
    if (rules.most) out += fmt::format(R"(,"maximum":{})", *rules.most);
    if (type == "string" && format != "date" && format != "date-time" && format != "uuid") {
        if (rules.shortest) out += fmt::format(R"(,"minLength":{},"pattern":"[^ \\t\\r\\n]")", rules.shortest);
        out += fmt::format(R"(,"maxLength":{})", rules.longest);
    }
    return out + '}';
}

std::string describe_nullable(std::string inner) { return fmt::format(R"({{"anyOf":[{},{{"type":"null"}}]}})", inner); }

std::string describe_list(const std::string& items, const Rules& rules) {
    return fmt::format(R"({{"type":"array","items":{},"maxItems":{}}})", items, rules.most_items);
}

std::string describe_enum(const std::vector<std::string_view>& names) {
    std::string list;
    for (const std::string_view name : names) list += (list.empty() ? "" : ",") + json_text(name);
    return fmt::format(R"({{"type":"string","enum":[{}]}})", list);
}

std::string describe_object(const std::vector<std::pair<std::string_view, std::string>>& properties,
                            const std::vector<std::string_view>& required) {
    std::string fields;
    for (const auto& [name, schema] : properties)
        fields += fmt::format("{}{}:{}", fields.empty() ? "" : ",", json_text(name), schema);
    std::string names;
    for (const std::string_view name : required) names += (names.empty() ? "" : ",") + json_text(name);
    return fmt::format(R"({{"type":"object","properties":{{{}}}{},"additionalProperties":false}})", fields,
                       names.empty() ? "" : fmt::format(R"(,"required":[{}])", names));
}

std::string describe_parameter(std::string_view name, Place place, bool required, const std::string& schema) {
    return fmt::format(R"({{"name":"{}","in":"{}","required":{},"schema":{}}})", name,
                       place == Place::path ? "path" : "query", required, schema);
}

std::string Components::reference(std::string_view name, const std::function<std::string()>& make) {
    bool known = false;
    for (const auto& [other, schema] : schemas_) known = known || other == name;
    if (!known) {
        const std::size_t index = schemas_.size();
        schemas_.emplace_back(name, std::string());  // named before it is made: schemas may refer to themselves
        std::string schema = make();
        schemas_[index].second = std::move(schema);
    }
    return fmt::format(R"({{"$ref":"#/components/schemas/{}"}})", name);
}

std::string reference(Components& components, std::string_view name, const std::function<std::string()>& make) {
    return components.reference(name, make);
}

}  // namespace townhall::api
