#include "website/content/space.hpp"

#include <fmt/format.h>

namespace townhall::website {

namespace {

namespace json = api::json;

constexpr std::size_t kMostBytes = 64 << 20;  // of one answer; Contentful's own bound is 7 MB
constexpr std::size_t kMostValues = 1'000'000;
constexpr std::size_t kDeepest = 200;  // lists within lists of a rich text take four levels each
constexpr std::size_t kMostRecords = 10'000;
constexpr std::size_t kLongestId = 64;  // Contentful's bound

json::Value* member(json::Value& value, std::string_view name) {
    auto* object = std::get_if<json::Object>(&value.data);
    if (!object) return nullptr;
    for (auto& [key, inner] : *object)
        if (key == name) return &inner;
    return nullptr;
}

std::int64_t number_at(const json::Value& value, std::string_view name) {
    const json::Value* inner = value.find(name);
    const auto* number = inner ? inner->get_if<std::int64_t>() : nullptr;
    return number ? *number : 0;
}

/// The delivery API gives only what is published, the preview API drafts too; those lack `publishedVersion`, and as
/// long as they were never published have revision 0. Older answers have neither member, but a revision.
bool is_published(const json::Value& sys) {
    if (sys.find("archivedAt") || sys.find("archivedVersion")) return false;
    if (sys.find("publishedVersion") || sys.find("publishedAt")) return true;
    return number_at(sys, "revision") > 0 && !sys.find("firstPublishedAt");
}

db::Timestamp time_at(const json::Value& sys, std::string_view name) {
    return db::parse_timestamp(json::text_at(&sys, name)).value_or(db::Timestamp{});
}

/// When an entry or asset was deleted; nothing where that is not told.
std::optional<db::Timestamp> time_of_deletion(const json::Value& sys) {
    const auto when = db::parse_timestamp(json::text_at(&sys, "deletedAt"));
    return when ? when : db::parse_timestamp(json::text_at(&sys, "updatedAt"));
}

void check_room(std::size_t size) {
    if (size >= kMostRecords) throw ContentError(fmt::format("there are more than {} entries or assets", kMostRecords));
}

const Record* find(const Space::Records& records, std::string_view id) {
    const auto found = records.find(id);
    return found == records.end() ? nullptr : &found->second;
}

}  // namespace

void Warnings::add(std::string_view id, std::string_view what) {
    ++count_;
    if (kept_.size() < kMost) kept_.push_back({std::string(id.substr(0, kLongestId)), std::string(what)});
}

std::optional<Link> link_of(const json::Value& value) {
    const json::Value* sys = value.find("sys");
    const std::string_view id = json::text_at(sys, "id");
    if (json::text_at(sys, "type") != "Link" || id.empty()) return std::nullopt;
    const std::string_view kind = json::text_at(sys, "linkType");
    if (kind == "Entry") return Link{Link::To::entry, id};
    if (kind == "Asset") return Link{Link::To::asset, id};
    return std::nullopt;
}

void Space::Kind::place(Record record) {
    if (const auto gone = deleted.find(record.id); gone != deleted.end() && gone->second >= record.updated_at) return;
    const auto known = records.find(record.id);
    if (known == records.end()) {
        check_room(records.size());
        std::string id = record.id;
        records.emplace(std::move(id), std::move(record));
    } else if (known->second.updated_at < record.updated_at) {
        known->second = std::move(record);
    }
}

void Space::Kind::remove(std::string_view id, std::optional<db::Timestamp> when) {
    if (const auto known = records.find(id); known != records.end() && (!when || known->second.updated_at <= *when))
        records.erase(known);
    if (!when) return;  // what is read later may be newer
    check_room(deleted.size());
    db::Timestamp& latest = deleted.try_emplace(std::string(id), *when).first->second;
    latest = std::max(latest, *when);
}

void Space::add(std::string_view answer, Warnings& warnings) {
    if (answer.size() > kMostBytes) throw ContentError(fmt::format("an answer is larger than {} bytes", kMostBytes));
    auto document = json::parse(answer, {.depth = kDeepest, .values = kMostValues});
    if (!document) throw ContentError(fmt::format("an answer can't be read: {}", document.error()));
    json::Value* items = member(*document, "items");
    if (!items || !items->get_if<json::Array>() || json::text_at(document->find("sys"), "type") == "Error")
        throw ContentError("an answer is no list of the delivery API: it has no items");
    add_all(items, warnings);
    if (json::Value* includes = member(*document, "includes")) {
        add_all(member(*includes, "Entry"), warnings);
        add_all(member(*includes, "Asset"), warnings);
    }
}

void Space::add_all(json::Value* list, Warnings& warnings) {
    auto* items = list ? std::get_if<json::Array>(&list->data) : nullptr;
    if (!items) return;
    for (json::Value& item : *items) add_one(item, warnings);
}

void Space::add_one(json::Value& item, Warnings& warnings) {
    const json::Value* sys = item.find("sys");
    const std::string_view kind = json::text_at(sys, "type");
    const std::string_view id = json::text_at(sys, "id");
    if (id.empty() || id.size() > kLongestId) return warnings.add(id, "has no usable id");
    if (kind == "DeletedEntry" || kind == "DeletedAsset") {
        (kind == "DeletedEntry" ? entries_ : assets_).remove(id, time_of_deletion(*sys));
        return;
    }
    if (kind != "Entry" && kind != "Asset") return warnings.add(id, "is neither entry nor asset");
    if (!is_published(*sys)) return warnings.add(id, "is not published");
    json::Value* fields = member(item, "fields");
    if (!fields || !fields->get_if<json::Object>()) return warnings.add(id, "has no fields");

    const json::Value* type = sys->find("contentType");
    (kind == "Entry" ? entries_ : assets_)
        .place({.id = std::string(id),
                .type = std::string(json::text_at(type ? type->find("sys") : nullptr, "id")),
                .created_at = time_at(*sys, "createdAt"),
                .updated_at = time_at(*sys, "updatedAt"),
                .by_locale = sys->find("locale") == nullptr,
                .fields = std::move(*fields)});
}

const Record* Space::entry(std::string_view id) const { return find(entries_.records, id); }
const Record* Space::asset(std::string_view id) const { return find(assets_.records, id); }

const json::Value* Space::field(const Record& record, std::string_view name) const {
    const json::Value* value = record.fields.find(name);
    return value && record.by_locale ? value->find(locale_) : value;
}

}  // namespace townhall::website
