#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>
#include <zlib.h>

// What the tests of this room write their files with.

namespace townhall::importer::testing {

/// A file of its own under the temporary folder, removed at the end.
class TempFile {
  public:
    explicit TempFile(std::string_view bytes = {}) {
        std::string pattern = std::filesystem::temp_directory_path() / "townhall-importer-XXXXXX";
        const int fd = ::mkstemp(pattern.data());
        ::close(fd);
        path_ = pattern;
        write(bytes);
    }
    TempFile(const TempFile&) = delete;
    TempFile& operator=(const TempFile&) = delete;
    ~TempFile() { std::filesystem::remove(path_); }

    void write(std::string_view bytes) const {
        std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

inline std::string gzipped(std::string_view bytes) {
    TempFile file;
    gzFile out = ::gzopen(file.path().c_str(), "wb6");
    for (std::size_t at = 0; at < bytes.size(); at += 1U << 20) {
        const auto piece = bytes.substr(at, 1U << 20);
        ::gzwrite(out, piece.data(), static_cast<unsigned>(piece.size()));
    }
    ::gzclose(out);
    std::ifstream in(file.path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_zip(const std::filesystem::path& path,
                      const std::vector<std::pair<std::string, std::string>>& members) {
    archive* out = ::archive_write_new();
    ::archive_write_set_format_zip(out);
    ::archive_write_open_filename(out, path.c_str());
    for (const auto& [name, bytes] : members) {
        archive_entry* entry = ::archive_entry_new();
        ::archive_entry_set_pathname(entry, name.c_str());
        ::archive_entry_set_filetype(entry, AE_IFREG);
        ::archive_entry_set_perm(entry, 0644);
        ::archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
        ::archive_write_header(out, entry);
        ::archive_write_data(out, bytes.data(), bytes.size());
        ::archive_entry_free(entry);
    }
    ::archive_write_close(out);
    ::archive_write_free(out);
}

}  // namespace townhall::importer::testing
