#include "platform/api/json.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace townhall::api::json {

namespace {

/// Builds Values from the parser's events on an explicit stack, so that depth costs no call stack.
class Builder {
  public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    using Code = boost::system::error_code;

    explicit Builder(std::size_t most_values) : values_left_(most_values) {}

    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_object_begin(Code& code) { return open(Object{}, code); }
    bool on_array_begin(Code& code) { return open(Array{}, code); }
    bool on_array_end(std::size_t, Code&) { return close(); }
    bool on_object_end(std::size_t, Code& code) {
        if (has_duplicate(std::get<Object>(open_.back()->data))) return refuse(code, "an object names a key twice");
        return close();
    }

    bool on_key_part(boost::json::string_view part, std::size_t, Code&) { return append(part); }
    bool on_key(boost::json::string_view part, std::size_t, Code& code) {
        append(part);
        if (text_.find('\0') != std::string::npos) return refuse(code, "a key holds NUL");
        key_ = std::exchange(text_, {});
        return true;
    }
    bool on_string_part(boost::json::string_view part, std::size_t, Code&) { return append(part); }
    bool on_string(boost::json::string_view part, std::size_t, Code& code) {
        append(part);
        if (text_.find('\0') != std::string::npos) return refuse(code, "a string holds NUL");
        return place(Value{std::exchange(text_, {})}, code) != nullptr;
    }
    bool on_number_part(boost::json::string_view, Code&) { return true; }
    bool on_int64(std::int64_t number, boost::json::string_view, Code& code) { return place(Value{number}, code); }
    bool on_uint64(std::uint64_t, boost::json::string_view, Code& code) {
        return refuse(code, "an integer is outside 64 bits");
    }
    /// The parser's own number is off by a bit now and then: it is read again from its text, which comes whole, for
    /// the document is in one piece.
    bool on_double(double number, boost::json::string_view text, Code& code) {
        std::from_chars(text.data(), text.data() + text.size(), number);  // out of range: as it was
        if (!std::isfinite(number)) return refuse(code, "a number is out of range");
        // The parser turns integers too long for 64 bits into doubles; those within hold a fraction or an exponent.
        return place(Value{number}, code) != nullptr;
    }
    bool on_bool(bool truth, Code& code) { return place(Value{truth}, code) != nullptr; }
    bool on_null(Code& code) { return place(Value{}, code) != nullptr; }
    bool on_comment_part(boost::json::string_view, Code&) { return true; }
    bool on_comment(boost::json::string_view, Code&) { return true; }

    [[nodiscard]] const char* refusal() const { return refusal_; }
    Value take() { return std::move(root_); }

  private:
    bool append(boost::json::string_view part) {
        text_.append(part.data(), part.size());
        return true;
    }

    bool refuse(Code& code, const char* why) {
        refusal_ = why;
        code = boost::json::make_error_code(boost::json::error::syntax);
        return false;
    }

    Value* place(Value value, Code& code) {
        if (values_left_-- == 0) {
            refuse(code, "the document holds too many values");
            return nullptr;
        }
        if (open_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        if (auto* array = std::get_if<Array>(&open_.back()->data)) return &array->emplace_back(std::move(value));
        return &std::get<Object>(open_.back()->data).emplace_back(std::move(key_), std::move(value)).second;
    }

    /// Pointers to open containers stay valid: only the innermost one grows, and it is nobody's element of a moving
    /// vector until it is closed.
    template <class Container>
    bool open(Container container, Code& code) {
        Value* placed = place(Value{std::move(container)}, code);
        if (!placed) return false;
        open_.push_back(placed);
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    /// By sorting: a hash table would be slow for keys that were chosen to collide.
    static bool has_duplicate(const Object& object) {
        if (object.size() <= 16) {
            for (std::size_t i = 1; i < object.size(); ++i)
                for (std::size_t j = 0; j < i; ++j)
                    if (object[i].first == object[j].first) return true;
            return false;
        }
        std::vector<std::string_view> keys;
        keys.reserve(object.size());
        for (const auto& [key, value] : object) keys.emplace_back(key);
        std::ranges::sort(keys);
        return std::ranges::adjacent_find(keys) != keys.end();
    }

    std::size_t values_left_;
    std::vector<Value*> open_;
    Value root_;
    std::string key_;
    std::string text_;
    const char* refusal_ = nullptr;
};

/// Whether a number that was read as a double was written as an integer: then it did not fit.
bool has_oversized_integer(std::string_view text);

}  // namespace

const Value* Value::find(std::string_view key) const {
    const auto* object = get_if<Object>();
    if (!object) return nullptr;
    for (const auto& [name, value] : *object)
        if (name == key) return &value;
    return nullptr;
}

std::optional<std::int64_t> Value::integer() const {
    if (const auto* integer = get_if<std::int64_t>()) return *integer;
    constexpr double kExact = 9007199254740992;  // 2^53: from there on neighbours are read as one number
    const auto* number = get_if<double>();
    if (!number || std::abs(*number) >= kExact || *number != std::trunc(*number)) return std::nullopt;
    return static_cast<std::int64_t>(*number);
}

std::string_view text_at(const Value* object, std::string_view key) {
    const Value* value = object ? object->find(key) : nullptr;
    const auto* text = value ? value->get_if<std::string>() : nullptr;
    return text ? std::string_view(*text) : std::string_view();
}

std::expected<Value, std::string> parse(std::string_view text, Limits limits) {
    boost::json::parse_options options;
    options.max_depth = limits.depth;
    boost::json::basic_parser<Builder> parser(options, limits.values);
    boost::json::error_code code;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), code);
    if (parser.handler().refusal())
        return std::unexpected(fmt::format("Not acceptable JSON at byte {}: {}.", used, parser.handler().refusal()));
    if (code) return std::unexpected(fmt::format("Not JSON at byte {}: {}.", used, code.message()));
    if (text.substr(used).find_first_not_of(" \t\r\n") != std::string_view::npos)
        return std::unexpected(fmt::format("Something follows the JSON document at byte {}.", used));
    if (has_oversized_integer(text)) return std::unexpected(std::string("An integer is outside 64 bits."));
    return parser.handler().take();
}

namespace {

bool has_oversized_integer(std::string_view text) {
    // Runs only over documents that parsed: outside strings, a digit starts a number.
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') {
            for (++i; i < text.size() && text[i] != '"'; ++i)
                if (text[i] == '\\') ++i;
        } else if (text[i] >= '0' && text[i] <= '9') {
            const std::size_t end = std::min(text.find_first_not_of("0123456789.eE+-", i), text.size());
            const std::string_view number = text.substr(i, end - i);
            if (number.size() >= 19 && number.find_first_of(".eE") == std::string_view::npos) {
                const bool negative = i > 0 && text[i - 1] == '-';
                const std::string_view limit = negative ? "9223372036854775808" : "9223372036854775807";
                if (number.size() > 19 || number > limit) return true;
            }
            i = end - 1;
        }
    }
    return false;
}

/// Length of the valid UTF-8 sequence at the start of `text`, or 0.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
        const unsigned high = first == 0xED ? 0x9F : 0xBF;
        return byte(1) >= low && byte(1) <= high && tail(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const unsigned low = first == 0xF0 ? 0x90 : 0x80;
        const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
        return byte(1) >= low && byte(1) <= high && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

void write_escaped(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    }
}

}  // namespace

void write_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t plain = 0;  // start of the run that needs no change
    for (std::size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != 0x7F) {
            ++i;
            continue;
        }
        const std::size_t length = c < 0x80 ? 0 : utf8_length(text.substr(i));
        if (length > 1) {
            i += length;
            continue;
        }
        out.append(text, plain, i - plain);
        if (c < 0x80)
            write_escaped(out, text[i]);
        else
            out += "\xEF\xBF\xBD";
        plain = ++i;
    }
    out.append(text, plain, text.size() - plain);
    out += '"';
}

void write_integer(std::string& out, std::int64_t value) {
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    out.append(buffer, end);
}

void write_double(std::string& out, double value) {
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    // 1000000 rather than 1e+06; but what is too long for an integer must not look like one.
    constexpr double kLongest = 1e15;
    const bool long_number = std::abs(value) >= kLongest;
    if (!long_number && value == std::trunc(value)) return write_integer(out, static_cast<std::int64_t>(value));
    char buffer[32];
    const auto format = long_number ? std::chars_format::scientific : std::chars_format::general;
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr;
    out.append(buffer, end);
}

void write(std::string& out, const Value& value) {
    if (const auto* truth = value.get_if<bool>()) {
        out += *truth ? "true" : "false";
    } else if (const auto* integer = value.get_if<std::int64_t>()) {
        write_integer(out, *integer);
    } else if (const auto* number = value.get_if<double>()) {
        write_double(out, *number);
    } else if (const auto* text = value.get_if<std::string>()) {
        write_string(out, *text);
    } else if (const auto* array = value.get_if<Array>()) {
        out += '[';
        for (std::size_t i = 0; i < array->size(); ++i) {
            if (i) out += ',';
            write(out, (*array)[i]);
        }
        out += ']';
    } else if (const auto* object = value.get_if<Object>()) {
        out += '{';
        for (std::size_t i = 0; i < object->size(); ++i) {
            if (i) out += ',';
            write_string(out, (*object)[i].first);
            out += ':';
            write(out, (*object)[i].second);
        }
        out += '}';
    } else {
        out += "null";
    }
}

}  // namespace townhall::api::json
