#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace townhall::mail {

/// What a template speaks of: texts, switches for `{{#name}}` sections, and lists for repeated ones.
struct Value;
using Values = std::map<std::string, Value, std::less<>>;
struct Value : std::variant<std::string, bool, std::vector<Values>> {
    using variant::variant;
    Value(const char* text) : variant(std::string(text)) {}
    Value(std::string_view text) : variant(std::string(text)) {}
};

/// A template that can't be read: told at start.
struct BadTemplate : std::runtime_error {
    using std::runtime_error::runtime_error;
};

enum class Escape : bool { none, html };

/// Fills a mustache template. `{{name}}` is escaped for HTML with `Escape::html`; names without a value become nothing.
/// Values are never read as templates. Throws `BadTemplate`.
[[nodiscard]] std::string render(std::string_view text, const Values& values, Escape escape);

struct Rendered {
    std::string subject;
    std::string text;
    std::optional<std::string> html;
};

/// The mail templates of a folder, read once at start. A mail called `receipt` is `receipt.txt`, whose first line is
/// `Subject: …`, then an empty line and the body, and where wanted `receipt.html`.
class Templates {
  public:
    /// Throws `BadTemplate` naming the file.
    explicit Templates(const std::filesystem::path& folder);
    ~Templates();
    Templates(const Templates&) = delete;
    Templates& operator=(const Templates&) = delete;

    /// Throws `std::out_of_range` for an unknown name. Thread-safe.
    [[nodiscard]] Rendered render(std::string_view name, const Values& values) const;

  private:
    struct Template;
    std::map<std::string, std::unique_ptr<Template>, std::less<>> templates_;
};

}  // namespace townhall::mail
