#include "website/content/words.hpp"

#include <algorithm>

#include "importer/normalise/name.hpp"

namespace townhall::website {

namespace {

constexpr std::size_t kMostWords = 8;
constexpr std::size_t kLongestWord = 40;
constexpr std::size_t kExcerpt = 200;
constexpr std::size_t kBefore = 60;  // shown before the word that was found

template <class Visit>
void each_word(std::string_view folded, Visit visit) {
    while (!folded.empty()) {
        const std::size_t end = std::min(folded.find(' '), folded.size());
        if (end > 0) visit(folded.substr(0, std::min(end, kLongestWord)));
        folded.remove_prefix(std::min(end + 1, folded.size()));
    }
}

/// Where a word of the query begins in the text as written; letters with accents don't count here.
std::size_t position_of(std::string_view text, std::string_view query) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    std::size_t best = text.size();
    each_word(query, [&](std::string_view word) {
        const auto found = std::ranges::search(text, word, {}, lower, lower);
        best = std::min(best, static_cast<std::size_t>(found.begin() - text.begin()));
    });
    return best == text.size() ? 0 : best;
}

}  // namespace

std::uint32_t WordIndex::add(std::string_view title, std::string_view text) {
    add_words(documents_, title, true);
    add_words(documents_, text, false);
    return documents_++;
}

void WordIndex::add_words(std::uint32_t document, std::string_view text, bool in_title) {
    each_word(importer::fold_name(text),
              [&](std::string_view word) { uses_.push_back({std::string(word), document, in_title}); });
}

void WordIndex::finish() {
    std::ranges::sort(uses_);
    const auto repeated = std::ranges::unique(uses_);
    uses_.erase(repeated.begin(), repeated.end());
    places_.reserve(uses_.size());
    for (Use& use : uses_) {
        if (words_.empty() || words_.back().text != use.word)
            words_.push_back({std::move(use.word), static_cast<std::uint32_t>(places_.size())});
        places_.push_back(use.document * 2 + (use.in_title ? 1 : 0));
    }
    words_.push_back({{}, static_cast<std::uint32_t>(places_.size())});
    std::vector<Use>().swap(uses_);
}

std::vector<WordIndex::Hit> WordIndex::find(std::string_view query) const {
    std::vector<std::string> wanted;
    each_word(importer::fold_name(query), [&](std::string_view word) {
        if (wanted.size() < kMostWords) wanted.emplace_back(word);
    });
    if (wanted.empty() || words_.empty()) return {};

    std::vector<int> scores(documents_, 0);
    std::vector<std::size_t> matched(documents_, 0);  // how many of the words, in their order, each document holds
    const auto last = words_.end() - 1;
    for (std::size_t nth = 0; nth < wanted.size(); ++nth) {
        const std::string& prefix = wanted[nth];
        auto word = std::lower_bound(words_.begin(), last, prefix,
                                     [](const Word& known, const std::string& text) { return known.text < text; });
        for (; word != last && word->text.starts_with(prefix); ++word) {
            const int whole = word->text == prefix ? 2 : 1;
            for (std::uint32_t at = word->first; at < (word + 1)->first; ++at) {
                const std::uint32_t document = places_[at] / 2;
                if (matched[document] < nth) continue;
                matched[document] = nth + 1;
                scores[document] += whole * (places_[at] % 2 ? 8 : 1);
            }
        }
    }
    std::vector<Hit> hits;
    for (std::uint32_t document = 0; document < documents_; ++document)
        if (matched[document] == wanted.size()) hits.push_back({document, scores[document]});
    std::ranges::sort(hits, {}, [](const Hit& hit) { return std::pair(-hit.score, hit.document); });
    return hits;
}

std::string excerpt(std::string_view text, std::string_view query) {
    std::size_t from = position_of(text, query);
    from = from > kBefore ? text.find(' ', from - kBefore) + 1 : 0;  // npos + 1 is 0: the beginning
    std::string_view part = text.substr(from);
    const bool cut = part.size() > kExcerpt;
    if (cut) {
        std::size_t end = kExcerpt;
        while (end > 0 && (static_cast<unsigned char>(part[end]) & 0xC0) == 0x80) --end;  // not within a letter
        part = part.substr(0, end);
        part = part.substr(0, part.rfind(' '));
    }
    std::string made = from > 0 ? "…" : "";
    made += part;
    if (cut) made += "…";
    return made;
}

}  // namespace townhall::website
