#include "website/content/rich_text.hpp"

#include <array>
#include <fmt/format.h>

namespace townhall::website {

namespace {

namespace json = api::json;

constexpr std::size_t kMostHtml = 256 * 1024;
constexpr int kDeepestEmbedding = 3;

void escape(std::string& out, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
}

/// Schemes that run nothing. Browsers strip blanks and control characters before they look at the scheme, so an address
/// that holds any is refused whole; and they take `\` for `/`, so "/\host" would leave this site.
bool is_safe_address(std::string_view address) {
    for (const char c : address)
        if (static_cast<unsigned char>(c) <= ' ' || c == 0x7F || c == '\\') return false;
    if (address.starts_with('#')) return true;
    if (address.starts_with('/')) return !address.starts_with("//");
    std::string scheme;
    for (const char c : address.substr(0, address.find(':') + 1))
        scheme += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    return scheme == "https:" || scheme == "http:" || scheme == "mailto:" || scheme == "tel:";
}

struct Element {
    std::string_view node;
    std::string_view element;
    bool block;  // its text is a line of its own
};
constexpr std::array kElements{Element{"paragraph", "p", true},
                               Element{"heading-1", "h1", true},
                               Element{"heading-2", "h2", true},
                               Element{"heading-3", "h3", true},
                               Element{"heading-4", "h4", true},
                               Element{"heading-5", "h5", true},
                               Element{"heading-6", "h6", true},
                               Element{"unordered-list", "ul", false},
                               Element{"ordered-list", "ol", false},
                               Element{"list-item", "li", false},
                               Element{"blockquote", "blockquote", false},
                               Element{"table", "table", false},
                               Element{"table-row", "tr", false},
                               Element{"table-cell", "td", false},
                               Element{"table-header-cell", "th", false}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kMarks{{{"bold", "strong"},
                                                                               {"italic", "em"},
                                                                               {"underline", "u"},
                                                                               {"code", "code"},
                                                                               {"superscript", "sup"},
                                                                               {"subscript", "sub"},
                                                                               {"strikethrough", "s"}}};

class Renderer {
  public:
    Renderer(Reading& reading, std::string_view id) : reading_(reading), id_(id) {}

    void node(const json::Value& node, int depth) {
        if (body_.html.size() >= kMostHtml) {
            if (!std::exchange(cut_, true)) reading_.warnings.add(id_, "a text is too long and was cut");
            return;
        }
        const std::string_view type = json::text_at(&node, "nodeType");
        if (type == "text") return text(node);
        if (type == "hr") return void(body_.html += "<hr>");
        if (type == "hyperlink") return hyperlink(node, depth);
        if (type.starts_with("embedded-") || type.ends_with("-hyperlink")) return linked(type, node, depth);
        for (const auto& known : kElements)
            if (known.node == type) return element(known, node, depth);
        children(node, depth);  // the document itself, and what Contentful may add
    }

    Body take() {
        while (body_.text.ends_with(' ')) body_.text.pop_back();
        return std::move(body_);
    }

  private:
    void children(const json::Value& node, int depth) {
        const json::Value* content = node.find("content");
        const auto* nodes = content ? content->get_if<json::Array>() : nullptr;
        if (!nodes) return;
        for (const json::Value& child : *nodes) this->node(child, depth);
    }

    void element(const Element& known, const json::Value& node, int depth) {
        body_.html.append("<").append(known.element).append(">");
        children(node, depth);
        body_.html.append("</").append(known.element).append(">");
        if (known.block) body_.text += ' ';
    }

    void text(const json::Value& node) {
        const std::string_view value = json::text_at(&node, "value").substr(0, kMostHtml);
        std::string closing;
        const json::Value* found = node.find("marks");
        if (const auto* marks = found ? found->get_if<json::Array>() : nullptr) {
            for (const auto& [mark, element] : kMarks) {
                for (const json::Value& one : *marks) {
                    if (json::text_at(&one, "type") != mark) continue;
                    body_.html.append("<").append(element).append(">");
                    closing = fmt::format("</{}>{}", element, closing);
                    break;
                }
            }
        }
        line(value);
        body_.html += closing;
    }

    /// Text whose line ends are kept.
    void line(std::string_view value) {
        while (!value.empty()) {
            const std::size_t end = std::min(value.find('\n'), value.size());
            escape(body_.html, value.substr(0, end));
            body_.text.append(value.substr(0, end));
            if (end < value.size()) body_.html += "<br>", body_.text += ' ';
            value.remove_prefix(std::min(end + 1, value.size()));
        }
    }

    void hyperlink(const json::Value& node, int depth) {
        const json::Value* data = node.find("data");
        const std::string_view address = json::text_at(data, "uri");
        const bool safe = !address.empty() && is_safe_address(address);
        if (!safe) reading_.warnings.add(id_, "a link's address is not allowed");
        if (safe) {
            body_.html += "<a href=\"";
            escape(body_.html, address);
            body_.html += address.starts_with("http") ? "\" rel=\"noopener\">" : "\">";
        }
        children(node, depth);
        if (safe) body_.html += "</a>";
    }

    void linked(std::string_view type, const json::Value& node, int depth) {
        const json::Value* data = node.find("data");
        const json::Value* target = data ? data->find("target") : nullptr;
        const auto link = target ? link_of(*target) : std::nullopt;
        const bool to_asset = link && link->to == Link::To::asset;
        const Record* record = !link      ? nullptr
                               : to_asset ? reading_.space.asset(link->id)
                                          : reading_.space.entry(link->id);
        if (!record) {
            reading_.warnings.add(id_, "a link leads nowhere");
            return children(node, depth);
        }
        if (to_asset)
            type.ends_with("-hyperlink") ? asset_link(*record, node, depth) : picture(*record);
        else if (type == "embedded-entry-block")
            embedded(*record, depth);
        else
            reference(*record, type == "embedded-entry-inline" ? nullptr : &node, depth);
    }

    void asset_link(const Record& record, const json::Value& node, int depth) {
        const auto asset = read_asset(reading_, record);
        if (!asset) return children(node, depth);
        body_.html += "<a href=\"";
        escape(body_.html, asset->url);
        body_.html += "\">";
        children(node, depth);
        body_.html += "</a>";
    }

    void picture(const Record& record) {
        const auto asset = read_asset(reading_, record);
        if (!asset) return;
        const bool image = asset->content_type.starts_with("image/");
        body_.html += image ? "<figure><img src=\"" : "<p><a href=\"";
        escape(body_.html, asset->url);
        if (image) {
            body_.html += "\" alt=\"";
            escape(body_.html, asset->alt);
            if (asset->width && asset->height)
                body_.html += fmt::format("\" width=\"{}\" height=\"{}", *asset->width, *asset->height);
            body_.html += "\" loading=\"lazy\"></figure>";
        } else {
            body_.html += "\">";
            escape(body_.html, asset->alt);
            body_.html += "</a></p>";
        }
    }

    /// Names another entry, for the site to make its own link of: where its pages are, the content does not know.
    void reference(const Record& record, const json::Value* node, int depth) {
        const Fields fields(reading_, record);
        body_.html += "<span data-entry-type=\"";
        escape(body_.html, record.type);
        body_.html += "\" data-entry-slug=\"";
        escape(body_.html, fields.text("slug").value_or(""));
        body_.html += "\">";
        if (node)
            children(*node, depth);
        else
            line(title_of(fields));
        body_.html += "</span>";
    }

    void embedded(const Record& record, int depth) {
        if (depth >= kDeepestEmbedding) return reading_.warnings.add(id_, "entries embed each other too deeply");
        const Fields fields(reading_, record);
        body_.html += "<section data-entry-type=\"";
        escape(body_.html, record.type);
        body_.html += "\">";
        if (const std::string title = title_of(fields); !title.empty()) {
            body_.html += "<h3>";
            line(title);
            body_.html += "</h3>";
            body_.text += ' ';
        }
        const json::Value* inner = reading_.space.field(record, "body");
        if (const auto* plain = inner ? inner->get_if<std::string>() : nullptr) {
            body_.html += "<p>";
            line(std::string_view(*plain).substr(0, kMostHtml));
            body_.html += "</p>";
            body_.text += ' ';
        } else if (inner) {
            this->node(*inner, depth + 1);
        }
        body_.html += "</section>";
    }

    static std::string title_of(const Fields& fields) {
        auto title = fields.text("title");
        return title ? *std::move(title) : fields.text("name").value_or("");
    }

    Reading& reading_;
    std::string_view id_;
    Body body_;
    bool cut_ = false;
};

}  // namespace

Body render_rich(Reading& reading, std::string_view id, const json::Value& document) {
    Renderer renderer(reading, id);
    renderer.node(document, 0);
    Body body = renderer.take();
    reading.spend(body.html.size() + body.text.size());
    return body;
}

Body render_plain(Reading& reading, std::string_view text) {
    Body body;
    body.text = text.substr(0, kMostHtml);
    bool open = false;
    for (std::string_view rest = body.text; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.find_first_not_of(" \t") == std::string_view::npos) {
            if (std::exchange(open, false)) body.html += "</p>";
            continue;
        }
        body.html += std::exchange(open, true) ? "<br>" : "<p>";
        escape(body.html, line);
    }
    if (open) body.html += "</p>";
    reading.spend(body.html.size() + body.text.size());
    return body;
}

}  // namespace townhall::website
