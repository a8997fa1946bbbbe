#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "platform/api/json.hpp"
#include "platform/db/types.hpp"

/// Reading what Contentful's delivery API answers: entries and assets, links between them, values by locale. The input
/// is taken to be hostile: everything is bounded, and what can't be used is left out with a warning.
namespace townhall::website {

/// Content that can't be used at all. The text is for operators and quotes nothing of the content.
struct ContentError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What was left out while content was read, for the log. Only the first are kept; all are counted.
class Warnings {
  public:
    struct Warning {
        std::string id;  // of the entry or asset
        std::string what;
    };

    void add(std::string_view id, std::string_view what);
    [[nodiscard]] const std::vector<Warning>& kept() const { return kept_; }
    [[nodiscard]] std::size_t count() const { return count_; }

  private:
    static constexpr std::size_t kMost = 50;
    std::vector<Warning> kept_;
    std::size_t count_ = 0;
};

/// One published entry or asset.
struct Record {
    std::string id;
    std::string type;  // an entry's content type
    db::Timestamp created_at;
    db::Timestamp updated_at;
    bool by_locale = false;  // each field is an object of values by locale (`locale=*`, /sync), not the value itself
    api::json::Value fields;
};

/// Where a link leads. A view into the document it stands in.
struct Link {
    enum class To : std::uint8_t { entry, asset };
    To to;
    std::string_view id;
};
[[nodiscard]] std::optional<Link> link_of(const api::json::Value& value);

/// Everything published, from any number of answers (`/entries` with its includes, `/assets`, `/sync`) put together.
class Space {
  public:
    using Records = std::map<std::string, Record, std::less<>>;

    /// `locale`: the one whose values are read where fields come by locale.
    explicit Space(std::string locale) : locale_(std::move(locale)) {}

    /// Adds one answer, as JSON. Of two copies of an entry the newer counts; DeletedEntry and DeletedAsset take out
    /// what is not newer than they are, whichever is read first. Throws ContentError where the text is no such answer,
    /// or too much.
    void add(std::string_view answer, Warnings& warnings);

    [[nodiscard]] const Records& entries() const { return entries_.records; }
    [[nodiscard]] const Record* entry(std::string_view id) const;
    [[nodiscard]] const Record* asset(std::string_view id) const;

    /// A field's value in our locale; null where it has none.
    [[nodiscard]] const api::json::Value* field(const Record& record, std::string_view name) const;

  private:
    void add_all(api::json::Value* list, Warnings& warnings);
    void add_one(api::json::Value& item, Warnings& warnings);

    /// Those of one kind, and when others were deleted.
    struct Kind {
        Records records;
        std::map<std::string, db::Timestamp, std::less<>> deleted;

        void place(Record record);
        void remove(std::string_view id, std::optional<db::Timestamp> when);
    };

    std::string locale_;
    Kind entries_;
    Kind assets_;
};

}  // namespace townhall::website
