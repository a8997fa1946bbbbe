#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "website/content/items.hpp"
#include "website/content/space.hpp"

namespace townhall::website {

/// One reading of a space: what it may still copy out of it, and what it left out. Links multiply text, so all that is
/// copied is counted.
struct Reading {
    const Space& space;
    std::string public_url;  // goes before addresses on this server; may be empty
    Warnings warnings = {};
    std::size_t bytes_left = 64 << 20;

    /// Throws ContentError when there would be more text than anybody's website has.
    void spend(std::size_t bytes);
};

/// A body: HTML for pages, and its words without markup, for searching.
struct Body {
    std::string html;
    std::string text;
};

/// The fields of one entry in the reading's locale. What is missing or of another type reads as absent.
class Fields {
  public:
    Fields(Reading& reading, const Record& record) : reading_(reading), record_(record) {}

    [[nodiscard]] const Record& record() const { return record_; }

    /// One line of text; or, where the field links to an entry, that entry's `name` or `title`.
    [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
    /// Rich text, or plain text, as HTML.
    [[nodiscard]] Body body(std::string_view name) const;
    [[nodiscard]] bool flag(std::string_view name) const;
    [[nodiscard]] std::optional<double> number(std::string_view name) const;
    [[nodiscard]] std::int64_t integer(std::string_view name) const;
    [[nodiscard]] std::optional<db::Timestamp> time(std::string_view name) const;
    [[nodiscard]] std::optional<db::Date> date(std::string_view name) const;
    [[nodiscard]] std::optional<Asset> asset(std::string_view name) const;
    /// The entries of a list of links; those that lead nowhere are left out with a warning.
    [[nodiscard]] std::vector<const Record*> entries(std::string_view name) const;
    /// The texts of a list of texts.
    [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;

    void warn(std::string_view what) const { reading_.warnings.add(record_.id, what); }

  private:
    [[nodiscard]] const api::json::Value* value(std::string_view name) const {
        return reading_.space.field(record_, name);
    }

    Reading& reading_;
    const Record& record_;
};

/// A file's place and measures; nothing, with a warning, where its address can't be put into a page.
[[nodiscard]] std::optional<Asset> read_asset(Reading& reading, const Record& asset);

}  // namespace townhall::website
