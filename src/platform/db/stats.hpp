#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "platform/observe/metrics.hpp"

namespace townhall::db {

struct LaneStats {
    static constexpr std::size_t kBuckets = 11;
    std::string name;  ///< "owner write 0"
    bool connected = false;
    std::uint64_t batches = 0;
    std::uint64_t statements = 0;
    std::uint64_t again = 0;  ///< statements run again because another of their batch failed
    std::uint64_t reconnects = 0;
    std::array<std::uint64_t, kBuckets> sizes{};  ///< batches of at most 1, 2, 4 … 1024 statements
};

struct QueryStats {
    std::string name;
    std::uint64_t count = 0;
    std::uint64_t errors = 0;  ///< of all classes
    std::map<std::string, std::uint64_t>
        failures;                        ///< by class of SQLSTATE ("23"); "none" where the server said nothing
    observe::Histogram::Totals seconds;  ///< from the call to the answer, with Histogram::seconds as bounds
};

struct PoolStats {
    int size = 0;  ///< the most connections that it may open
    int open = 0;
    int in_use = 0;
    int waiting = 0;
    std::uint64_t refused = 0;          ///< those who waited in vain
    observe::Histogram::Totals waited;  ///< how long others waited who did not get a connection at once, in seconds
};

struct Stats {
    std::vector<LaneStats> lanes;
    std::vector<QueryStats> queries;
    PoolStats pool;
};

}  // namespace townhall::db
