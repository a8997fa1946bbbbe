#include "importer/record/normaliser.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "importer/encoding/utf8.hpp"
#include "importer/normalise/ascii.hpp"
#include "importer/normalise/date.hpp"
#include "importer/normalise/email.hpp"
#include "importer/normalise/name.hpp"
#include "importer/normalise/phone.hpp"
#include "importer/normalise/postal.hpp"
#include "importer/record/json.hpp"

namespace townhall::importer {

namespace {

constexpr std::size_t kMaxText = 1'000;  // bytes of one value of ours; more is no name and no street
constexpr std::size_t kMaxId = 200;
constexpr std::size_t kMaxContacts = 10;

bool tells_identity(Field field) {
    switch (field) {
        case Field::external_id:
        case Field::first_name:
        case Field::middle_name:
        case Field::last_name:
        case Field::suffix:
        case Field::full_name:
        case Field::date_of_birth:
        case Field::birth_year:
        case Field::country:
        case Field::address:
        case Field::address2:
        case Field::city:
        case Field::state:
        case Field::zip:
            return true;
        default:
            return false;
    }
}

/// A spreadsheet's guard against formulas, which our own exports put before these signs.
bool is_guarded(std::string_view value) {
    return value.size() > 1 && value[0] == '\'' &&
           std::string_view("=+-@\t\r").find(value[1]) != std::string_view::npos;
}

}  // namespace

Normaliser::Normaliser(const Plan& plan, Scope scope) : plan_(plan), scope_(scope) {
    for (std::size_t column = 0; column < plan.targets.size(); ++column) {
        const Target& target = plan.targets[column];
        if (target.field == Field::ignored || (scope == Scope::identity && !tells_identity(target.field))) continue;
        steps_.push_back({target.field, column, true, &target});
    }
    std::sort(steps_.begin(), steps_.end(), [](const Step& a, const Step& b) {
        return std::tuple(a.field, a.target->part, a.column) < std::tuple(b.field, b.target->part, b.column);
    });
    for (std::size_t i = 0; i + 1 < steps_.size(); ++i)
        steps_[i].last = !is_joined(steps_[i].field) || steps_[i + 1].field != steps_[i].field;
}

std::size_t Normaliser::id_column() const {
    const auto found =
        std::find_if(steps_.begin(), steps_.end(), [](const Step& step) { return step.field == Field::external_id; });
    return found == steps_.end() ? SIZE_MAX : found->column;
}

std::string_view Normaliser::prepare(std::string_view value, bool latin) {
    if (value.empty()) return {};
    if (latin) value = from_windows1252(value, arena_);
    if (value[0] == '\'' && is_guarded(value)) value.remove_prefix(1);
    // ="00123" is how a spreadsheet is made to keep zeros.
    if (value[0] == '=' && value.size() >= 3 && value[1] == '"' && value.back() == '"')
        value = value.substr(2, value.size() - 3);
    if (value.size() > 2) return value;
    if (value == "\\N" || (plan_.star_is_null && value == "*")) return {};
    return value;
}

std::string_view Normaliser::join(std::string_view first, std::string_view second) {
    if (first.empty() || second.empty()) return first.empty() ? second : first;
    char* out = arena_.take(first.size() + 1 + second.size());
    std::memcpy(out, first.data(), first.size());
    out[first.size()] = ' ';
    std::memcpy(out + first.size() + 1, second.data(), second.size());
    return {out, first.size() + 1 + second.size()};
}

void Normaliser::keep(const Step& step, std::string_view value) {
    const std::string_view clean = clean_text(value, arena_);
    if (clean.empty()) return;
    extra_ += extra_.empty() ? '{' : ',';
    extra_ += step.target->extra_key;
    append_json_string(extra_, clean);
}

void Normaliser::warn(const Step& step, std::string_view value) {
    if (trim(value).empty()) return;
    ++warnings_;
    keep(step, value);
}

std::string_view Normaliser::text(const Step& step, std::string_view value) {
    const std::string_view clean = clean_text(value, arena_);
    if (clean.size() <= kMaxText) return clean;
    warn(step, value);
    return {};
}

std::string_view Normaliser::upper_text(const Step& step, std::string_view value) {
    const std::string_view clean = text(step, value);
    if (std::none_of(clean.begin(), clean.end(), is_lower)) return clean;
    char* out = arena_.take(clean.size());
    std::transform(clean.begin(), clean.end(), out, to_upper);
    return {out, clean.size()};
}

Normaliser::Result Normaliser::normalise(const RawRecord& raw, bool latin, VoterRecord& out) {
    arena_.reset();
    extra_.clear();
    districts_.clear();
    mailing_zip4_ = {};
    warnings_ = 0;
    auto phones = std::move(out.phones);
    auto emails = std::move(out.emails);
    phones.clear();
    emails.clear();
    out = VoterRecord{};
    out.line = raw.line;
    out.byte_offset = raw.byte_offset;
    out.text = raw.text;
    out.source = plan_.source;
    out.phones = std::move(phones);
    out.emails = std::move(emails);
    std::string_view joined;
    for (const Step& step : steps_) {
        std::string_view value =
            step.column < raw.fields.size() ? prepare(raw.fields[step.column], latin) : std::string_view{};
        if (is_joined(step.field)) {
            joined = join(joined, trim(value));
            if (!step.last) continue;
            value = std::exchange(joined, {});
        }
        if (!value.empty()) apply(step, value, out);
        if (step.field != Field::external_id) continue;
        if (out.external_id.size() > kMaxId) return Result::id_too_long;
        if (scope_ == Scope::identity && !out.external_id.empty()) break;
    }
    if (out.external_id.empty() && out.first_name.empty() && out.middle_name.empty() && out.last_name.empty())
        return Result::no_identity;
    if (out.date_of_birth) out.birth_year = out.date_of_birth->year;
    identify(out);
    if (scope_ == Scope::everything) finish(out);
    return Result::good;
}

void Normaliser::apply(const Step& step, std::string_view value, VoterRecord& out) {
    switch (step.field) {
        case Field::extra:
            return keep(step, value);
        case Field::ignored:
            return;
        case Field::external_id:
            out.external_id = clean_text(value, arena_);
            return;
        case Field::first_name:
            out.first_name = text(step, value);
            return;
        case Field::middle_name:
            out.middle_name = text(step, value);
            return;
        case Field::last_name:
            out.last_name = text(step, value);
            return;
        case Field::suffix:
            out.suffix = text(step, value);
            return;
        case Field::full_name:
            return set_full_name(step, value, out);
        case Field::gender:
            out.gender = clean_code(text(step, value), arena_);
            return;
        case Field::party:
            out.party = clean_code(text(step, value), arena_);
            return;
        case Field::status:
            out.status = upper_text(step, value);
            return;
        case Field::date_of_birth:
        case Field::birth_year:
        case Field::registered_at:
            return apply_date(step, value, out);
        case Field::phone:
        case Field::more_phone:
        case Field::email:
        case Field::more_email:
            return apply_contact(step, value, out);
        case Field::district: {
            const std::string_view clean = clean_text(value, arena_);
            if (clean.empty()) return;
            districts_ += districts_.empty() ? '{' : ',';
            districts_ += step.target->district_key;
            append_json_string(districts_, clean);
            return;
        }
        default:
            return apply_place(step, value, out);
    }
}

void Normaliser::set_full_name(const Step& step, std::string_view value, VoterRecord& out) {
    const NameParts parts = split_full_name(text(step, value));
    out.first_name = parts.first;
    out.middle_name = parts.middle;
    out.last_name = parts.last;
    if (out.suffix.empty()) out.suffix = parts.suffix;
}

void Normaliser::apply_date(const Step& step, std::string_view value, VoterRecord& out) {
    if (is_masked_date(value)) return;
    const Date today = plan_.options.today.value_or(Date{});
    const bool day_first = plan_.options.day_first;
    bool good = false;
    if (step.field == Field::date_of_birth) {
        out.date_of_birth = parse_birth_date(value, today, day_first);
        good = out.date_of_birth.has_value();
        if (!good) out.birth_year = parse_birth_year(value, today);
        good |= out.birth_year.has_value();
    } else if (step.field == Field::birth_year) {
        const auto year = parse_birth_year(value, today);
        if (year) out.birth_year = year;
        good = year.has_value();
    } else {
        out.registered_at = parse_date(value, {.today = today, .youngest = 0, .day_first = day_first});
        good = out.registered_at.has_value();
    }
    if (!good) warn(step, value);
}

void Normaliser::apply_contact(const Step& step, std::string_view value, VoterRecord& out) {
    std::string_view contact;
    const bool is_phone = step.field == Field::phone || step.field == Field::more_phone;
    if (is_phone) {
        if (const auto phone = parse_phone(value, plan_.options.region)) contact = arena_.copy(phone->text());
    } else {
        contact = parse_email(value, arena_);
    }
    if (contact.empty()) return warn(step, value);
    std::string_view& first = is_phone ? out.phone : out.email;
    auto& further = is_phone ? out.phones : out.emails;
    if (first.empty()) {
        first = contact;
    } else if (contact != first && further.size() < kMaxContacts &&
               std::find(further.begin(), further.end(), contact) == further.end()) {
        further.push_back(contact);
    }
}

}  // namespace townhall::importer
