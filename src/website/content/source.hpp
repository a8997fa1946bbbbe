#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "platform/observe/cpu_pool.hpp"
#include "platform/task.hpp"
#include "website/content/space.hpp"

namespace townhall::website {

/// A file that assets refer to, served by ourselves.
struct AssetFile {
    std::string name;
    std::string bytes;
};

/// The whole of a source at one moment.
struct Bundle {
    std::vector<std::string> answers;  // of Contentful's delivery API, as JSON: see Space
    std::vector<AssetFile> files;      // none where the assets are elsewhere
};

/// Where content comes from.
class ContentSource {
  public:
    virtual ~ContentSource() = default;

    /// Everything published. Throws ContentError where there is nothing to be had.
    virtual Task<Bundle> fetch() = 0;
};

/// A folder: `entries/*.json`, each an answer of the delivery API, and `assets/*`, whose files have addresses of the
/// form /api/assets/NAME. Read when asked, not watched.
class FolderSource final : public ContentSource {
  public:
    /// `cpu` reads; it outlives the source.
    FolderSource(std::filesystem::path folder, observe::CpuPool& cpu) : folder_(std::move(folder)), cpu_(cpu) {}

    Task<Bundle> fetch() override;

  private:
    std::filesystem::path folder_;
    observe::CpuPool& cpu_;
};

}  // namespace townhall::website
