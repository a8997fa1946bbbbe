#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <string_view>

#include "importer/encoding/utf8.hpp"
#include "importer/normalise/ascii.hpp"
#include "importer/source/expansion.hpp"
#include "importer/source/file.hpp"
#include "importer/source/source.hpp"

namespace townhall::importer {

namespace {

[[noreturn]] void damaged() { throw ImportError(ImportError::Kind::io, "The zip file is damaged."); }

/// libarchive's reader over a zip's entries. Entries are numbered in the archive's order.
class Zip {
  public:
    Zip(const std::filesystem::path& path, const Limits& limits)
        : limits_(limits), size_(File(path).size()), archive_(::archive_read_new()) {
        if (archive_ == nullptr) throw ImportError(ImportError::Kind::io, "Out of memory.");
        ::archive_read_support_format_zip(archive_);
        if (::archive_read_open_filename(archive_, path.c_str(), 128 * 1024) != ARCHIVE_OK) {
            ::archive_read_free(archive_);
            damaged();
        }
    }
    Zip(const Zip&) = delete;
    Zip& operator=(const Zip&) = delete;
    ~Zip() { ::archive_read_free(archive_); }

    /// The next entry, or null at the end.
    archive_entry* next() {
        archive_entry* entry = nullptr;
        const int status = ::archive_read_next_header(archive_, &entry);
        if (status == ARCHIVE_EOF) return nullptr;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) damaged();
        if (++entries_ > limits_.max_members)
            throw ImportError(ImportError::Kind::too_large, "The zip file has too many members.");
        return entry;
    }

    std::size_t read(char* out, std::size_t size) {
        const la_ssize_t got = ::archive_read_data(archive_, out, size);
        if (got < 0) damaged();
        return static_cast<std::size_t>(got);
    }

    [[nodiscard]] std::uint32_t index() const { return static_cast<std::uint32_t>(entries_ - 1); }
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::uint64_t packed_position() const {
        return static_cast<std::uint64_t>(std::max<la_int64_t>(0, ::archive_filter_bytes(archive_, -1)));
    }

  private:
    Limits limits_;
    std::uint64_t size_;
    archive* archive_;
    std::size_t entries_ = 0;
};

std::string name_of(archive_entry* entry) {
    const char* name = ::archive_entry_pathname_utf8(entry);
    if (name == nullptr) name = ::archive_entry_pathname(entry);
    return name == nullptr ? std::string() : readable(name, Encoding::utf8_or_windows1252, 1024);
}

bool may_be_table(std::string_view name, archive_entry* entry) {
    if (::archive_entry_filetype(entry) != AE_IFREG || name.starts_with("__MACOSX/")) return false;
    const std::string_view base = name.substr(name.find_last_of('/') + 1);
    if (base.empty() || base.front() == '.') return false;
    const std::size_t dot = base.find_last_of('.');
    if (dot == std::string_view::npos) return true;
    constexpr std::array<std::string_view, 7> kEndings{"csv", "tsv", "txt", "tab", "psv", "dat", "asc"};
    return std::any_of(kEndings.begin(), kEndings.end(),
                       [&](std::string_view end) { return equals_ignoring_case(base.substr(dot + 1), end); });
}

class ZipSource final : public Source {
  public:
    ZipSource(const std::filesystem::path& path, std::vector<Member> members, const Limits& limits)
        : members_(std::move(members)), guard_(limits), zip_(path, limits) {
        if (!next_member()) throw ImportError(ImportError::Kind::not_a_table, "The zip file holds no table.");
    }

    std::size_t read(char* out, std::size_t size) override {
        const std::size_t got = zip_.read(out, size);
        expanded_ += got;
        guard_.check(zip_.packed_position(), expanded_);
        return got;
    }

    bool next_member() override {
        while (archive_entry* entry = zip_.next()) {
            const auto member = std::find_if(members_.begin(), members_.end(),
                                             [&](const Member& m) { return m.used && m.index == zip_.index(); });
            if (member == members_.end()) continue;
            if (::archive_entry_is_data_encrypted(entry) != 0)
                throw ImportError(ImportError::Kind::io, "The zip file is encrypted.");
            return true;
        }
        ended_ = true;
        return false;
    }

    [[nodiscard]] std::uint64_t bytes_read() const override {
        return ended_ ? zip_.size() : std::min(zip_.packed_position(), zip_.size());
    }
    [[nodiscard]] std::uint64_t bytes_total() const override { return zip_.size(); }

  private:
    std::vector<Member> members_;
    ExpansionGuard guard_;
    Zip zip_;
    std::uint64_t expanded_ = 0;
    bool ended_ = false;
};

}  // namespace

std::vector<Member> list_zip(const std::filesystem::path& path, const Limits& limits) {
    Zip zip(path, limits);
    const ExpansionGuard guard(limits);
    std::vector<Member> members;
    std::uint64_t total = 0;
    while (archive_entry* entry = zip.next()) {
        Member member{.index = zip.index(), .name = name_of(entry), .used = true, .reason = {}};
        if (member.name == "[Content_Types].xml")
            throw ImportError(ImportError::Kind::not_a_table,
                              "This is an Excel workbook or another Office document: save it as CSV.");
        member.used = may_be_table(member.name, entry);
        if (!member.used) member.reason = "not a table by its name";
        if (member.used && ::archive_entry_size_is_set(entry) != 0) {
            total += static_cast<std::uint64_t>(std::max<la_int64_t>(0, ::archive_entry_size(entry)));
            guard.check(zip.size(), total);
        }
        members.push_back(std::move(member));
    }
    return members;
}

std::unique_ptr<Source> detail::open_zip(const std::filesystem::path& path, std::vector<Member> members,
                                         const Limits& limits) {
    return std::make_unique<ZipSource>(path, std::move(members), limits);
}

}  // namespace townhall::importer
