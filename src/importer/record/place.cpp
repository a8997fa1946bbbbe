#include <algorithm>

#include "importer/normalise/ascii.hpp"
#include "importer/normalise/postal.hpp"
#include "importer/normalise/postal_view.hpp"
#include "importer/record/normaliser.hpp"

// Where a voter lives and gets mail.

namespace townhall::importer {

void Normaliser::apply_place(const Step& step, std::string_view value, VoterRecord& out) {
    switch (step.field) {
        case Field::address:
            out.address = text(step, value);
            return;
        case Field::address2:
            out.address2 = text(step, value);
            return;
        case Field::city:
            out.city = text(step, value);
            return;
        case Field::county:
            out.county = text(step, value);
            return;
        case Field::country:
            out.country = text(step, value);
            return;
        case Field::precinct:
            out.precinct = text(step, value);
            return;
        case Field::state:
            out.state = us_state_code(value);
            if (!out.state.empty()) return;
            if (out.country.empty() || us_country(out.country)) return warn(step, value);
            out.state = upper_text(step, value);
            return;
        case Field::zip:
            return set_postal(step, value, out.state, out.country, out.zip, out.zip4);
        case Field::zip4: {
            const std::string_view digits = trim(value);
            if (digits == "0000") return;
            if (digits.size() == 4 && std::all_of(digits.begin(), digits.end(), is_digit)) {
                out.zip4 = digits;
            } else {
                warn(step, value);
            }
            return;
        }
        default:
            return apply_mailing(step, value, out);
    }
}

void Normaliser::apply_mailing(const Step& step, std::string_view value, VoterRecord& out) {
    Mailing& mailing = out.mailing;
    switch (step.field) {
        case Field::mailing_address:
            mailing.address = text(step, value);
            return;
        case Field::mailing_address2:
            mailing.address2 = text(step, value);
            return;
        case Field::mailing_city:
            mailing.city = text(step, value);
            return;
        case Field::mailing_country:
            mailing.country = text(step, value);
            return;
        case Field::mailing_state:
            // Mail goes abroad: what is no state of ours is somebody else's.
            mailing.state = us_state_code(value);
            if (mailing.state.empty()) mailing.state = upper_text(step, value);
            return;
        case Field::mailing_zip:
            return set_postal(step, value, mailing.state, mailing.country, mailing.zip, mailing_zip4_);
        case Field::mailing_zip4: {
            const std::string_view digits = trim(value);
            if (digits.size() == 4 && std::all_of(digits.begin(), digits.end(), is_digit) && digits != "0000")
                mailing_zip4_ = digits;
            return;
        }
        default:
            return;
    }
}

void Normaliser::set_postal(const Step& step, std::string_view value, std::string_view state, std::string_view country,
                            std::string_view& zip, std::string_view& zip4) {
    const PostalView code = parse_postal_code(value, state, country, arena_);
    zip = code.zip;
    if (!code.zip4.empty()) zip4 = code.zip4;
    const std::string_view digits = trim(value);
    const bool zeros = std::all_of(digits.begin(), digits.end(), [](char c) { return c == '0' || c == '-'; });
    if (zip.empty() && !zeros) warn(step, value);
}

}  // namespace townhall::importer
