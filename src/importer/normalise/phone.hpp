#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace townhall::importer {

/// A telephone number in E.164: '+' and at most 15 digits, held without allocation.
class Phone {
  public:
    [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }
    [[nodiscard]] std::string str() const { return std::string(text()); }
    void push(char c) {
        if (size_ < text_.size()) text_[size_++] = c;
    }

  private:
    std::array<char, 16> text_{};
    std::uint8_t size_ = 0;
};

/// The number in `text`, however it is punctuated; an extension is dropped. Numbers of the North American plan follow
/// its rules (area and exchange codes begin with 2-9, N11 is neither); others must match the plan of their country.
/// `region` is the ISO 3166 code of the country that numbers without '+' belong to.
[[nodiscard]] std::optional<Phone> parse_phone(std::string_view text, std::string_view region = "US");

}  // namespace townhall::importer
