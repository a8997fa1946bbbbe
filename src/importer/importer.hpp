#pragma once

// The one header of this room for the rest of the house: a voter file's bytes in, checked records and faults out.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "importer/error.hpp"
#include "importer/layout/plan.hpp"
#include "importer/record/record.hpp"

namespace townhall::importer {

/// Looks at the first bytes of a file: how it is packed, encoded and delimited, which layout it has, and which of its
/// columns goes to which field. Reads `options.sample_bytes` of each member only. The same file and options give the
/// same plan (but for `today`). Throws ImportError where the file can't be read or holds no table.
[[nodiscard]] Plan inspect(const std::filesystem::path& path, const Options& options = {});

/// A row: one or the other, never null, valid until the next call of next().
using Item = std::variant<const VoterRecord*, const Fault*>;

/// Reads a file row by row in constant memory. Not for use by two threads at once. Throws ImportError for faults of the
/// whole file only (I/O, a broken archive, one that expands beyond its limits).
class Stream {
  public:
    /// Continues at `start`, which position() of an earlier stream over the same file and plan gave.
    Stream(const std::filesystem::path& path, Plan plan, Position start = {});
    ~Stream();
    Stream(Stream&&) noexcept;
    Stream& operator=(Stream&&) noexcept;

    /// The next row, or nothing at the end.
    [[nodiscard]] std::optional<Item> next();
    /// Behind the last row that next() gave.
    [[nodiscard]] Position position() const;
    /// For progress: of the stored file, or of its expanded members where the file is a zip that tells their sizes.
    [[nodiscard]] std::uint64_t bytes_read() const;
    [[nodiscard]] std::uint64_t bytes_total() const;
    [[nodiscard]] const Plan& plan() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The first, cheap pass: whom each row is about, and nothing else of it.
class IdentityScan {
  public:
    struct Row {
        std::uint64_t identity_hash = 0;  // equals VoterRecord::identity_hash of the same row
        std::uint32_t member = 0;
        std::uint64_t line = 0;
    };

    IdentityScan(const std::filesystem::path& path, Plan plan);
    ~IdentityScan();
    IdentityScan(IdentityScan&&) noexcept;
    IdentityScan& operator=(IdentityScan&&) noexcept;

    /// The next row that has an identity; rows that Stream would reject are counted but not given.
    [[nodiscard]] std::optional<Row> next();
    /// Rows seen so far, rejected ones among them.
    [[nodiscard]] std::uint64_t rows() const;
    [[nodiscard]] std::uint64_t bytes_read() const;
    [[nodiscard]] std::uint64_t bytes_total() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// A row's text, as a Fault has it, in the file's own values: as many as can be told apart. Where quotes are astray
/// they are characters. What a list of refused rows says of the row is left out, where the row has as many values.
[[nodiscard]] std::vector<std::string> split_row(std::string_view text, const Plan& plan);

/// The names of fields that a mapping may use, in the order of the voter's fields.
[[nodiscard]] const std::vector<std::string_view>& field_names();

}  // namespace townhall::importer
