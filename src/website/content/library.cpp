#include "website/content/library.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_set>

namespace townhall::website {

namespace {

constexpr std::size_t kLongestSlug = 200;

bool is_slug(std::string_view text) {
    const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
    return !text.empty() && text.size() <= kLongestSlug && std::ranges::all_of(text, good);
}

void join(std::string& text, std::string_view more) {
    if (more.empty()) return;
    if (!text.empty()) text += ' ';
    text += more;
}
void join_optional(std::string& text, const std::optional<std::string>& more) { join(text, more ? *more : ""); }

/// Reads entries of one kind. False where an entry lacks what it can't be shown without.
class Reader {
  public:
    explicit Reader(Reading& reading) : reading_(reading) {}

    bool read(const Fields& fields, Readable<Service>& into) {
        Service& service = into.item;
        if (!identify(fields, service) || !named(fields, "name", service.name)) return false;
        service.description = body(fields, "description", into.text);
        service.icon = fields.asset("icon");
        service.features = features(fields);
        service.order = fields.integer("order");
        for (const Feature& feature : service.features)
            join(into.text, feature.title), join_optional(into.text, feature.description);
        return true;
    }

    bool read(const Fields& fields, Readable<CaseStudy>& into) {
        CaseStudy& study = into.item;
        if (!identify(fields, study) || !named(fields, "title", study.title)) return false;
        study.client = fields.text("client");
        study.industry = fields.text("industry");
        join_optional(into.text, study.client), join_optional(into.text, study.industry);
        for (const Record* linked : fields.entries("services")) {
            if (auto service = service_link(*linked)) {
                join(into.text, service->name);
                study.services.push_back(*std::move(service));
            }
        }
        study.challenge = body(fields, "challenge", into.text);
        study.solution = body(fields, "solution", into.text);
        study.results = results(fields);
        for (const StudyResult& result : study.results)
            join(into.text, result.metric), join_optional(into.text, result.description);
        study.image = fields.asset("image");
        study.featured = fields.flag("featured");
        study.published_at = fields.time("publishedAt").value_or(fields.record().created_at);
        return true;
    }

    bool read(const Fields& fields, Readable<ImpactStory>& into) {
        ImpactStory& story = into.item;
        if (!identify(fields, story) || !named(fields, "title", story.title)) return false;
        story.person = fields.text("person");
        story.location = fields.text("location");
        story.category = fields.text("category");
        join_optional(into.text, story.person), join_optional(into.text, story.location),
            join_optional(into.text, story.category);
        story.story = body(fields, "story", into.text);
        story.image = fields.asset("image");
        story.featured = fields.flag("featured");
        story.published_at = fields.time("publishedAt").value_or(fields.record().created_at);
        return true;
    }

    bool read(const Fields& fields, Readable<ImpactMetric>& into) {
        ImpactMetric& metric = into.item;
        const auto value = fields.number("value");
        if (!named(fields, "name", metric.name)) return false;
        if (!value) return fields.warn("has no value"), false;
        metric.id = fields.record().id;
        metric.value = *value;
        metric.unit = fields.text("unit");
        metric.category = fields.text("category");
        metric.period = fields.text("period");
        metric.as_of = fields.date("asOf");
        metric.updated_at = fields.record().updated_at;
        join_optional(into.text, metric.category), join_optional(into.text, metric.period),
            join_optional(into.text, metric.unit);
        return true;
    }

    bool read(const Fields& fields, Readable<TeamMember>& into) {
        TeamMember& member = into.item;
        if (!identify(fields, member) || !named(fields, "name", member.name)) return false;
        member.role = fields.text("role");
        join_optional(into.text, member.role);
        member.bio = body(fields, "bio", into.text);
        member.image = fields.asset("image");
        member.order = fields.integer("order");
        return true;
    }

  private:
    template <class T>
    static bool identify(const Fields& fields, T& item) {
        item.id = fields.record().id;
        item.updated_at = fields.record().updated_at;
        item.slug = fields.text("slug").value_or("");
        if (is_slug(item.slug)) return true;
        fields.warn("has no usable slug");
        return false;
    }

    static bool named(const Fields& fields, std::string_view field, std::string& into) {
        into = fields.text(field).value_or("");
        if (into.empty()) fields.warn("has no name or title");
        return !into.empty();
    }

    static std::string body(const Fields& fields, std::string_view field, std::string& text) {
        Body body = fields.body(field);
        join(text, body.text);
        return std::move(body.html);
    }

    /// Either a list of texts, or links to entries with a title and a description.
    std::vector<Feature> features(const Fields& fields) {
        std::vector<Feature> made;
        for (std::string& text : fields.texts("features")) made.push_back({std::move(text), std::nullopt});
        for (const Record* linked : fields.entries("features")) {
            const Fields feature(reading_, *linked);
            if (auto title = feature.text("title")) made.push_back({*std::move(title), feature.text("description")});
        }
        return made;
    }

    std::vector<StudyResult> results(const Fields& fields) {
        std::vector<StudyResult> made;
        for (std::string& text : fields.texts("results")) made.push_back({std::move(text), std::nullopt, std::nullopt});
        for (const Record* linked : fields.entries("results")) {
            const Fields result(reading_, *linked);
            if (auto metric = result.text("metric"))
                made.push_back({*std::move(metric), result.text("value"), result.text("description")});
        }
        return made;
    }

    std::optional<ServiceLink> service_link(const Record& record) {
        const Fields fields(reading_, record);
        auto name = fields.text("name");
        auto slug = fields.text("slug");
        if (record.type != "service" || !name || !slug || !is_slug(*slug)) return std::nullopt;
        return ServiceLink{record.id, *std::move(slug), *std::move(name), fields.asset("icon")};
    }

    Reading& reading_;
};

template <class T>
void read_kind(Reading& reading, std::string_view type, std::vector<Readable<T>>& into) {
    Reader reader(reading);
    std::unordered_set<std::string> slugs;
    for (const auto& [id, record] : reading.space.entries()) {
        if (record.type != type) continue;
        const Fields fields(reading, record);
        Readable<T> made;
        if (!reader.read(fields, made)) continue;
        if constexpr (requires { made.item.slug; }) {
            if (!slugs.insert(made.item.slug).second) {
                fields.warn("has the slug of another entry");
                continue;
            }
        }
        into.push_back(std::move(made));
    }
    const auto position = [](const Readable<T>& one) { return position_of(one.item); };
    std::ranges::sort(into, {}, position);
}

/// Numbers as text that sorts as they do.
std::string sortable(std::int64_t number) {
    return fmt::format("{:016x}", static_cast<std::uint64_t>(number) ^ (std::uint64_t{1} << 63));
}
std::string newest_first(db::Timestamp time) { return sortable(-1 - time.time_since_epoch().count()); }

std::string position(std::string first, std::string_view then, std::string_view id) {
    return fmt::format("{} {} {}", first, then.substr(0, 80), id);
}

}  // namespace

Library read_library(Reading& reading) {
    Library library;
    read_kind(reading, "service", library.services);
    read_kind(reading, "caseStudy", library.case_studies);
    read_kind(reading, "impactStory", library.impact_stories);
    read_kind(reading, "impactMetric", library.impact_metrics);
    read_kind(reading, "teamMember", library.team);
    return library;
}

std::string position_of(const Service& service) { return position(sortable(service.order), service.name, service.id); }
std::string position_of(const CaseStudy& study) { return position(newest_first(study.published_at), {}, study.id); }
std::string position_of(const ImpactStory& story) { return position(newest_first(story.published_at), {}, story.id); }
std::string position_of(const ImpactMetric& metric) {
    return position(newest_first(metric.as_of.value_or(db::Date{})), metric.name, metric.id);
}
std::string position_of(const TeamMember& member) { return position(sortable(member.order), member.name, member.id); }

}  // namespace townhall::website
