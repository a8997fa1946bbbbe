#include "platform/mail/render.hpp"

#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <kainjow/mustache.hpp>
#include <utility>

namespace townhall::mail {

namespace mustache = kainjow::mustache;

namespace {

constexpr std::size_t kMaxTemplate = 256 * 1024;

mustache::data object_of(const Values& values) {
    mustache::data object(mustache::data::type::object);
    for (const auto& [name, value] : values) {
        if (const auto* text = std::get_if<std::string>(&value)) {
            object.set(name, *text);
        } else if (const auto* on = std::get_if<bool>(&value)) {
            object.set(name, *on);
        } else {
            mustache::data list(mustache::data::type::list);
            for (const Values& item : std::get<std::vector<Values>>(value)) list.push_back(object_of(item));
            object.set(name, std::move(list));
        }
    }
    return object;
}

/// Throws BadTemplate on a text that can't be parsed.
mustache::mustache parsed(std::string_view text) {
    mustache::mustache parsed{std::string(text)};
    if (!parsed.is_valid()) throw BadTemplate(parsed.error_message());
    return parsed;
}

std::string read_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw BadTemplate("can't be read");
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (text.size() > kMaxTemplate) throw BadTemplate("is too large");
    return text;
}

}  // namespace

std::string render(std::string_view text, const Values& values, Escape escape) {
    mustache::mustache whole = parsed(text);
    if (escape == Escape::none) whole.set_custom_escape([](const std::string& plain) { return plain; });
    return whole.render(object_of(values));
}

Templates::Templates(const std::filesystem::path& folder) {
    constexpr std::string_view kSubject = "Subject: ";
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (entry.path().extension() != ".txt") continue;
        std::filesystem::path file = entry.path();
        try {
            const std::string whole = read_file(file);
            const std::size_t end = whole.find("\n\n");
            if (!whole.starts_with(kSubject) || end == std::string::npos || whole.find('\n') != end) {
                throw BadTemplate("must begin with \"Subject: …\" and an empty line");
            }
            Template made{whole.substr(kSubject.size(), end - kSubject.size()), whole.substr(end + 2), {}};
            (void)parsed(made.subject);
            (void)parsed(made.text);
            file.replace_extension(".html");
            if (std::filesystem::exists(file)) {
                made.html = read_file(file);
                (void)parsed(*made.html);
            }
            templates_.emplace(file.stem().string(), std::move(made));
        } catch (const BadTemplate& failure) {
            throw BadTemplate(fmt::format("{}: {}", file.string(), failure.what()));
        }
    }
    if (error) throw BadTemplate(fmt::format("{}: {}", folder.string(), error.message()));
}

Rendered Templates::render(std::string_view name, const Values& values) const {
    const auto found = templates_.find(name);
    if (found == templates_.end()) throw std::out_of_range(fmt::format("no mail template {}", name));
    const Template& chosen = found->second;
    Rendered out{
        mail::render(chosen.subject, values, Escape::none), mail::render(chosen.text, values, Escape::none), {}};
    if (chosen.html) out.html = mail::render(*chosen.html, values, Escape::html);
    // What someone typed may hold a line break, and a subject is one line.
    for (char& c : out.subject) {
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    }
    return out;
}

}  // namespace townhall::mail
