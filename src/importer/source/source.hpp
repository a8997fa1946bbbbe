#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "importer/layout/plan.hpp"

namespace townhall::importer {

/// The unpacked bytes of a stored file, member after member (a file that is no archive has one). Throws ImportError.
class Source {
  public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    /// Fills the front of `out`; 0 only at the end of the member.
    virtual std::size_t read(char* out, std::size_t size) = 0;
    /// Goes to the start of the next member; false where there is none.
    virtual bool next_member() { return false; }
    /// Passes over bytes of the member.
    virtual void skip(std::uint64_t bytes);
    /// Progress, in the units of bytes_total().
    [[nodiscard]] virtual std::uint64_t bytes_read() const = 0;
    [[nodiscard]] virtual std::uint64_t bytes_total() const = 0;
};

/// By the first bytes, never by the name. Throws where they are of a kind that holds no table (a workbook, a PDF, …).
[[nodiscard]] Packing detect_packing(const std::filesystem::path& path);

/// Opens the file at its first member that is to be used. `members` matters for a zip only; empty: all that may be
/// tables by their names.
[[nodiscard]] std::unique_ptr<Source> open_source(const std::filesystem::path& path, Packing packing,
                                                  const std::vector<Member>& members, const Limits& limits);

/// The entries of a zip, with `used` set for those that may be tables by their names.
[[nodiscard]] std::vector<Member> list_zip(const std::filesystem::path& path, const Limits& limits);

/// Bytes in memory, for samples and tests.
class MemorySource final : public Source {
  public:
    explicit MemorySource(std::string_view bytes, std::size_t piece = SIZE_MAX) : bytes_(bytes), piece_(piece) {}
    std::size_t read(char* out, std::size_t size) override;
    [[nodiscard]] std::uint64_t bytes_read() const override { return at_; }
    [[nodiscard]] std::uint64_t bytes_total() const override { return bytes_.size(); }

  private:
    std::string_view bytes_;
    std::size_t piece_;
    std::size_t at_ = 0;
};

namespace detail {
[[nodiscard]] std::unique_ptr<Source> open_plain(const std::filesystem::path& path);
[[nodiscard]] std::unique_ptr<Source> open_gzip(const std::filesystem::path& path, const Limits& limits);
[[nodiscard]] std::unique_ptr<Source> open_zip(const std::filesystem::path& path, std::vector<Member> members,
                                               const Limits& limits);
}  // namespace detail

}  // namespace townhall::importer
