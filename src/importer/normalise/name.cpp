#include "importer/normalise/name.hpp"

#include <array>
#include <cstring>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include "importer/arena.hpp"
#include "importer/encoding/utf8.hpp"
#include "importer/normalise/ascii.hpp"

namespace townhall::importer {

namespace {

const icu::Normalizer2& nfc() {
    UErrorCode status = U_ZERO_ERROR;
    static const icu::Normalizer2& instance = *icu::Normalizer2::getNFCInstance(status);
    return instance;
}

/// The code points of valid UTF-8, one by one.
template <typename F>
void each_code_point(std::string_view text, F&& use) {
    const auto size = static_cast<std::int32_t>(text.size());
    for (std::int32_t at = 0; at < size;) {
        UChar32 c = 0;
        U8_NEXT(text.data(), at, size, c);
        use(c < 0 ? U'\uFFFD' : static_cast<char32_t>(c));
    }
}

/// Invisible marks that would make two equal names differ, or turn the text around them.
bool is_invisible(char32_t c) {
    return c == 0x200B || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || c == 0x2060 ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF || c == 0x00AD;
}

bool is_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)) || u_iscntrl(static_cast<UChar32>(c)); }

/// Whether an ASCII text is as clean_text() would leave it; false too for text that is not ASCII.
bool is_clean(std::string_view text) {
    bool blank_before = true;
    for (const char c : text) {
        if (is_high(c)) return false;
        const bool blank = is_blank(c);
        if (blank && (blank_before || c != ' ')) return false;
        blank_before = blank;
    }
    return text.empty() || !blank_before;
}

/// Puts one blank between what `out` holds and what comes next, once there is something on both sides.
class Collapser {
  public:
    explicit Collapser(char* out) : begin_(out), next_(out) {}
    void blank() { pending_ = next_ != begin_; }
    void put(char32_t c) {
        if (pending_) *next_++ = ' ';
        pending_ = false;
        if (c < 0x80) {
            *next_++ = static_cast<char>(c);
        } else {
            next_ += write_utf8(c, next_);
        }
    }
    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(next_ - begin_); }

  private:
    char* begin_;
    char* next_;
    bool pending_ = false;
};

std::string_view to_nfc(std::string_view text, Arena& arena) {
    UErrorCode status = U_ZERO_ERROR;
    const icu::StringPiece piece(text.data(), static_cast<std::int32_t>(text.size()));
    if (nfc().isNormalizedUTF8(piece, status) && U_SUCCESS(status)) return text;
    std::string out;
    icu::StringByteSink<std::string> sink(&out);
    status = U_ZERO_ERROR;
    nfc().normalizeUTF8(0, piece, sink, nullptr, status);
    return U_SUCCESS(status) ? arena.copy(out) : text;
}

/// Letters that no decomposition takes apart.
std::string_view plain_letters(char32_t c) {
    switch (c) {
        case U'ø':
            return "o";
        case U'ł':
            return "l";
        case U'đ':
        case U'ð':
            return "d";
        case U'ħ':
            return "h";
        case U'ŧ':
            return "t";
        case U'ı':
            return "i";
        case U'æ':
            return "ae";
        case U'œ':
            return "oe";
        case U'þ':
            return "th";
        default:
            return {};
    }
}

bool is_apostrophe(char32_t c) {
    return c == U'\'' || c == U'.' || c == U'`' || c == 0x00B4 || c == 0x2018 || c == 0x2019 || c == 0x02BB ||
           c == 0x02BC || c == 0x2032;
}

void fold_ascii(char c, Collapser& out) {
    if (is_alpha(c) || is_digit(c)) {
        out.put(static_cast<char32_t>(to_lower(c)));
    } else if (!is_apostrophe(static_cast<char32_t>(c))) {
        out.blank();
    }
}

std::string_view fold_unicode(std::string_view text, Arena& arena) {
    UErrorCode status = U_ZERO_ERROR;
    static const icu::Normalizer2& casefold = *icu::Normalizer2::getNFKCCasefoldInstance(status);
    static const icu::Normalizer2& nfd = *icu::Normalizer2::getNFDInstance(status);
    const auto source = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
    const icu::UnicodeString folded = nfd.normalize(casefold.normalize(source, status), status);
    if (U_FAILURE(status)) return {};
    char* out = arena.take(static_cast<std::size_t>(folded.length()) * 4 + 4);
    Collapser made(out);
    for (std::int32_t at = 0; at < folded.length(); at = folded.moveIndex32(at, 1)) {
        const auto c = static_cast<char32_t>(folded.char32At(at));
        const auto type = u_charType(static_cast<UChar32>(c));
        if (c < 0x80) {
            fold_ascii(static_cast<char>(c), made);
        } else if (const auto plain = plain_letters(c); !plain.empty()) {
            for (const char letter : plain) made.put(static_cast<char32_t>(letter));
        } else if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || is_apostrophe(c) || is_invisible(c)) {
            continue;
        } else if (u_isalnum(static_cast<UChar32>(c)) || type == U_COMBINING_SPACING_MARK) {
            made.put(c);
        } else {
            made.blank();
        }
    }
    arena.shrink(out, made.size());
    return {out, made.size()};
}

/// Words that are a suffix more often than a name.
bool is_sure_suffix(std::string_view word) {
    constexpr std::array<std::string_view, 8> kSuffixes{"jr", "jr.", "sr", "sr.", "ii", "iii", "iv", "esq"};
    for (const auto suffix : kSuffixes)
        if (equals_ignoring_case(word, suffix)) return true;
    return false;
}

/// `v` is an initial too, and `md` short for Mohammed.
bool is_suffix(std::string_view word) {
    return is_sure_suffix(word) || equals_ignoring_case(word, "v") || equals_ignoring_case(word, "md");
}

/// Whether `word` behind `name` is its suffix: what may be a name itself is one only behind a name of two words.
bool is_suffix_of(std::string_view name, std::string_view word) {
    if (name.empty()) return false;
    return is_sure_suffix(word) || (is_suffix(word) && name.find(' ') != std::string_view::npos);
}

/// What stands before the next comma, taken off `text` with that comma.
std::string_view take_piece(std::string_view& text) {
    const std::size_t comma = text.find(',');
    const std::string_view piece = trim(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view{} : trim(text.substr(comma + 1));
    return piece;
}

/// Whether nothing but suffixes stands behind the name's comma: "Jr., MD".
bool are_suffixes_of(std::string_view name, std::string_view text) {
    bool all = is_suffix_of(name, take_piece(text));
    while (all && !text.empty()) all = is_suffix(take_piece(text));
    return all;
}

/// Takes the last word off `text`.
std::string_view take_last_word(std::string_view& text) {
    const std::size_t blank = text.find_last_of(' ');
    const std::string_view word = blank == std::string_view::npos ? text : text.substr(blank + 1);
    text = blank == std::string_view::npos ? std::string_view{} : trim(text.substr(0, blank));
    return word;
}

/// Takes the suffixes at the end off `name`, which keeps a word at least.
std::string_view take_suffix(std::string_view& name) {
    const std::string_view whole = name;
    for (std::string_view before = name;; name = before) {
        const std::string_view word = take_last_word(before);
        if (!is_suffix_of(before, word)) break;
    }
    return trim(whole.substr(name.size()));
}

void set_given(NameParts& parts, std::string_view given) {
    const std::size_t blank = given.find(' ');
    parts.first = given.substr(0, blank);
    if (blank != std::string_view::npos) parts.middle = trim(given.substr(blank + 1));
}

/// "First Middle Last Suffix".
NameParts first_name_first(std::string_view name) {
    NameParts parts;
    parts.suffix = take_suffix(name);
    parts.last = take_last_word(name);
    set_given(parts, name);
    return parts;
}

/// "Last, First Middle", with the suffix behind any of them: "Last Suffix, First", "Last, Suffix, First", "Last, First
/// Suffix", "Last, First, Suffix".
NameParts last_name_first(std::string_view last, std::string_view behind) {
    NameParts parts;
    std::string_view given = take_piece(behind);
    if (is_suffix(given) && !behind.empty() && !are_suffixes_of(last, behind)) {
        parts.suffix = given;
        given = take_piece(behind);
    }
    if (!behind.empty()) parts.suffix = behind;
    if (parts.suffix.empty()) parts.suffix = take_suffix(given);
    if (parts.suffix.empty()) parts.suffix = take_suffix(last);
    parts.last = last;
    set_given(parts, given);
    return parts;
}

}  // namespace

std::string_view clean_text(std::string_view text, Arena& arena) {
    if (is_clean(text)) return text;
    const bool ascii = !byte_kinds(text).high;
    if (ascii) {
        text = trim(text);
        if (is_clean(text)) return text;
    }
    char* out = arena.take(text.size() + 4);
    Collapser made(out);
    if (ascii) {
        for (const char c : text) is_blank(c) ? made.blank() : made.put(static_cast<char32_t>(c));
    } else {
        each_code_point(text, [&](char32_t c) {
            if (is_space(c)) {
                made.blank();
            } else if (!is_invisible(c)) {
                made.put(c);
            }
        });
    }
    arena.shrink(out, made.size());
    const std::string_view collapsed(out, made.size());
    return ascii ? collapsed : to_nfc(collapsed, arena);
}

std::string clean_text(std::string_view text) {
    Arena arena;
    return std::string(clean_text(text, arena));
}

std::string_view fold_name(std::string_view text, Arena& arena) {
    if (byte_kinds(text).high) return fold_unicode(text, arena);
    char* out = arena.take(text.size());
    Collapser made(out);
    for (const char c : text) fold_ascii(c, made);
    arena.shrink(out, made.size());
    return {out, made.size()};
}

std::string fold_name(std::string_view text) {
    Arena arena;
    return std::string(fold_name(text, arena));
}

NameParts split_full_name(std::string_view raw) {
    std::string_view behind = trim(raw);
    const std::size_t comma = behind.find(',');
    if (comma == std::string_view::npos) return first_name_first(behind);
    while (behind.ends_with(',') && behind.size() > comma + 1) behind = trim(behind.substr(0, behind.size() - 1));
    const std::string_view before = take_piece(behind);
    if (!are_suffixes_of(before, behind)) return last_name_first(before, behind);
    NameParts parts = first_name_first(before);
    // "John Smith Jr., MD" has one suffix, from its first word on.
    parts.suffix = parts.suffix.empty() ? behind : std::string_view(parts.suffix.begin(), behind.end());
    return parts;
}

}  // namespace townhall::importer
