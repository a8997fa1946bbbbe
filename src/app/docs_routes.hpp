#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "app/made_once.hpp"
#include "platform/api/router.hpp"

namespace townhall::app {

/// GET /docs: the contract to read and to try, by Swagger UI, all of it from this server.
class Docs {
  public:
    /// `page`: the folder of our own part; `swagger_ui`: of the package. Nothing is read before it is asked for.
    Docs(observe::CpuPool& cpu, const std::filesystem::path& page, const std::filesystem::path& swagger_ui);

    /// The routes refer to this object.
    void add_routes(api::Router& router);

  private:
    std::vector<std::unique_ptr<MadeOnce>> files_;
};

}  // namespace townhall::app
