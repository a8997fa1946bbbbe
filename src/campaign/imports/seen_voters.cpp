#include "campaign/imports/seen_voters.hpp"

namespace townhall::campaign {

namespace {

/// A set of 64-bit hashes by open addressing; 0 marks a free place.
class HashSet {
  public:
    HashSet() : slots_(1 << 16) {}

    /// False when it was there already.
    bool insert(std::uint64_t hash) {
        hash += hash == 0;
        if ((size_ + 1) * 4 > slots_.size() * 3) grow();
        if (!place(slots_, hash)) return false;
        ++size_;
        return true;
    }
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    static bool place(std::vector<std::uint64_t>& slots, std::uint64_t hash) {
        const std::size_t mask = slots.size() - 1;
        for (std::size_t at = (hash * 0x9E3779B97F4A7C15ULL >> 20) & mask;; at = (at + 1) & mask) {
            if (slots[at] == hash) return false;
            if (slots[at] == 0) {
                slots[at] = hash;
                return true;
            }
        }
    }

    void grow() {
        std::vector<std::uint64_t> larger(slots_.size() * 2);
        for (const std::uint64_t hash : slots_)
            if (hash) place(larger, hash);
        slots_ = std::move(larger);
    }

    std::vector<std::uint64_t> slots_;
    std::size_t size_ = 0;
};

}  // namespace

SeenVoters SeenVoters::scan(const std::filesystem::path& path, const importer::Plan& plan,
                            const std::function<bool()>& canceled, Limits limits) {
    SeenVoters out;
    HashSet seen;
    importer::IdentityScan pass(path, plan);
    std::uint64_t looked = 0;
    while (const auto row = pass.next()) {
        if (++looked % 65'536 == 0 && canceled()) break;
        if (!out.complete_) continue;
        if (!seen.insert(row->identity_hash))
            out.last_.insert_or_assign(row->identity_hash, Place{row->member, row->line});
        if (seen.size() > limits.voters || out.last_.size() > limits.repeated) {
            out.complete_ = false;
            seen = HashSet();
            out.last_ = {};
        }
    }
    out.rows_ = static_cast<std::int64_t>(pass.rows());
    return out;
}

bool SeenVoters::superseded(std::uint64_t identity_hash, std::uint32_t member, std::uint64_t line) const {
    if (last_.empty()) return false;
    const auto last = last_.find(identity_hash);
    return last != last_.end() &&
           (member != last->second.member ? member < last->second.member : line < last->second.line);
}

}  // namespace townhall::campaign
