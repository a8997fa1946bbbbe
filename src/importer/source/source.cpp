#include "importer/source/source.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "importer/error.hpp"
#include "importer/source/file.hpp"

namespace townhall::importer {

File::File(const std::filesystem::path& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat about{};
    if (fd_ < 0 || ::fstat(fd_, &about) != 0 || !S_ISREG(about.st_mode)) {
        if (fd_ >= 0) ::close(fd_);
        throw ImportError(ImportError::Kind::io, "The file can't be opened.");
    }
    size_ = static_cast<std::uint64_t>(about.st_size);
    ::posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
}

File::~File() { ::close(fd_); }

std::size_t File::read(char* out, std::size_t size) {
    while (true) {
        const ssize_t got = ::pread(fd_, out, size, static_cast<off_t>(at_));
        if (got >= 0) {
            at_ += static_cast<std::uint64_t>(got);
            return static_cast<std::size_t>(got);
        }
        if (errno != EINTR) throw ImportError(ImportError::Kind::io, "The file can't be read.");
    }
}

void Source::skip(std::uint64_t bytes) {
    std::array<char, 64 * 1024> rest;
    while (bytes > 0) {
        const std::size_t got = read(rest.data(), std::min<std::uint64_t>(bytes, rest.size()));
        if (got == 0) throw ImportError(ImportError::Kind::io, "The file is shorter than it was.");
        bytes -= got;
    }
}

std::size_t MemorySource::read(char* out, std::size_t size) {
    const std::size_t got = std::min({size, piece_, bytes_.size() - at_});
    if (got > 0) std::memcpy(out, bytes_.data() + at_, got);
    at_ += got;
    return got;
}

namespace {

class PlainSource final : public Source {
  public:
    explicit PlainSource(const std::filesystem::path& path) : file_(path) {}
    std::size_t read(char* out, std::size_t size) override { return file_.read(out, size); }
    void skip(std::uint64_t bytes) override {
        if (bytes > file_.size() - file_.at())
            throw ImportError(ImportError::Kind::io, "The file is shorter than it was.");
        file_.seek(file_.at() + bytes);
    }
    [[nodiscard]] std::uint64_t bytes_read() const override { return file_.at(); }
    [[nodiscard]] std::uint64_t bytes_total() const override { return file_.size(); }

  private:
    File file_;
};

struct Magic {
    std::string_view bytes;
    std::string_view sentence;
};
constexpr std::array<Magic, 10> kNoTables{{
    {"%PDF", "This is a PDF: export the table as CSV."},
    {std::string_view("\xD0\xCF\x11\xE0", 4), "This is an old Excel workbook: save it as CSV."},
    {std::string_view("\xFD"
                      "7zXZ",
                      5),
     "This is an xz file: only gzip and zip are unpacked."},
    {"BZh", "This is a bzip2 file: only gzip and zip are unpacked."},
    {std::string_view("\x28\xB5\x2F\xFD", 4), "This is a zstd file: only gzip and zip are unpacked."},
    {std::string_view("7z\xBC\xAF", 4), "This is a 7-Zip archive: only gzip and zip are unpacked."},
    {"Rar!", "This is a RAR archive: only gzip and zip are unpacked."},
    {"PAR1", "This is a Parquet file: export the table as CSV."},
    {std::string_view("\x89PNG", 4), "This is an image, not a table."},
    {std::string_view("\xFF\xD8\xFF", 3), "This is an image, not a table."},
}};

}  // namespace

Packing detect_packing(const std::filesystem::path& path) {
    File file(path);
    std::array<char, 8> bytes{};
    const std::string_view head(bytes.data(), file.read(bytes.data(), bytes.size()));
    if (head.empty()) throw ImportError(ImportError::Kind::not_a_table, "The file is empty.");
    if (head.starts_with(std::string_view("\x1F\x8B\x08", 3))) return Packing::gzip;
    if (head.starts_with(std::string_view("PK\3\4", 4)) || head.starts_with(std::string_view("PK\5\6", 4)))
        return Packing::zip;
    for (const Magic& magic : kNoTables)
        if (head.starts_with(magic.bytes))
            throw ImportError(ImportError::Kind::not_a_table, std::string(magic.sentence));
    return Packing::plain;
}

std::unique_ptr<Source> detail::open_plain(const std::filesystem::path& path) {
    return std::make_unique<PlainSource>(path);
}

std::unique_ptr<Source> open_source(const std::filesystem::path& path, Packing packing,
                                    const std::vector<Member>& members, const Limits& limits) {
    switch (packing) {
        case Packing::gzip:
            return detail::open_gzip(path, limits);
        case Packing::zip:
            return detail::open_zip(path, members.empty() ? list_zip(path, limits) : members, limits);
        case Packing::plain:
            break;
    }
    return detail::open_plain(path);
}

std::string_view to_string(Packing packing) {
    switch (packing) {
        case Packing::gzip:
            return "gzip";
        case Packing::zip:
            return "zip";
        case Packing::plain:
            break;
    }
    return "plain";
}

}  // namespace townhall::importer
