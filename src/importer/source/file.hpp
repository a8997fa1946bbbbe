#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace townhall::importer {

/// A regular file open for reading. Throws ImportError.
class File {
  public:
    explicit File(const std::filesystem::path& path);
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File();

    std::size_t read(char* out, std::size_t size);
    void seek(std::uint64_t at) { at_ = at; }
    [[nodiscard]] std::uint64_t at() const { return at_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }

  private:
    int fd_;
    std::uint64_t size_ = 0;
    std::uint64_t at_ = 0;
};

}  // namespace townhall::importer
