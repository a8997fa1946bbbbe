#include <cctype>

#include "platform/db/migrate/migration.hpp"

namespace townhall::db::migrate {

namespace {

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || static_cast<signed char>(c) < 0;
}

/// Walks a script; every `skip_` ends behind what it skips, or at the end where that is not closed.
class Splitter {
  public:
    explicit Splitter(std::string_view script) : script_(script) {}

    std::vector<std::string_view> run() {
        while (at_ < script_.size()) step();
        end_statement(at_);
        return std::move(statements_);
    }

  private:
    [[nodiscard]] std::string_view rest() const { return script_.substr(at_); }
    void skip_past(std::string_view end) {
        const auto found = script_.find(end, at_);
        at_ = found == std::string_view::npos ? script_.size() : found + end.size();
    }

    void step() {
        const char c = script_[at_];
        if (rest().starts_with("--")) {
            skip_past("\n");
        } else if (rest().starts_with("/*")) {
            skip_comment();
        } else if (c == ';') {
            end_statement(at_);
            begin_ = ++at_;
        } else {
            if (!std::isspace(static_cast<unsigned char>(c))) filled_ = true;
            if (c == '\'' || c == '"') {
                skip_quoted(c);
            } else if (c == '$') {
                skip_dollar_quoted();
            } else {
                ++at_;
            }
        }
    }

    // Doubled quotes need no care: the second one opens a string anew. Backslashes escape in E'…' only.
    void skip_quoted(char quote) {
        const bool escapes = quote == '\'' && at_ > 0 && (script_[at_ - 1] == 'E' || script_[at_ - 1] == 'e') &&
                             (at_ < 2 || !is_word(script_[at_ - 2]));
        for (++at_; at_ < script_.size(); ++at_) {
            if (escapes && script_[at_] == '\\') {
                ++at_;
            } else if (script_[at_] == quote) {
                // Inside E'…' a doubled quote goes on with escapes.
                if (escapes && at_ + 1 < script_.size() && script_[at_ + 1] == quote) {
                    ++at_;
                    continue;
                }
                ++at_;
                return;
            }
        }
        at_ = script_.size();
    }

    void skip_dollar_quoted() {
        const bool inside_word = at_ > 0 && is_word(script_[at_ - 1]);
        std::size_t end = at_ + 1;
        while (end < script_.size() && is_word(script_[end])) ++end;
        const bool is_tag =
            end < script_.size() && script_[end] == '$' && !std::isdigit(static_cast<unsigned char>(script_[at_ + 1]));
        if (inside_word || !is_tag) {
            ++at_;
            return;
        }
        const std::string_view tag = script_.substr(at_, end + 1 - at_);
        at_ = end + 1;
        skip_past(tag);
    }

    void skip_comment() {
        int depth = 0;
        while (at_ < script_.size()) {
            if (rest().starts_with("/*")) {
                ++depth;
                at_ += 2;
            } else if (rest().starts_with("*/")) {
                at_ += 2;
                if (--depth == 0) return;
            } else {
                ++at_;
            }
        }
    }

    void end_statement(std::size_t end) {
        if (filled_) statements_.push_back(script_.substr(begin_, end - begin_));
        filled_ = false;
    }

    std::string_view script_;
    std::size_t at_ = 0;
    std::size_t begin_ = 0;
    bool filled_ = false;  // the current statement holds more than space and comments
    std::vector<std::string_view> statements_;
};

}  // namespace

std::vector<std::string_view> split_statements(std::string_view script) { return Splitter(script).run(); }

}  // namespace townhall::db::migrate
