#include "website/content/source.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>

namespace townhall::website {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 1'000;
constexpr std::uint64_t kMostBytes = 64 << 20;  // in one of the two folders

struct Budget {
    std::size_t files = kMostFiles;
    std::uint64_t bytes = kMostBytes;
};

std::string read_file(const fs::path& file, Budget& budget) {
    const std::uint64_t size = fs::file_size(file);
    if (budget.files == 0 || size > budget.bytes)
        throw ContentError(fmt::format("{} holds more than {} files or {} bytes", file.parent_path().string(),
                                       kMostFiles, kMostBytes));
    --budget.files;
    budget.bytes -= size;
    std::string bytes(size, '\0');
    std::ifstream stream(file, std::ios::binary);
    if (!stream.read(bytes.data(), static_cast<std::streamsize>(size)))
        throw ContentError(fmt::format("{} can't be read", file.string()));
    return bytes;
}

/// Plain files by name; hidden ones, which editors leave about, are left out.
std::vector<fs::path> files_of(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code fault;
    for (const auto& entry : fs::directory_iterator(folder, fault))
        if (entry.is_regular_file() && !entry.path().filename().native().starts_with('.'))
            files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

Bundle read_folder(const fs::path& folder) {
    Bundle bundle;
    Budget documents, assets;
    for (const fs::path& file : files_of(folder / "entries"))
        if (file.extension() == ".json") bundle.answers.push_back(read_file(file, documents));
    if (bundle.answers.empty()) throw ContentError(fmt::format("there is no {}/entries/*.json", folder.string()));
    for (const fs::path& file : files_of(folder / "assets"))
        bundle.files.push_back({file.filename().string(), read_file(file, assets)});
    return bundle;
}

}  // namespace

Task<Bundle> FolderSource::fetch() {
    co_return co_await cpu_.run([this] { return read_folder(folder_); });
}

}  // namespace townhall::website
