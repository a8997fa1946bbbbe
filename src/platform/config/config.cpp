#include "platform/config/config.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

namespace townhall::config {

namespace {

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::optional<std::int64_t> integer(std::string_view text, bool with_unit) {
    std::int64_t unit = 1;
    if (with_unit && !text.empty()) {
        const char last = static_cast<char>(text.back() & ~0x20);
        unit = last == 'K' ? 1LL << 10 : last == 'M' ? 1LL << 20 : last == 'G' ? 1LL << 30 : 1;
        if (unit > 1) text.remove_suffix(1);
    }
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (text.empty() || read.ec != std::errc{} || read.ptr != end || value > INT64_MAX / unit) return std::nullopt;
    return value * unit;
}

bool is_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const auto port = integer(text.substr(colon + 1), false);
    return port && *port >= 0 && *port <= 65535;
}

bool is_url(std::string_view text) {
    return (text.starts_with("http://") && text.size() > 7) || (text.starts_with("https://") && text.size() > 8);
}

std::string joined(const std::vector<std::string_view>& items, std::string_view between) {
    std::string out;
    for (const std::string_view item : items) {
        if (!out.empty()) out += between;
        out += item;
    }
    return out;
}

/// What a value of this option looks like, for messages and documents.
std::string expectation(const Option& option) {
    switch (option.kind) {
        case Kind::integer:
            return option.most == INT64_MAX ? fmt::format("an integer of at least {}", option.least)
                                            : fmt::format("an integer from {} to {}", option.least, option.most);
        case Kind::bytes:
            return "a number of bytes, as in 1048576, 64M or 16G";
        case Kind::choice:
            return "one of " + joined(option.choices, ", ");
        case Kind::address:
            return "host:port, as in 127.0.0.1:5000";
        case Kind::url:
            return "a URL that begins with http:// or https://";
        case Kind::secret:
            return fmt::format("a secret of at least {} characters", option.secret_length);
        case Kind::path:
            return "a path";
        case Kind::text:
            break;
    }
    return "text";
}

bool placeholder(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    for (const std::string_view word :
         {"your-", "your_", "changeme", "change-me", "placeholder", "example", "secret-key"})
        if (lower.find(word) != std::string::npos) return true;
    return !text.empty() && std::ranges::all_of(text, [&](char c) { return c == text.front(); });
}

}  // namespace

Environment process_environment() {
    Environment out;
    for (char** entry = environ; *entry; ++entry) {
        const std::string_view line(*entry);
        const std::size_t equals = line.find('=');
        if (equals != std::string_view::npos) out.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    return out;
}

Environment read_env_file(const std::string& path, std::vector<Problem>& problems) {
    Environment out;
    std::ifstream file(path);
    std::string raw;
    for (int number = 1; std::getline(file, raw); ++number) {
        std::string_view line = trimmed(raw);
        if (line.starts_with("export ")) line = trimmed(line.substr(7));
        if (line.empty() || line.starts_with('#')) continue;
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            problems.push_back({fmt::format("{} line {}", path, number), "is not NAME=value"});
            continue;
        }
        std::string_view value = trimmed(line.substr(equals + 1));
        if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
            value = value.substr(1, value.size() - 2);
        else
            value = trimmed(value.substr(0, value.find(" #")));
        out.insert_or_assign(std::string(trimmed(line.substr(0, equals))), std::string(value));
    }
    return out;
}

Values Values::read(const std::vector<Option>& table, const Environment& flags, const Environment& environment,
                    const Environment& file, std::vector<Problem>& problems) {
    Values values;
    const auto given = [&](std::string_view name) -> const std::string* {
        for (const Environment* source : {&flags, &environment, &file})
            if (const auto found = source->find(name); found != source->end() && !found->second.empty())
                return &found->second;
        return nullptr;
    };
    for (const Option& option : table) {
        const std::string* text = given(option.name);
        if (!option.alias.empty()) {
            const std::string* other = given(option.alias);
            if (text && other && *text != *other)
                problems.push_back(
                    {std::string(option.name), fmt::format("differs from {}, its other name: set one", option.alias)});
            if (!text) text = other;
        }
        Value value{text ? *text : std::string(option.fallback), 0, text != nullptr};
        bool good = true;
        if (!value.text.empty()) {
            if (option.kind == Kind::integer || option.kind == Kind::bytes) {
                const auto number = integer(value.text, option.kind == Kind::bytes);
                good = number && *number >= option.least && *number <= option.most;
                value.number = number.value_or(0);
            } else if (option.kind == Kind::choice) {
                good = std::ranges::find(option.choices, value.text) != option.choices.end();
            } else if (option.kind == Kind::address) {
                good = is_address(value.text);
            } else if (option.kind == Kind::url) {
                good = is_url(value.text);
            }
        }
        if (!good) problems.push_back({std::string(option.name), "must be " + expectation(option)});
        values.values_.emplace(option.name, std::move(value));
    }
    return values;
}

std::vector<std::string_view> items_of(std::string_view list) {
    std::vector<std::string_view> items;
    for (std::size_t at = 0; at <= list.size();) {
        const std::size_t end = std::min(list.find(',', at), list.size());
        std::string_view item = list.substr(at, end - at);
        while (item.starts_with(' ') || item.starts_with('\t')) item.remove_prefix(1);
        while (item.ends_with(' ') || item.ends_with('\t')) item.remove_suffix(1);
        items.push_back(item);
        at = end + 1;
    }
    return items;
}

const std::string& Values::text(std::string_view name) const { return values_.find(name)->second.text; }
std::int64_t Values::number(std::string_view name) const { return values_.find(name)->second.number; }
bool Values::given(std::string_view name) const { return values_.find(name)->second.given; }

void Values::check_secrets(const std::vector<Option>& table, std::vector<std::string_view> required,
                           std::vector<Problem>& problems) const {
    for (const Option& option : table) {
        if (option.kind != Kind::secret) continue;
        const std::string& whole = text(option.name);
        const bool needed = std::ranges::find(required, option.name) != required.end();
        if (whole.empty()) {
            if (needed)
                problems.push_back({std::string(option.name), "is required; make one with: openssl rand -base64 48"});
            continue;
        }
        for (const std::string_view one : items_of(whole)) {  // JWT_SECRET_KEY holds several
            if (one.size() < option.secret_length)
                problems.push_back({std::string(option.name), "is too short: it must be " + expectation(option)});
            else if (placeholder(one))
                problems.push_back(
                    {std::string(option.name), "is a placeholder: make one with: openssl rand -base64 48"});
        }
    }
}

std::string env_example(const std::vector<Option>& table) {
    std::string out =
        "# Townhall's options. Copy to .env and set what you need; everything has a default for development.\n";
    std::string_view section;
    for (const Option& option : table) {
        if (option.section != section) out += fmt::format("\n# ---- {} ----\n", section = option.section);
        out += fmt::format("# {}{}\n", option.doc, option.used ? "" : " (not used by this version yet)");
        out += fmt::format("#{}={}\n", option.name, option.fallback);
    }
    return out;
}

std::string markdown(const std::vector<Option>& table) {
    std::string out =
        "# Configuration\n\nOptions come from flags of `townhall serve`, the environment, then a `.env` file in the "
        "working directory. Every bad value is told at start, all at once. This page is generated from the table in "
        "`src/app/options/`.\n";
    std::string_view section;
    for (const Option& option : table) {
        if (option.section != section)
            out += fmt::format("\n## {}\n\n| name | value | default | meaning |\n|---|---|---|---|\n",
                               section = option.section);
        std::string name = fmt::format("`{}`", option.name);
        if (!option.alias.empty()) name += fmt::format(" (`{}`)", option.alias);
        if (!option.flag.empty()) name += fmt::format(", `{}`", option.flag);
        out += fmt::format("| {} | {} | {} | {}{} |\n", name, expectation(option),
                           option.fallback.empty() ? "" : fmt::format("`{}`", option.fallback), option.doc,
                           option.used ? "" : " Not used by this version yet.");
    }
    return out;
}

}  // namespace townhall::config
