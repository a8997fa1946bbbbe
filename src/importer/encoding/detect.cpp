#include "importer/encoding/detect.hpp"

#include <algorithm>
#include <array>

#include "importer/encoding/utf8.hpp"
#include "importer/normalise/ascii.hpp"

namespace townhall::importer {

namespace {

/// Whether zero bytes stand so often at even or odd places that the text must be of 16-bit units.
DetectedEncoding by_zeros(std::string_view sample, DetectedEncoding otherwise) {
    std::array<std::size_t, 2> zeros{};
    for (std::size_t i = 0; i < sample.size(); ++i) zeros[i & 1] += sample[i] == '\0' ? 1 : 0;
    const std::size_t units = sample.size() / 2;
    if (units == 0) return otherwise;
    if (zeros[1] * 10 > units * 6 && zeros[0] * 10 < units) return {Encoding::utf16le, 0};
    if (zeros[0] * 10 > units * 6 && zeros[1] * 10 < units) return {Encoding::utf16be, 0};
    return otherwise;
}

bool undefined_in_1252(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x81 || byte == 0x8D || byte == 0x8F || byte == 0x90 || byte == 0x9D;
}

/// By whether the bytes above ASCII are UTF-8. A few that Windows-1252 leaves undefined are somebody's slip; where
/// there are many, the text is of an encoding that we don't read, and its rows are refused as broken UTF-8.
DetectedEncoding of_high_bytes(std::string_view sample) {
    std::size_t sequences = 0;
    std::size_t strange = 0;
    std::size_t undefined = 0;
    for (std::size_t at = 0; at < sample.size();) {
        const std::size_t length = utf8_sequence(sample, at);
        // A sequence that the sample's end cuts says nothing.
        if (length == 0 && sample.size() - at < 4 && static_cast<unsigned char>(sample[at]) >= 0xC2) break;
        sequences += length > 1 ? 1 : 0;
        strange += length == 0 ? 1 : 0;
        undefined += length == 0 && undefined_in_1252(sample[at]) ? 1 : 0;
        at += length == 0 ? 1 : length;
    }
    if (strange == 0) return {sequences > 0 ? Encoding::utf8 : Encoding::utf8_or_windows1252, 0};
    const bool latin = sequences * 4 < strange && undefined * 20 < strange;
    return {latin ? Encoding::windows1252 : Encoding::utf8, 0};
}

}  // namespace

std::string_view to_string(Encoding encoding) {
    switch (encoding) {
        case Encoding::utf16le:
            return "UTF-16LE";
        case Encoding::utf16be:
            return "UTF-16BE";
        case Encoding::windows1252:
            return "Windows-1252";
        case Encoding::utf8_or_windows1252:
            return "ASCII";
        case Encoding::utf8:
            break;
    }
    return "UTF-8";
}

DetectedEncoding detect_encoding(std::string_view sample) {
    if (sample.starts_with("\xEF\xBB\xBF")) return {Encoding::utf8, 3};
    if (sample.starts_with("\xFF\xFE")) return {Encoding::utf16le, 2};
    if (sample.starts_with("\xFE\xFF")) return {Encoding::utf16be, 2};
    const DetectedEncoding wide = by_zeros(sample, {});
    if (wide.encoding != Encoding::utf8_or_windows1252) return wide;
    return of_high_bytes(sample);
}

bool Utf16Source::next_member() {
    made_.clear();
    given_ = 0;
    has_odd_ = false;
    high_ = 0;
    return source_->next_member();
}

void Utf16Source::put(char32_t code_point) {
    std::array<char, 4> bytes{};
    made_.append(bytes.data(), write_utf8(code_point, bytes.data()));
}

void Utf16Source::put_unit(char16_t unit) {
    const bool low = unit >= 0xDC00 && unit <= 0xDFFF;
    if (high_ != 0) {
        if (low) {
            put(0x10000 + ((static_cast<char32_t>(high_) - 0xD800) << 10) + (unit - 0xDC00U));
            high_ = 0;
            return;
        }
        made_ += '\xFF';
        high_ = 0;
    }
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        high_ = unit;
    } else if (low) {
        made_ += '\xFF';
    } else if (unit < 0x80) {
        made_ += static_cast<char>(unit);
    } else {
        put(unit);
    }
}

bool Utf16Source::fill() {
    std::array<char, 32 * 1024> bytes;
    made_.clear();
    given_ = 0;
    const std::size_t got = source_->read(bytes.data(), bytes.size());
    for (std::size_t i = 0; i < got; ++i) {
        if (!has_odd_) {
            odd_ = bytes[i];
            has_odd_ = true;
            continue;
        }
        has_odd_ = false;
        const auto first = static_cast<unsigned char>(odd_);
        const auto second = static_cast<unsigned char>(bytes[i]);
        put_unit(static_cast<char16_t>(big_endian_ ? first << 8 | second : second << 8 | first));
    }
    if (got == 0 && (high_ != 0 || has_odd_)) {
        made_ += '\xFF';
        high_ = 0;
        has_odd_ = false;
        return true;
    }
    return got > 0;
}

std::size_t Utf16Source::read(char* out, std::size_t size) {
    while (given_ == made_.size())
        if (!fill()) return 0;
    const std::size_t count = std::min(size, made_.size() - given_);
    std::copy_n(made_.data() + given_, count, out);
    given_ += count;
    return count;
}

std::unique_ptr<Source> decoded(std::unique_ptr<Source> source, Encoding encoding) {
    if (encoding != Encoding::utf16le && encoding != Encoding::utf16be) return source;
    return std::make_unique<Utf16Source>(std::move(source), encoding == Encoding::utf16be);
}

}  // namespace townhall::importer
