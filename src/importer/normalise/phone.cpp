#include "importer/normalise/phone.hpp"

#include <cstddef>

#include "importer/normalise/ascii.hpp"

namespace townhall::importer {

namespace {

struct NumberPlan {
    std::string_view region;
    std::string_view calling_code;
    std::string_view national_prefix;
    std::uint32_t lengths;
    std::string_view pattern;
};
constexpr NumberPlan kPlans[] = {
#include "importer/normalise/phone_plans.inc"
};

constexpr std::size_t kMaxDigits = 18;  // 15 of E.164, and a prefix for dialling abroad

/// Matches the subset of regular expressions that phone_plans.inc uses (make_phone_plans.py refuses any other) by
/// carrying the set of places reached, one bit each: linear, and no input can make it slow.
class PatternMatcher {
  public:
    PatternMatcher(std::string_view pattern, std::string_view digits) : pattern_(pattern), digits_(digits) {}

    [[nodiscard]] bool matches() {
        at_ = 0;
        return (alternatives(1) >> digits_.size() & 1U) != 0;
    }

  private:
    std::uint32_t alternatives(std::uint32_t places) {
        std::uint32_t reached = sequence(places);
        while (at_ < pattern_.size() && pattern_[at_] == '|') {
            ++at_;
            reached |= sequence(places);
        }
        return reached;
    }

    std::uint32_t sequence(std::uint32_t places) {
        while (at_ < pattern_.size() && pattern_[at_] != '|' && pattern_[at_] != ')') {
            const std::size_t start = at_;
            std::uint32_t now = atom(places);
            const std::size_t body_end = at_;
            const auto [least, most] = quantifier();
            const std::size_t after = at_;
            std::uint32_t reached = least == 0 ? places : 0;
            for (int times = 1; times <= most && now != 0; ++times) {
                if (times >= least) reached |= now;
                if (times == most) break;
                at_ = start;
                now = atom(now);
                at_ = body_end;
            }
            places = reached;
            at_ = after;
        }
        return places;
    }

    struct Times {
        int least;
        int most;
    };
    Times quantifier() {
        if (at_ == pattern_.size()) return {1, 1};
        if (pattern_[at_] == '?') {
            ++at_;
            return {0, 1};
        }
        if (pattern_[at_] != '{') return {1, 1};
        ++at_;
        Times times{number(), 0};
        times.most = times.least;
        if (pattern_[at_] == ',') {
            ++at_;
            times.most = number();
        }
        ++at_;  // the closing brace
        return times;
    }

    int number() {
        int value = 0;
        while (is_digit(pattern_[at_])) value = value * 10 + (pattern_[at_++] - '0');
        return value;
    }

    std::uint32_t atom(std::uint32_t places) {
        if (pattern_[at_] == '(') {
            at_ += 3;  // "(?:"
            const std::uint32_t reached = alternatives(places);
            ++at_;
            return reached;
        }
        const std::uint32_t wanted = digit_class();
        std::uint32_t reached = 0;
        for (std::size_t i = 0; i < digits_.size(); ++i)
            if ((places >> i & 1U) != 0 && (wanted >> (digits_[i] - '0') & 1U) != 0) reached |= 1U << (i + 1);
        return reached;
    }

    /// The digits that the next class, \d or literal allows, one bit each.
    std::uint32_t digit_class() {
        if (pattern_[at_] == '\\') {
            at_ += 2;
            return 0x3FF;
        }
        if (pattern_[at_] != '[') return 1U << (pattern_[at_++] - '0');
        std::uint32_t bits = 0;
        for (++at_; pattern_[at_] != ']'; ++at_) {
            const char from = pattern_[at_];
            if (pattern_[at_ + 1] == '-') at_ += 2;
            for (char c = from; c <= pattern_[at_]; ++c) bits |= 1U << (c - '0');
        }
        ++at_;
        return bits;
    }

    std::string_view pattern_;
    std::string_view digits_;
    std::size_t at_ = 0;
};

bool fits(const NumberPlan& plan, std::string_view national) {
    if (national.size() >= 18 || (plan.lengths >> national.size() & 1U) == 0) return false;
    return PatternMatcher(plan.pattern, national).matches();
}

Phone compose(std::string_view code, std::string_view national) {
    Phone phone;
    phone.push('+');
    for (const char c : code) phone.push(c);
    for (const char c : national) phone.push(c);
    return phone;
}

/// Rules of the North American Numbering Plan for its ten digits: NXX-NXX-XXXX, N from 2 to 9, neither part N11, and
/// no area code N9X, which is kept for a longer numbering.
std::optional<Phone> north_american(std::string_view digits) {
    if (digits.size() != 10 || digits[0] < '2' || digits[3] < '2' || digits[1] == '9') return std::nullopt;
    if ((digits[1] == '1' && digits[2] == '1') || (digits[4] == '1' && digits[5] == '1')) return std::nullopt;
    return compose("1", digits);
}

std::optional<Phone> of_plan(const NumberPlan& plan, std::string_view national) {
    if (plan.calling_code == "1") {
        if (national.size() == 11 && national[0] == '1') national.remove_prefix(1);
        return north_american(national);
    }
    if (plan.calling_code.size() + national.size() <= 15 && fits(plan, national))
        return compose(plan.calling_code, national);
    if (plan.national_prefix.empty() || !national.starts_with(plan.national_prefix)) return std::nullopt;
    national.remove_prefix(plan.national_prefix.size());
    if (plan.calling_code.size() + national.size() <= 15 && fits(plan, national))
        return compose(plan.calling_code, national);
    return std::nullopt;
}

std::optional<Phone> international(std::string_view digits) {
    for (const NumberPlan& plan : kPlans) {
        if (!digits.starts_with(plan.calling_code)) continue;
        if (auto phone = of_plan(plan, digits.substr(plan.calling_code.size()))) return phone;
    }
    return std::nullopt;
}

struct Dialled {
    std::array<char, kMaxDigits> digits{};
    std::size_t count = 0;
    bool plus = false;
};

/// An extension: its mark, and at most seven digits.
bool is_extension(std::string_view text) {
    constexpr std::array<std::string_view, 7> kMarks{"extension", "extn", "ext", "ex", "x", "#", ";"};
    for (const std::string_view mark : kMarks) {
        if (text.size() < mark.size() || !equals_ignoring_case(text.substr(0, mark.size()), mark)) continue;
        std::size_t digits = 0;
        for (const char c : text.substr(mark.size())) {
            if (is_digit(c)) {
                ++digits;
            } else if (c != ' ' && c != '.' && c != ':' && c != '=') {
                return false;
            }
        }
        return digits <= 7;
    }
    return false;
}

std::optional<Dialled> read_digits(std::string_view text) {
    Dialled dialled;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (is_digit(c)) {
            if (dialled.count == kMaxDigits) return std::nullopt;
            dialled.digits[dialled.count++] = c;
        } else if (c == '+' && dialled.count == 0 && !dialled.plus) {
            dialled.plus = true;
        } else if (std::string_view(" -.()/[]").find(c) == std::string_view::npos) {
            if (dialled.count < 7 || !is_extension(text.substr(i))) return std::nullopt;
            break;
        }
    }
    return dialled;
}

}  // namespace

std::optional<Phone> parse_phone(std::string_view raw, std::string_view region) {
    std::string_view text = trim(raw);
    if (text.size() > 64) return std::nullopt;
    if (text.size() > 4 && equals_ignoring_case(text.substr(0, 4), "tel:")) text.remove_prefix(4);
    if (text.size() >= 12 && text.ends_with(".0")) text.remove_suffix(2);  // a spreadsheet's number
    const auto dialled = read_digits(text);
    if (!dialled) return std::nullopt;
    const std::string_view digits(dialled->digits.data(), dialled->count);
    if (dialled->plus) return international(digits);
    if (region == "US") {
        if (digits.size() == 11 && digits[0] == '1') return north_american(digits.substr(1));
        if (digits.size() > 11 && digits.starts_with("011")) return international(digits.substr(3));
        return north_american(digits);
    }
    if (digits.starts_with("00")) return international(digits.substr(2));
    for (const NumberPlan& plan : kPlans)
        if (plan.region == region) return of_plan(plan, digits);
    return std::nullopt;
}

}  // namespace townhall::importer
