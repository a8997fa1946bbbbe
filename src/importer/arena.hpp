#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace townhall::importer {

/// Memory for the values of one row: taken piece by piece, given back all at once by reset(). Pieces never move.
class Arena {
  public:
    Arena() = default;
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    [[nodiscard]] char* take(std::size_t size) {
        if (size > static_cast<std::size_t>(end_ - next_)) grow(size);
        return std::exchange(next_, next_ + size);
    }
    /// Keeps only the first `used` bytes of the last piece taken.
    void shrink(const char* piece, std::size_t used) { next_ = const_cast<char*>(piece) + used; }

    [[nodiscard]] std::string_view copy(std::string_view text) {
        if (text.empty()) return {};
        char* out = take(text.size());
        std::memcpy(out, text.data(), text.size());
        return {out, text.size()};
    }

    void reset() {
        if (chunks_.empty()) return;
        if (chunks_.size() > 1) chunks_.erase(chunks_.begin() + 1, chunks_.end());
        next_ = chunks_.front().memory.get();
        end_ = next_ + chunks_.front().size;
    }

  private:
    struct Chunk {
        std::unique_ptr<char[]> memory;
        std::size_t size;
    };
    static constexpr std::size_t kChunk = 32 * 1024;

    void grow(std::size_t size) {
        const std::size_t bytes = size > kChunk ? size : kChunk;
        chunks_.push_back({std::make_unique_for_overwrite<char[]>(bytes), bytes});
        next_ = chunks_.back().memory.get();
        end_ = next_ + bytes;
    }

    std::vector<Chunk> chunks_;
    char* next_ = nullptr;
    char* end_ = nullptr;
};

}  // namespace townhall::importer
