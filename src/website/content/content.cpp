#include "website/content/content.hpp"

#include "platform/observe/log.hpp"

namespace townhall::website {

namespace {

struct Made {
    std::shared_ptr<const Snapshot> snapshot;
    Warnings warnings;
};

Made make_snapshot(Bundle bundle, const Content::Options& options, const guard::SignKey& cursors) {
    Warnings warnings;
    Space space(options.locale);
    for (const std::string& answer : bundle.answers) space.add(answer, warnings);
    Reading reading{.space = space, .public_url = options.public_url, .warnings = std::move(warnings)};
    Library library = read_library(reading);
    return {std::make_shared<const Snapshot>(std::move(library), std::move(bundle.files), cursors),
            std::move(reading.warnings)};
}

void tell(const Made& made) {
    for (const auto& [id, what] : made.warnings.kept())
        observe::warning("content was left out", {{"id", id}, {"why", what}});
    const Snapshot& snapshot = *made.snapshot;
    observe::info("content is served", {{"services", snapshot.services.items().size()},
                                        {"case_studies", snapshot.case_studies.items().size()},
                                        {"impact_stories", snapshot.impact_stories.items().size()},
                                        {"impact_metrics", snapshot.impact_metrics.items().size()},
                                        {"team", snapshot.team.items().size()},
                                        {"files", snapshot.files.size()},
                                        {"warnings", made.warnings.count()}});
}

}  // namespace

Content::Content(ContentSource& source, Options options, const guard::SignKey& cursors, observe::CpuPool& cpu)
    : source_(source),
      options_(std::move(options)),
      cursors_(cursors),
      cpu_(cpu),
      newest_(std::make_shared<const Snapshot>(Library{}, std::vector<AssetFile>{}, cursors)) {}

Task<void> Content::refresh() {
    Bundle bundle = co_await source_.fetch();
    const Made made = co_await cpu_.run([&] { return make_snapshot(std::move(bundle), options_, cursors_); });
    tell(made);
    newest_.put(made.snapshot);
}

}  // namespace townhall::website
