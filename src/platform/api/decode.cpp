#include "platform/api/decode.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <fstream>
#include <limits>

#include "platform/mailbox.hpp"

namespace townhall::api {

namespace {

std::size_t code_points(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

/// A mailbox somewhere on the internet: its host has a domain.
bool is_email(std::string_view text) {
    const std::size_t dot = text.rfind('.');
    return is_mailbox(text) && dot != std::string_view::npos && dot > text.rfind('@') && dot + 2 < text.size();
}

bool is_slug(std::string_view text) {
    const auto bad = [](char c) { return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'); };
    return !text.empty() && !std::ranges::any_of(text, bad) && text.front() != '-' && text.back() != '-' &&
           !text.contains("--");
}

/// Whether it is compiled zone data (RFC 8536, section 3.1), and not one of the tables that lie beside it.
bool is_zone_file(const std::string& path) {
    constexpr std::string_view kMagic = "TZif";
    std::array<char, kMagic.size()> start{};
    std::ifstream file(path, std::ios::binary);
    return file.read(start.data(), start.size()) && std::string_view(start.data(), start.size()) == kMagic;
}

/// A name of the IANA database, as the system has it.
bool is_time_zone(const std::string& text) {
    const auto bad = [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
                 c == '-' || c == '+');
    };
    if (text.empty() || text.front() == '/' || std::ranges::any_of(text, bad)) return false;
    // Zone data of other scales and of this host's choice, and a placeholder: the database has no such zones.
    constexpr std::array<std::string_view, 3> kNone{"localtime", "posixrules", "Factory"};
    if (text.starts_with("right/") || text.starts_with("posix/") || std::ranges::find(kNone, text) != kNone.end())
        return false;
    return is_zone_file("/usr/share/zoneinfo/" + text);
}

bool within(std::int64_t number, const Rules& rules, Faults& faults) {
    if (rules.least && number < *rules.least)
        return faults.add("min", fmt::format("Must be at least {}.", *rules.least)), false;
    if (rules.most && number > *rules.most)
        return faults.add("max", fmt::format("Must be at most {}.", *rules.most)), false;
    return true;
}

const std::string* text_of(const json::Value& value, Faults& faults) {
    const auto* text = value.get_if<std::string>();
    if (!text)
        faults.add(value.is_null() ? "required" : "type", value.is_null() ? "Is required." : "Must be a string.");
    return text;
}

}  // namespace

void Faults::add(std::string code, std::string detail) {
    if (faults_.size() < kMost) faults_.push_back({in_, where_, std::move(code), std::move(detail)});
}

void Faults::append(std::vector<Fault> more) {
    for (Fault& fault : more)
        if (faults_.size() < kMost) faults_.push_back(std::move(fault));
}

Faults::Step::Step(Faults& faults, std::string_view name) : faults_(faults), length_(faults.where_.size()) {
    if (faults.in_ == Fault::In::parameter) {
        faults.where_ += name;
        return;
    }
    faults.where_ += '/';
    for (const char c : name.substr(0, 200)) {  // RFC 6901 section 3
        if (c == '~')
            faults.where_ += "~0";
        else if (c == '/')
            faults.where_ += "~1";
        else
            faults.where_ += c;
    }
}

Faults::Step::Step(Faults& faults, std::size_t index) : faults_(faults), length_(faults.where_.size()) {
    if (faults.in_ == Fault::In::body) faults.where_ += fmt::format("/{}", index);
}

void decode(const json::Value& value, bool& out, const Rules&, Faults& faults) {
    if (const auto* truth = value.get_if<bool>())
        out = *truth;
    else
        faults.add("type", "Must be true or false.");
}

void decode(const json::Value& value, std::int64_t& out, const Rules& rules, Faults& faults) {
    if (const auto number = value.integer()) {
        if (within(*number, rules, faults)) out = *number;
    } else {
        faults.add("type", "Must be an integer.");
    }
}

void decode(const json::Value& value, int& out, const Rules& rules, Faults& faults) {
    Rules narrowed = rules;
    narrowed.least =
        std::max<std::int64_t>(rules.least.value_or(std::numeric_limits<int>::min()), std::numeric_limits<int>::min());
    narrowed.most =
        std::min<std::int64_t>(rules.most.value_or(std::numeric_limits<int>::max()), std::numeric_limits<int>::max());
    std::int64_t wide = out;
    decode(value, wide, narrowed, faults);
    out = static_cast<int>(wide);
}

void decode(const json::Value& value, double& out, const Rules&, Faults& faults) {
    if (const auto* number = value.get_if<double>())
        out = *number;
    else if (const auto* integer = value.get_if<std::int64_t>())
        out = static_cast<double>(*integer);
    else
        faults.add("type", "Must be a number.");
}

void decode(const json::Value& value, std::string& out, const Rules& rules, Faults& faults) {
    const std::string* text = text_of(value, faults);
    if (!text) return;
    const std::size_t length = code_points(*text);
    if (length > rules.longest)
        return faults.add("max_length", fmt::format("Must be at most {} characters.", rules.longest));
    if (length < rules.shortest)
        return rules.shortest == 1
                   ? faults.add("required", "Must not be empty.")
                   : faults.add("min_length", fmt::format("Must be at least {} characters.", rules.shortest));
    if (rules.shortest > 0 && text->find_first_not_of(kBlanks) == std::string::npos)
        return faults.add("required", "Must not be blank.");
    switch (rules.format) {
        case Format::email:
            if (!is_email(*text)) return faults.add("format", "Must be an e-mail address.");
            break;
        case Format::slug:
            if (!is_slug(*text)) return faults.add("format", "Must be lower-case letters, digits and single hyphens.");
            break;
        case Format::time_zone:
            if (!is_time_zone(*text)) return faults.add("format", "Must be an IANA time zone, such as Europe/Berlin.");
            break;
        case Format::none:
        case Format::blob:
            break;
    }
    out = *text;
}

void decode(const json::Value& value, db::Timestamp& out, const Rules&, Faults& faults) {
    const std::string* text = text_of(value, faults);
    if (!text) return;
    const auto time = text->size() >= 20 ? db::parse_timestamp(*text) : std::nullopt;
    if (!time) return faults.add("format", "Must be a time as in 2026-01-31T12:00:00Z (RFC 3339).");
    out = *time;
}

void decode(const json::Value& value, db::Date& out, const Rules&, Faults& faults) {
    const std::string* text = text_of(value, faults);
    if (!text) return;
    const auto date = db::parse_date(*text);
    if (!date) return faults.add("format", "Must be a date as in 2026-01-31.");
    out = *date;
}

void decode(const json::Value& value, db::Uuid& out, const Rules&, Faults& faults) {
    const std::string* text = text_of(value, faults);
    if (!text) return;
    auto id = db::parse_uuid(*text);
    if (!id) return faults.add("format", "Must be a UUID.");
    out = *std::move(id);
}

void decode(const json::Value& value, db::Json& out, const Rules& rules, Faults& faults) {
    out.text.clear();
    json::write(out.text, value);
    if (out.text.size() > rules.longest) faults.add("max_length", "Is too large.");
}

void add_wrong_enum(Faults& faults, const std::string& allowed) {
    faults.add("enum", fmt::format("Must be one of: {}.", allowed));
}

bool wants_object(const json::Value& value, Faults& faults) {
    if (value.get_if<json::Object>()) return true;
    faults.add("type", "Must be an object.");
    return false;
}

void add_unknown(Faults& faults, std::string_view name) {
    const Faults::Step step(faults, name);
    faults.add("unknown", "No such field.");
}

void add_missing(Faults& faults) { faults.add("required", "Is required."); }

void add_unknown_parameters(const std::vector<std::pair<std::string, std::string>>& query,
                            std::span<const std::string_view> known, Faults& faults) {
    for (auto at = query.begin(); at != query.end(); ++at) {
        const std::string& name = at->first;
        const Faults::Step step(faults, std::string_view(name).substr(0, 200));
        if (std::ranges::find(known, name) == known.end())
            faults.add("unknown", "No such parameter.");
        else if (std::count_if(query.begin(), at, [&](const auto& before) { return before.first == name; }) == 1)
            faults.add("repeated", "Must be given once.");  // whichever was meant: none is taken for another
    }
}

json::Value parameter_value(std::string_view text, ParameterKind kind) {
    const char* end = text.data() + text.size();
    const auto reads = [&](auto& number) {
        const auto read = std::from_chars(text.data(), end, number);
        return read.ec == std::errc{} && read.ptr == end;
    };
    std::int64_t integer = 0;
    double number = 0;
    if (kind == ParameterKind::boolean && (text == "true" || text == "false")) return {text == "true"};
    if ((kind == ParameterKind::integer || kind == ParameterKind::number) && reads(integer)) return {integer};
    if (kind == ParameterKind::number && reads(number)) return {number};
    return {std::string(text)};
}

}  // namespace townhall::api
