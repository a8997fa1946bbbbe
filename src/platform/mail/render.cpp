#include "platform/mail/render.hpp"

#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <kainjow/mustache.hpp>
#include <mutex>
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
            object.set(name, list);
        }
    }
    return object;
}

/// A template that was parsed: that takes longer than filling it.
class Parsed {
  public:
    /// Throws BadTemplate on a text that can't be parsed.
    Parsed(std::string_view text, Escape escape) : whole_(std::string(text)) {
        if (!whole_.is_valid()) throw BadTemplate(whole_.error_message());
        if (escape == Escape::none) whole_.set_custom_escape([](const std::string& plain) { return plain; });
    }

    std::string fill(const mustache::data& values) {
        mustache::context<std::string> context;
        context.push(&values);
        Text out;
        return std::move(whole_.render(context, out).text);
    }

  private:
    /// What the library writes to; its own streams look at the locale for every piece.
    struct Text {
        std::string text;
        Text& operator<<(const std::string& piece) {
            text += piece;
            return *this;
        }
    };

    mustache::mustache whole_;
};

std::string read_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw BadTemplate("can't be read");
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (text.size() > kMaxTemplate) throw BadTemplate("is too large");
    return text;
}

}  // namespace

std::string render(std::string_view text, const Values& values, Escape escape) {
    return Parsed(text, escape).fill(object_of(values));
}

struct Templates::Template {
    Parsed subject, text;
    std::optional<Parsed> html = {};
    std::mutex filling = {};  // the parsed form does not say that it may be used by two at once
};

Templates::~Templates() = default;

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
            const std::string_view text = whole;
            auto made =
                std::make_unique<Template>(Parsed(text.substr(kSubject.size(), end - kSubject.size()), Escape::none),
                                           Parsed(text.substr(end + 2), Escape::none));
            file.replace_extension(".html");
            if (std::filesystem::exists(file)) made->html.emplace(read_file(file), Escape::html);
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
    Template& chosen = *found->second;
    const mustache::data object = object_of(values);
    const std::scoped_lock lock(chosen.filling);
    Rendered out{chosen.subject.fill(object), chosen.text.fill(object), {}};
    if (chosen.html) out.html = chosen.html->fill(object);
    // What someone typed may hold a line break, and a subject is one line.
    for (char& c : out.subject) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    }
    return out;
}

}  // namespace townhall::mail
