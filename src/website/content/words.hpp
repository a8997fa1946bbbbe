#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace townhall::website {

/// Which documents hold the beginnings of some words: a dictionary in memory, with the documents of each word.
/// Letters' case and accents make no difference. Immutable once finished: any thread.
class WordIndex {
  public:
    struct Hit {
        std::uint32_t document;
        int score;  // the title counts more than the text, a whole word more than its beginning
    };

    /// Adds a document and gives its number, counted from 0.
    std::uint32_t add(std::string_view title, std::string_view text);
    void finish();

    /// The documents that hold every word of `query`, best first, else in the order added. Without a word: none. Only
    /// the first eight words count.
    [[nodiscard]] std::vector<Hit> find(std::string_view query) const;

  private:
    struct Use {
        std::string word;
        std::uint32_t document;
        bool in_title;
        friend auto operator<=>(const Use&, const Use&) = default;
    };
    struct Word {
        std::string text;
        std::uint32_t first;  // of its places
    };

    void add_words(std::uint32_t document, std::string_view text, bool in_title);

    std::vector<Use> uses_;              // until finished
    std::vector<Word> words_;            // sorted; closed by a last one without text
    std::vector<std::uint32_t> places_;  // document * 2 + (1 in the title)
    std::uint32_t documents_ = 0;
};

/// At most some 200 bytes of `text` from about where a word of `query` stands, cut between words.
[[nodiscard]] std::string excerpt(std::string_view text, std::string_view query);

}  // namespace townhall::website
