#include "campaign/imports/mapping.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "importer/importer.hpp"
#include "platform/api/json.hpp"

namespace townhall::campaign {

namespace {

api::Error bad(std::string detail) { return api::invalid_parameter("mapping", "format", std::move(detail)); }

}  // namespace

Result<Mapping> read_mapping(std::string_view text) {
    const auto document = api::json::parse(text);
    const auto* object = document ? document->get_if<api::json::Object>() : nullptr;
    if (!object) return std::unexpected(bad("Must be a JSON object: our field to the file's column."));
    Mapping out;
    for (const auto& [field, value] : *object) {
        const auto& known = importer::field_names();
        if (std::ranges::find(known, field) == known.end() && !field.starts_with("districts."))
            return std::unexpected(
                bad(fmt::format("Names a field that voters don't have. There are: {}.", fmt::join(known, ", "))));
        if (const auto* name = value.get_if<std::string>())
            out.emplace_back(field, *name);
        else if (const auto* number = value.get_if<std::int64_t>())
            out.emplace_back(field, std::to_string(*number));
        else
            return std::unexpected(bad("A column is named by its header, or by its number."));
    }
    return out;
}

Mapping mapping_from(std::string_view text) { return read_mapping(text).value_or(Mapping()); }

}  // namespace townhall::campaign
