#pragma once

#include <cstdint>

#include "importer/error.hpp"
#include "importer/layout/plan.hpp"

namespace townhall::importer {

/// Stops a small file from unpacking into an endless one.
class ExpansionGuard {
  public:
    explicit ExpansionGuard(const Limits& limits) : limits_(limits) {}

    void check(std::uint64_t packed, std::uint64_t expanded) const {
        // Short runs of repetition are honest: the ratio counts only above this.
        constexpr std::uint64_t kAllowance = 16ULL << 20;
        if (expanded > limits_.max_expanded_bytes)
            throw ImportError(ImportError::Kind::too_large, "The file unpacks to more than is allowed.");
        if (expanded > kAllowance && (expanded - kAllowance) / limits_.max_expansion > packed)
            throw ImportError(ImportError::Kind::too_large,
                              "The file unpacks to far more than its size: it looks like a decompression bomb.");
    }

  private:
    Limits limits_;
};

}  // namespace townhall::importer
