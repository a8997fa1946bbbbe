#include "campaign/voters/readings.hpp"

#include <algorithm>

namespace townhall::campaign {

namespace {

constexpr std::size_t kWordsOfAName = 2;  // names of more words are divided from the other end

std::vector<std::size_t> blanks_of(std::string_view text) {
    std::vector<std::size_t> at;
    for (std::size_t i = text.find(' '); i != std::string_view::npos; i = text.find(' ', i + 1)) at.push_back(i);
    return at;
}

std::int64_t middle_names(std::size_t words) { return static_cast<std::int64_t>(std::min<std::size_t>(words, 10)); }

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

}  // namespace

void Readings::add(std::string_view first, std::string_view last, std::int64_t weight) {
    firsts.emplace_back(first);
    lasts.emplace_back(last);
    weights.push_back(weight);
}

Readings readings_of(std::string_view folded) {
    Readings out;
    out.add("", folded, 100);
    out.add(folded, "", 95);
    const std::vector<std::size_t> blanks = blanks_of(folded);
    for (std::size_t i = 0; i < blanks.size(); ++i) {
        if (i >= kWordsOfAName && blanks.size() - i > kWordsOfAName) continue;
        const std::string_view head = folded.substr(0, blanks[i]);
        const std::string_view tail = folded.substr(blanks[i] + 1);
        out.add(head, tail, 100);
        out.add(tail, head, 95);
        // What stands behind a first name may be middle names: the fewer, the likelier.
        const std::size_t behind_head = i, behind_tail = blanks.size() - i - 1;
        if (behind_head > 0) out.add(first_word(head), tail, 90 - middle_names(behind_head));
        if (behind_tail > 0) out.add(first_word(tail), head, 85 - middle_names(behind_tail));
    }
    return out;
}

}  // namespace townhall::campaign
