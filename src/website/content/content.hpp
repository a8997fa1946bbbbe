#pragma once

#include <memory>
#include <string>

#include "platform/api/router.hpp"
#include "platform/guard/seal.hpp"
#include "platform/newest.hpp"
#include "platform/observe/cpu_pool.hpp"
#include "website/content/snapshot.hpp"
#include "website/content/source.hpp"

/// The website's content: services, case studies, impact stories, impact metrics, the team; and a search over them.
namespace townhall::website {

/// Keeps the newest good state of a source, ready to be served.
class Content {
  public:
    struct Options {
        std::string locale = "en-US";
        std::string public_url;  // before addresses of our own; empty: they stay relative
    };

    /// Holds nothing until the first `refresh`. What it refers to outlives it.
    Content(ContentSource& source, Options options, const guard::SignKey& cursors, observe::CpuPool& cpu);

    /// Reads the source, and serves what it holds from then on. Throws ContentError, and keeps what it had, where that
    /// can't be used. What single entries lack is logged, and they are left out. One call at a time.
    Task<void> refresh();

    /// Use it before the next suspension.
    [[nodiscard]] const Snapshot& current() const { return *newest_.get(); }

  private:
    ContentSource& source_;
    const Options options_;
    const guard::SignKey& cursors_;
    observe::CpuPool& cpu_;
    Newest<Snapshot> newest_;
};

/// Outlives the router.
struct ContentDeps {
    const Content& content;
    const guard::SignKey& cursors;
};

void add_content_routes(api::Router& router, const ContentDeps& deps);

}  // namespace townhall::website
