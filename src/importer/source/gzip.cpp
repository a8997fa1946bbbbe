#include <vector>
#include <zlib.h>

#include "importer/source/expansion.hpp"
#include "importer/source/file.hpp"
#include "importer/source/source.hpp"

namespace townhall::importer {

namespace {

/// gzip, also of several members one after the other (RFC 1952 section 2.2), as `cat a.gz b.gz` and pigz make them.
class GzipSource final : public Source {
  public:
    GzipSource(const std::filesystem::path& path, const Limits& limits)
        : file_(path), guard_(limits), packed_(kPacked) {
        if (::inflateInit2(&zip_, 15 + 16) != Z_OK) throw ImportError(ImportError::Kind::io, "Out of memory.");
    }
    ~GzipSource() override { ::inflateEnd(&zip_); }

    std::size_t read(char* out, std::size_t size) override {
        const auto room = static_cast<uInt>(std::min<std::size_t>(size, 1U << 30));
        zip_.next_out = reinterpret_cast<Bytef*>(out);
        zip_.avail_out = room;
        while (zip_.avail_out == room && !ended_) step();
        const std::size_t made = room - zip_.avail_out;
        expanded_ += made;
        guard_.check(bytes_read(), expanded_);
        return made;
    }

    [[nodiscard]] std::uint64_t bytes_read() const override { return file_.at() - zip_.avail_in; }
    [[nodiscard]] std::uint64_t bytes_total() const override { return file_.size(); }

  private:
    static constexpr std::size_t kPacked = 128 * 1024;

    void step() {
        if (zip_.avail_in == 0) {
            zip_.next_in = reinterpret_cast<Bytef*>(packed_.data());
            zip_.avail_in = static_cast<uInt>(file_.read(packed_.data(), packed_.size()));
            if (zip_.avail_in == 0) {
                if (!between_members_) throw ImportError(ImportError::Kind::io, "The gzip file ends too early.");
                ended_ = true;
                return;
            }
        }
        if (between_members_ && *zip_.next_in == 0) {  // padding, as tape and pax write it
            ++zip_.next_in;
            --zip_.avail_in;
            return;
        }
        between_members_ = false;
        const int status = ::inflate(&zip_, Z_NO_FLUSH);
        if (status == Z_STREAM_END) {
            between_members_ = true;
            ::inflateReset(&zip_);
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            throw ImportError(ImportError::Kind::io, "The gzip file is damaged.");
        }
    }

    File file_;
    ExpansionGuard guard_;
    std::vector<char> packed_;
    z_stream zip_{};
    std::uint64_t expanded_ = 0;
    bool between_members_ = false;
    bool ended_ = false;
};

}  // namespace

std::unique_ptr<Source> detail::open_gzip(const std::filesystem::path& path, const Limits& limits) {
    return std::make_unique<GzipSource>(path, limits);
}

}  // namespace townhall::importer
