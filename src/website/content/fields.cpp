#include "website/content/fields.hpp"

#include <cmath>

#include "website/content/rich_text.hpp"

namespace townhall::website {

namespace {

namespace json = api::json;

constexpr std::size_t kLongestLine = 1'000;  // bytes of a name, title or other single line
constexpr std::size_t kMostLinks = 100;      // in one field

std::optional<std::string> line_of(Reading& reading, const Record& record, const json::Value* value) {
    const auto* text = value ? value->get_if<std::string>() : nullptr;
    if (!text || text->find_first_not_of(" \t\r\n") == std::string::npos) return std::nullopt;
    if (text->size() > kLongestLine) {
        reading.warnings.add(record.id, "a line of text is too long");
        return std::nullopt;
    }
    reading.spend(text->size());
    return *text;
}

std::optional<std::int64_t> pixels(const json::Value* image, std::string_view name) {
    const json::Value* value = image ? image->find(name) : nullptr;
    const auto* count = value ? value->get_if<std::int64_t>() : nullptr;
    return count && *count > 0 && *count < 1'000'000 ? std::optional(*count) : std::nullopt;
}

const Record* follow(const Reading& reading, const json::Value& value) {
    const auto link = link_of(value);
    return link && link->to == Link::To::entry ? reading.space.entry(link->id) : nullptr;
}

}  // namespace

void Reading::spend(std::size_t bytes) {
    if (bytes > bytes_left) throw ContentError("there is too much text");
    bytes_left -= bytes;
}

std::optional<std::string> Fields::text(std::string_view name) const {
    const json::Value* found = value(name);
    if (!found || !link_of(*found)) return line_of(reading_, record_, found);
    const Record* linked = follow(reading_, *found);
    if (!linked) {
        warn("a link leads nowhere");
        return std::nullopt;
    }
    auto line = line_of(reading_, *linked, reading_.space.field(*linked, "name"));
    return line ? line : line_of(reading_, *linked, reading_.space.field(*linked, "title"));
}

Body Fields::body(std::string_view name) const {
    const json::Value* found = value(name);
    if (!found) return {};
    if (const auto* text = found->get_if<std::string>()) return render_plain(reading_, *text);
    return render_rich(reading_, record_.id, *found);
}

bool Fields::flag(std::string_view name) const {
    const json::Value* found = value(name);
    const auto* truth = found ? found->get_if<bool>() : nullptr;
    return truth && *truth;
}

std::optional<double> Fields::number(std::string_view name) const {
    const json::Value* found = value(name);
    if (!found) return std::nullopt;
    if (const auto* integer = found->get_if<std::int64_t>()) return static_cast<double>(*integer);
    if (const auto* number = found->get_if<double>()) return *number;
    return std::nullopt;
}

std::int64_t Fields::integer(std::string_view name) const {
    const json::Value* found = value(name);
    const auto* number = found ? found->get_if<std::int64_t>() : nullptr;
    return number ? *number : 0;
}

std::optional<db::Timestamp> Fields::time(std::string_view name) const {
    const auto text = line_of(reading_, record_, value(name));
    if (!text) return std::nullopt;
    if (const auto day = db::parse_date(*text)) return db::Timestamp(*day);
    auto moment = db::parse_timestamp(*text);
    // Contentful's editor leaves the seconds out: "2026-03-01T09:30+05:30".
    if (!moment && text->size() >= 16) moment = db::parse_timestamp(text->substr(0, 16) + ":00" + text->substr(16));
    return moment;
}

std::optional<db::Date> Fields::date(std::string_view name) const {
    const auto moment = time(name);
    return moment ? std::optional(std::chrono::floor<std::chrono::days>(*moment)) : std::nullopt;
}

std::optional<Asset> Fields::asset(std::string_view name) const {
    const json::Value* found = value(name);
    const auto link = found ? link_of(*found) : std::nullopt;
    if (!link) return std::nullopt;
    const Record* file = link->to == Link::To::asset ? reading_.space.asset(link->id) : nullptr;
    if (file) return read_asset(reading_, *file);
    warn("a link leads nowhere");
    return std::nullopt;
}

std::vector<const Record*> Fields::entries(std::string_view name) const {
    std::vector<const Record*> found;
    const json::Value* list = value(name);
    const auto* links = list ? list->get_if<json::Array>() : nullptr;
    if (!links) return found;
    for (const json::Value& link : *links) {
        if (!link_of(link)) continue;
        if (found.size() == kMostLinks) {
            warn("a list of links is too long");
            break;
        }
        if (const Record* entry = follow(reading_, link))
            found.push_back(entry);
        else
            warn("a link leads nowhere");
    }
    return found;
}

std::vector<std::string> Fields::texts(std::string_view name) const {
    std::vector<std::string> found;
    const json::Value* list = value(name);
    const auto* items = list ? list->get_if<json::Array>() : nullptr;
    if (!items) return found;
    for (const json::Value& item : *items) {
        if (found.size() == kMostLinks) break;
        if (auto text = line_of(reading_, record_, &item)) found.push_back(*std::move(text));
    }
    return found;
}

std::optional<Asset> read_asset(Reading& reading, const Record& asset) {
    const json::Value* file = reading.space.field(asset, "file");
    Asset made;
    made.url = json::text_at(file, "url");
    if (made.url.starts_with("//")) {
        made.url.insert(0, "https:");
    } else if (made.url.starts_with('/')) {
        made.url.insert(0, reading.public_url);
    } else if (!made.url.starts_with("https://") && !made.url.starts_with("http://")) {
        made.url.clear();
    }
    if (made.url.empty() || made.url.size() > kLongestLine) {
        reading.warnings.add(asset.id, "has no usable address");
        return std::nullopt;
    }
    const json::Value* details = file->find("details");
    const json::Value* image = details ? details->find("image") : nullptr;
    made.width = pixels(image, "width");
    made.height = pixels(image, "height");
    made.content_type = json::text_at(file, "contentType").substr(0, 100);
    auto alt = line_of(reading, asset, reading.space.field(asset, "description"));
    if (!alt) alt = line_of(reading, asset, reading.space.field(asset, "title"));
    made.alt = std::move(alt).value_or("");
    reading.spend(made.url.size() + made.content_type.size());
    return made;
}

}  // namespace townhall::website
