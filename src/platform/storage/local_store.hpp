#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/observe/cpu_pool.hpp"
#include "platform/storage/store.hpp"

namespace townhall::storage {

/// Objects as files under one folder (mode 0700). A file is written under `.tmp/`, then synced and renamed: readers see
/// the whole object or none, also after a loss of power. All file work is done on the pool, so that a slow disk doesn't
/// stall requests; a chunk that the full pool refuses is written by the caller itself.
///
/// Several processes may share the folder.
class LocalStore final : public ObjectStore {
  public:
    /// Creates the folder where needed, and removes what crashed writers left. Throws `StorageError`.
    LocalStore(std::filesystem::path root, observe::CpuPool& pool);

    Task<std::unique_ptr<Writer>> create(std::string key, std::optional<std::uint64_t> expected_size = {}) override;
    Task<std::unique_ptr<Reader>> open(std::string key) override;
    Task<std::optional<std::uint64_t>> size(std::string key) override;
    Task<void> remove(std::string key) override;
    Task<std::vector<Object>> list(std::string prefix, std::string after = {}, std::size_t limit = 1'000) override;
    [[nodiscard]] std::optional<std::filesystem::path> local_path(std::string_view key) const override;
    Task<std::uint64_t> free_bytes() override;

  private:
    [[nodiscard]] std::filesystem::path path_of(std::string_view key) const;
    void remove_stale_files() const;

    std::filesystem::path root_;
    observe::CpuPool& pool_;
};

}  // namespace townhall::storage
