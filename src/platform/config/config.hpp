#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Configuration as one table: each option is declared once, and reading, checking, `--help`, `.env.example` and
/// docs/configuration.md come from that declaration.
namespace townhall::config {

enum class Kind : std::uint8_t {
    text,
    secret,   // refused when weak or a placeholder, in staging and production; never printed
    integer,  // within [least, most]
    bytes,    // an integer; K, M, G (powers of 1024) may follow
    choice,   // one of `choices`
    address,  // host:port
    url,      // http:// or https://
    path,
};

/// One option. `flag` is its name on the command line of `townhall serve`, if it has one there.
struct Option {
    std::string_view name;
    Kind kind;
    std::string_view fallback;  // as text; empty: unset
    std::string_view doc;       // a sentence
    std::string_view section;
    std::vector<std::string_view> choices = {};
    std::int64_t least = 0;
    std::int64_t most = INT64_MAX;
    std::string_view alias = {};
    std::string_view flag = {};
    std::size_t secret_length = 32;  // least length of a secret, in bytes
    bool used = true;                // false: known and accepted, not used by this version yet (said at start)
};

/// What was wrong with an option, and how to mend it. Never quotes the value of a secret.
struct Problem {
    std::string option;
    std::string detail;
};

using Environment = std::map<std::string, std::string, std::less<>>;

/// The process's environment.
[[nodiscard]] Environment process_environment();

/// The lines `NAME=value` of a `.env` file: `#` comments, `export`, single and double quotes. Missing file: empty.
[[nodiscard]] Environment read_env_file(const std::string& path, std::vector<Problem>& problems);

/// The items of a list with commas, without the spaces around them; an empty item is one too.
[[nodiscard]] std::vector<std::string_view> items_of(std::string_view list);

/// Values of all options, checked. Sources in falling order: flags, environment, `.env`, the default.
class Values {
  public:
    /// Reads every option; what is wrong is added to `problems`, all of it. `strict`: the rules for secrets of staging
    /// and production apply.
    static Values read(const std::vector<Option>& table, const Environment& flags, const Environment& environment,
                       const Environment& file, std::vector<Problem>& problems);

    /// The text of an option; empty when unset.
    [[nodiscard]] const std::string& text(std::string_view name) const;
    [[nodiscard]] std::int64_t number(std::string_view name) const;  // integer and bytes
    [[nodiscard]] bool has(std::string_view name) const { return !text(name).empty(); }
    /// Whether it was set by the operator.
    [[nodiscard]] bool given(std::string_view name) const;

    /// Adds a problem for each secret that is missing (where `required`), short or a placeholder.
    void check_secrets(const std::vector<Option>& table, std::vector<std::string_view> required,
                       std::vector<Problem>& problems) const;

  private:
    struct Value {
        std::string text;
        std::int64_t number = 0;
        bool given = false;
    };
    std::map<std::string, Value, std::less<>> values_;
};

[[nodiscard]] std::string env_example(const std::vector<Option>& table);
[[nodiscard]] std::string markdown(const std::vector<Option>& table);

}  // namespace townhall::config
