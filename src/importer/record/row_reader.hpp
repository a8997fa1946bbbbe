#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "importer/layout/plan.hpp"
#include "importer/reader/reader.hpp"
#include "importer/record/record.hpp"
#include "importer/source/source.hpp"

namespace townhall::importer {

/// The rows of a file, all members, of which the bytes and the number of fields are right; the others as faults.
/// The plan must outlive it.
class RowReader {
  public:
    enum class Outcome { row, fault, end };

    RowReader(const std::filesystem::path& path, const Plan& plan, Position start);

    Outcome next();
    [[nodiscard]] const RawRecord& row() const { return reader_->record(); }
    /// Whether the row's bytes are to be taken for Windows-1252.
    [[nodiscard]] bool is_latin() const { return latin_; }
    [[nodiscard]] const Fault& fault() const { return fault_; }
    /// Makes the last row a fault.
    void reject(std::string_view code, std::string_view reason, std::size_t column);

    [[nodiscard]] Position position() const { return {member_, reader_->byte_offset(), reader_->line()}; }
    [[nodiscard]] std::uint64_t bytes_read() const { return source_->bytes_read(); }
    [[nodiscard]] std::uint64_t bytes_total() const { return source_->bytes_total(); }

  private:
    void open_member(Position start);
    bool is_skipped() const;
    Outcome check();
    Outcome check_columns();
    Outcome check_bytes();
    void take_raw_fault();
    void fill_fault(std::uint64_t line, std::uint64_t offset, std::string_view code, std::string_view reason,
                    std::size_t column, std::string_view text);
    std::size_t first_bad_field(bool (*is_bad)(std::string_view)) const;

    const Plan& plan_;
    std::unique_ptr<Source> source_;
    std::optional<Reader> reader_;
    std::vector<std::string_view> member_names_;  // of the members in use, where there are several
    std::uint32_t member_ = 0;
    bool latin_ = false;
    Fault fault_;
};

}  // namespace townhall::importer
