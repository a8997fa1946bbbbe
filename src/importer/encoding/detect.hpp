#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "importer/reader/dialect.hpp"
#include "importer/source/source.hpp"

namespace townhall::importer {

struct DetectedEncoding {
    Encoding encoding = Encoding::utf8_or_windows1252;
    std::size_t bom = 0;  // its bytes in the file
};

/// From a file's first bytes. UTF-16 by its mark or by where its zero bytes stand; UTF-8 where there are sequences of
/// it; Windows-1252 where there are high bytes that are none.
[[nodiscard]] DetectedEncoding detect_encoding(std::string_view sample);

/// The UTF-8 form of UTF-16. A surrogate without its other half becomes the byte FF, so that its row is found at fault.
/// The member's byte order mark is kept, as the three bytes of UTF-8.
class Utf16Source final : public Source {
  public:
    Utf16Source(std::unique_ptr<Source> source, bool big_endian)
        : source_(std::move(source)), big_endian_(big_endian) {}

    std::size_t read(char* out, std::size_t size) override;
    bool next_member() override;
    [[nodiscard]] std::uint64_t bytes_read() const override { return source_->bytes_read(); }
    [[nodiscard]] std::uint64_t bytes_total() const override { return source_->bytes_total(); }

  private:
    bool fill();
    void put(char32_t code_point);
    void put_unit(char16_t unit);

    std::unique_ptr<Source> source_;
    bool big_endian_;
    std::string made_;
    std::size_t given_ = 0;
    char odd_ = 0;  // the first byte of a unit whose second is still to come
    bool has_odd_ = false;
    char16_t high_ = 0;  // a high surrogate that waits for its low one
};

/// The source as UTF-8 where the encoding is UTF-16; else the source itself.
[[nodiscard]] std::unique_ptr<Source> decoded(std::unique_ptr<Source> source, Encoding encoding);

}  // namespace townhall::importer
