#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace townhall::observe {

/// The table of symbols of the running program's own file, mapped: `find` reads memory and does nothing else, so that
/// it may be called in a signal's handler. Empty where the program was stripped of it.
class SymbolTable {
  public:
    SymbolTable();
    ~SymbolTable();
    SymbolTable(const SymbolTable&) = delete;
    SymbolTable& operator=(const SymbolTable&) = delete;

    struct Found {
        std::string_view name;  // as the linker knows it; empty: not in this program
        std::uint64_t offset = 0;
    };
    [[nodiscard]] Found find(std::uintptr_t address) const;

  private:
    void read_sections();

    const char* file_ = nullptr;
    std::size_t size_ = 0;
    std::span<const std::byte> symbols_;
    std::string_view names_;
    std::uintptr_t bias_ = 0;  // of where the program was loaded
};

}  // namespace townhall::observe
