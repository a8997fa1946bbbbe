#include "importer/layout/assign.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

#include "importer/error.hpp"
#include "importer/layout/layout.hpp"
#include "importer/normalise/name.hpp"
#include "importer/record/json.hpp"

namespace townhall::importer {

namespace {

std::string json_key(std::string_view name) {
    std::string key;
    append_json_string(key, name);
    return key + ':';
}

/// Collects which column goes where, and keeps each single-valued field to one column.
class Assignment {
  public:
    explicit Assignment(std::vector<std::string> headers) : headers_(std::move(headers)), targets_(headers_.size()) {
        for (const auto& header : headers_) plain_.push_back(plain_header(header));
        done_.resize(headers_.size());
        fault_columns_ = fault_columns(plain_);
    }

    void by_mapping(const std::vector<std::pair<std::string, std::string>>& mapping) {
        std::array<std::uint8_t, kFieldCount> parts{};
        for (const auto& [name, column] : mapping) {
            const auto [field, key] = field_of(name);
            fixed_[index(field)] = true;
            if (column.empty()) continue;  // the field is taken from no column
            const std::size_t at = column_of(column);
            if (!is_joined(field) && !is_repeated(field) && taken_[index(field)])
                throw ImportError(ImportError::Kind::mapping, "The mapping names two columns for one field.");
            set(at, {.name = {}, .field = field, .part = parts[index(field)]++, .key = key});
        }
    }

    void by_rules(std::span<const ColumnRule> rules) {
        for (const ColumnRule& rule : rules)
            for (std::size_t at = 0; at < plain_.size(); ++at)
                if (!done_[at] && plain_[at] == rule.name && free_for(rule)) set(at, rule);
    }

    void by_generic_names() {
        for (ColumnRule rule : generic_rules())
            for (std::size_t at = 0; at < plain_.size(); ++at) {
                if (done_[at] || plain_[at] != rule.name) continue;
                ColumnRule fitting = rule;
                if (!generically_free(rule)) fitting = further(rule);
                if (fitting.field != Field::extra) set(at, fitting);
            }
        const bool parts = taken_[index(Field::first_name)] || taken_[index(Field::last_name)];
        for (std::size_t at = 0; parts && at < targets_.size(); ++at)
            if (targets_[at].field == Field::full_name && !fixed_[index(Field::full_name)])
                targets_[at].field = Field::extra;
    }

    void by_place(std::span<const ColumnRule> rules, std::size_t begin) {
        for (std::size_t i = 0; i < rules.size() && begin + i < headers_.size(); ++i)
            if (!done_[begin + i] && rules[i].field != Field::extra && free_for(rules[i])) set(begin + i, rules[i]);
    }

    /// What we say of a refused row in the list of such rows.
    void pass_over_ours() {
        for (const ColumnRule& rule : generic_rules())
            for (std::size_t at = 0; rule.field == Field::ignored && at < plain_.size(); ++at)
                if (!done_[at] && plain_[at] == rule.name) set(at, rule);
        for (std::size_t at = 0; at < fault_columns_; ++at)
            if (!done_[at]) set(at, {.name = {}, .field = Field::ignored});
    }

    void into(Plan& plan) && {
        std::set<std::string> names;
        for (std::size_t at = 0; at < headers_.size(); ++at) {
            std::string name = headers_[at].empty() ? "column " + std::to_string(at + 1) : headers_[at];
            for (int again = 2; !names.insert(name).second; ++again)
                name = headers_[at] + " (" + std::to_string(again) + ")";
            targets_[at].extra_key = json_key(name);
            std::string field(to_string(targets_[at].field));
            if (targets_[at].field == Field::district) field += "." + keys_[at];
            plan.columns.push_back({std::move(name), std::move(field)});
        }
        plan.targets = std::move(targets_);
        plan.fault_columns = fault_columns_;
    }

  private:
    static std::size_t index(Field field) { return static_cast<std::size_t>(field); }

    static std::pair<Field, std::string> field_of(std::string_view name) {
        for (const std::string_view prefix : {"districts.", "district."})
            if (name.starts_with(prefix) && name.size() > prefix.size() && name.size() <= 60)
                return {Field::district, std::string(name.substr(prefix.size()))};
        const auto field = field_named(name);
        if (!field || *field == Field::district)
            throw ImportError(ImportError::Kind::mapping, "The mapping names a field that does not exist.");
        return {*field, {}};
    }

    std::size_t column_of(const std::string& column) const {
        const auto exact = std::find(headers_.begin(), headers_.end(), column);
        if (exact != headers_.end()) return static_cast<std::size_t>(exact - headers_.begin());
        const auto alike = std::find(plain_.begin(), plain_.end(), plain_header(column));
        if (alike != plain_.end() && !alike->empty()) return static_cast<std::size_t>(alike - plain_.begin());
        std::size_t number = 0;
        const char* first = column.data() + (column.starts_with('#') ? 1 : 0);
        const char* last = column.data() + column.size();
        const auto [end, error] = std::from_chars(first, last, number);
        // The file's own columns keep their numbers in the list of its refused rows.
        if (error == std::errc{} && end == last && number >= 1 && number <= headers_.size() - fault_columns_)
            return fault_columns_ + number - 1;
        throw ImportError(ImportError::Kind::mapping, "The mapping names a column that the file does not have.");
    }

    [[nodiscard]] bool free_for(const ColumnRule& rule) const {
        if (fixed_[index(rule.field)] && rule.field != Field::district) return false;
        if (rule.field == Field::district) return !districts_.contains(std::string(rule.key));
        return is_repeated(rule.field) || is_joined(rule.field) || !taken_[index(rule.field)];
    }

    /// By generic names a joined field is one column, or the parts of an address; never both.
    [[nodiscard]] bool generically_free(const ColumnRule& rule) const {
        if (!free_for(rule)) return false;
        return !is_joined(rule.field) || !taken_[index(rule.field)] || (rule.part > 0 && in_parts_);
    }

    /// A second telephone number or e-mail address is a further one.
    [[nodiscard]] ColumnRule further(const ColumnRule& rule) const {
        if (rule.field == Field::phone) return {.name = {}, .field = Field::more_phone};
        if (rule.field == Field::email) return {.name = {}, .field = Field::more_email};
        return {.name = {}};
    }

    void set(std::size_t at, const ColumnRule& rule) {
        in_parts_ |= rule.field == Field::address && rule.part > 0 && !taken_[index(Field::address)];
        done_[at] = true;
        taken_[index(rule.field)] = true;
        targets_[at].field = rule.field;
        targets_[at].part = rule.part;
        if (rule.field != Field::district) return;
        districts_.insert(std::string(rule.key));
        keys_[at] = rule.key;
        targets_[at].district_key = json_key(rule.key);
    }

    std::vector<std::string> headers_;
    std::vector<std::string> plain_;
    std::vector<Target> targets_;
    std::vector<bool> done_;
    std::size_t fault_columns_ = 0;
    std::array<bool, kFieldCount> taken_{};
    std::array<bool, kFieldCount> fixed_{};  // by the mapping
    std::set<std::string> districts_;
    std::map<std::size_t, std::string> keys_;
    bool in_parts_ = false;
};

}  // namespace

void assign_columns(Plan& plan, std::vector<std::string> headers, bool florida) {
    for (auto& header : headers) {
        if (header.size() > 200) header.resize(200);
        header = clean_text(header);
    }
    const auto florida_at = florida ? std::optional<std::size_t>(0) : florida_columns_among(headers);
    const Layout* layout = florida_at ? nullptr : match_layout(headers);
    Assignment assignment(std::move(headers));
    assignment.by_mapping(plan.options.mapping);
    assignment.pass_over_ours();
    if (florida_at) {
        assignment.by_place(florida_columns(), *florida_at);
    } else {
        if (layout != nullptr) assignment.by_rules(layout->rules);
        assignment.by_generic_names();
    }
    plan.source = florida_at ? kFloridaSource : layout != nullptr ? layout->id : "";
    plan.layout = plan.source.empty() ? "generic" : plan.source;
    plan.star_is_null = florida_at.has_value();
    std::move(assignment).into(plan);
}

bool Plan::can_identify() const {
    return std::any_of(targets.begin(), targets.end(), [](const Target& target) {
        return target.field == Field::external_id || target.field == Field::first_name ||
               target.field == Field::last_name || target.field == Field::full_name;
    });
}

}  // namespace townhall::importer
