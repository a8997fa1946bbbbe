#include "website/content/content.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace townhall::website {
namespace {

/// An answer of the delivery API in the making. `fields` are JSON, by locale or not as the test likes.
class Answer {
  public:
    Answer& entry(std::string_view type, std::string_view id, std::string_view fields, std::string_view sys = {}) {
        return item("Entry", id, fields,
                    fmt::format(R"("contentType":{{"sys":{{"type":"Link","linkType":"ContentType","id":"{}"}}}},{})",
                                type, sys.empty() ? R"("locale":"en-US","revision":1)" : sys));
    }
    Answer& asset(std::string_view id, std::string_view fields) {
        return item("Asset", id, fields, R"("locale":"en-US","revision":1)");
    }
    [[nodiscard]] std::string text() const {
        return fmt::format(R"({{"sys":{{"type":"Array"}},"items":[{}],"includes":{{"Entry":[{}]}}}})", items_,
                           included_);
    }
    Answer& include(const Answer& others) {
        included_ = others.items_;
        return *this;
    }

  private:
    Answer& item(std::string_view kind, std::string_view id, std::string_view fields, std::string_view sys) {
        if (!items_.empty()) items_ += ',';
        items_ += fmt::format(
            R"({{"sys":{{"type":"{}","id":"{}","createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-02T00:00:00.5Z",{}}},"fields":{{{}}}}})",
            kind, id, sys, fields);
        return *this;
    }

    std::string items_, included_;
};

std::string link(std::string_view id, std::string_view kind = "Entry") {
    return fmt::format(R"({{"sys":{{"type":"Link","linkType":"{}","id":"{}"}}}})", kind, id);
}

struct ContentTest : ::testing::Test {
    Library read(const Answer& answer, std::string locale = "en-US") {
        Warnings added;
        Space space(std::move(locale));
        space.add(answer.text(), added);
        Reading reading{.space = space, .public_url = "https://example.org", .warnings = std::move(added)};
        Library library = read_library(reading);
        warnings = std::move(reading.warnings);
        return library;
    }

    /// The HTML of a story whose body is this rich text.
    std::string html(std::string_view nodes, const Answer& more = Answer()) {
        Answer answer = more;
        answer.entry("impactStory", "s",
                     fmt::format(R"("title":"T","slug":"t","story":{{"nodeType":"document","content":[{}]}})", nodes));
        return read(answer).impact_stories.at(0).item.story;
    }

    Warnings warnings;
};

std::string text_node(std::string_view value, std::string_view marks = "") {
    return fmt::format(R"({{"nodeType":"text","value":"{}","marks":[{}],"data":{{}}}})", value, marks);
}
std::string paragraph(std::string_view inner) {
    return fmt::format(R"({{"nodeType":"paragraph","data":{{}},"content":[{}]}})", inner);
}

TEST_F(ContentTest, AnswersOfOneLocaleAndOfAllReadAlike) {
    Answer plain, localized;
    plain.entry("service", "a", R"("name":"Annotation","slug":"annotation","order":3,"features":["Quick","Fair"])");
    localized.entry("service", "a",
                    R"("name":{"de-DE":"Beschriftung","en-US":"Annotation"},"slug":{"en-US":"annotation"},)"
                    R"("order":{"en-US":3},"features":{"en-US":["Quick","Fair"]})",
                    R"("revision":2)");
    for (const Answer& answer : {plain, localized}) {
        const auto services = read(answer).services;
        ASSERT_EQ(services.size(), 1U);
        EXPECT_EQ(services[0].item.name, "Annotation");
        EXPECT_EQ(services[0].item.order, 3);
        ASSERT_EQ(services[0].item.features.size(), 2U);
        EXPECT_EQ(services[0].item.features[1].title, "Fair");
        EXPECT_EQ(db::format(services[0].item.updated_at), "2026-01-02T00:00:00.5Z");
    }
    EXPECT_TRUE(read(localized, "fr-FR").services.empty()) << "no name in that locale";
}

TEST_F(ContentTest, LinksAreResolvedFromItemsAndIncludes) {
    Answer answer, included;
    answer.entry("caseStudy", "c",
                 fmt::format(R"("title":"Case","slug":"case","client":{},"services":[{},{}],"results":[{}],"image":{})",
                             link("client"), link("svc"), link("gone"), link("r"), link("pic", "Asset")));
    answer.asset("pic", R"("title":"Title","description":"Seen from above","file":{"url":"//images.example.net/p.png",)"
                        R"("contentType":"image/png","details":{"size":9,"image":{"width":640,"height":480}}})");
    included.entry("service", "svc", R"("name":"Annotation","slug":"annotation")")
        .entry("client", "client", R"("name":"Netra")")
        .entry("caseStudyResult", "r", R"("metric":"Time","value":"-52 %")");
    answer.include(included);
    const CaseStudy study = read(answer).case_studies.at(0).item;
    EXPECT_EQ(study.client, "Netra");
    ASSERT_EQ(study.services.size(), 1U) << "the link that leads nowhere is left out";
    EXPECT_EQ(study.services[0].slug, "annotation");
    ASSERT_EQ(study.results.size(), 1U);
    EXPECT_EQ(study.results[0].value, "-52 %");
    ASSERT_TRUE(study.image);
    EXPECT_EQ(study.image->url, "https://images.example.net/p.png");
    EXPECT_EQ(study.image->alt, "Seen from above");
    EXPECT_EQ(study.image->width, 640);
    EXPECT_EQ(db::format(study.published_at), "2026-01-01T00:00:00Z") << "falls back to when it was made";
    EXPECT_EQ(warnings.count(), 1U);
}

TEST_F(ContentTest, WhatIsNotPublishedOrNotUsableIsLeftOut) {
    Answer answer;
    answer.entry("service", "draft", R"("name":"N","slug":"s1")", R"("revision":0)")
        .entry("service", "unpublished", R"("name":"N","slug":"s2")",
               R"("revision":3,"firstPublishedAt":"2026-01-01T00:00:00Z")")
        .entry("service", "archived", R"("name":"N","slug":"s3")", R"("publishedVersion":3,"archivedVersion":5)")
        .entry("service", "nameless", R"("slug":"s4","name":"   ")")
        .entry("service", "badslug", R"("slug":"../etc","name":"N")")
        .entry("service", "wrongtype", R"("slug":7,"name":["N"])")
        .entry("service", "first", R"("name":"Kept","slug":"same")")
        .entry("service", "second", R"("name":"Not","slug":"same")")
        .entry("weather", "w", R"("name":"N","slug":"s5")");
    const auto services = read(answer).services;
    ASSERT_EQ(services.size(), 1U);
    EXPECT_EQ(services[0].item.id, "first");
    EXPECT_EQ(warnings.count(), 7U) << "unknown content types are nobody's fault";
}

TEST_F(ContentTest, TheNewerOfTwoCopiesCountsAndDeletionsTakeOut) {
    Warnings ignored;
    Space space("en-US");
    const auto version = [](std::string_view day, std::string_view name) {
        return fmt::format(
            R"({{"items":[{{"sys":{{"type":"Entry","id":"a","updatedAt":"{}T00:00:00Z","revision":1,"locale":"x",)"
            R"("contentType":{{"sys":{{"id":"service"}}}}}},"fields":{{"name":"{}","slug":"a"}}}}]}})",
            day, name);
    };
    for (const auto& [day, name] : {std::pair{"2026-02-01", "new"}, {"2026-01-01", "old"}})
        space.add(version(day, name), ignored);
    Reading reading{.space = space, .public_url = ""};
    EXPECT_EQ(read_library(reading).services.at(0).item.name, "new");
    space.add(R"({"items":[{"sys":{"type":"DeletedEntry","id":"a"}}]})", ignored);
    EXPECT_TRUE(read_library(reading).services.empty());
}

TEST_F(ContentTest, WhatCameAfterADeletionStaysInWhateverOrderItIsRead) {
    const std::string entry =
        R"({"items":[{"sys":{"type":"Entry","id":"a","updatedAt":"2026-01-01T00:00:00Z","revision":1}, "fields":{}}]})";
    const auto deletion = [](std::string_view day) {
        return fmt::format(R"({{"items":[{{"sys":{{"type":"DeletedEntry","id":"a","deletedAt":"{}T00:00:00Z"}}}}]}})",
                           day);
    };
    for (const auto& [day, there] : {std::pair{"2025-06-01", true}, {"2026-06-01", false}}) {
        Space before("en-US"), after("en-US");
        before.add(deletion(day), warnings);
        before.add(entry, warnings);
        after.add(entry, warnings);
        after.add(deletion(day), warnings);
        EXPECT_EQ(before.entry("a") != nullptr, there) << day;
        EXPECT_EQ(after.entry("a") != nullptr, there) << day;
    }
}

TEST_F(ContentTest, WhatIsNoAnswerIsRefused) {
    Space space("en-US");
    for (const char* text :
         {"", "[]", "{}", R"({"items":{}})", R"({"items":[)", R"({"sys":{"type":"Error","id":"X"}})"})
        EXPECT_THROW(space.add(text, warnings), ContentError) << text;
    space.add(R"({"items":[null,7,{},{"sys":7},{"sys":{"type":"Entry","id":""}},{"sys":{"type":"Entry","id":"x"}}]})",
              warnings);
    EXPECT_TRUE(space.entries().empty());
}

TEST_F(ContentTest, RichTextBecomesHtmlAndNothingElse) {
    EXPECT_EQ(html(paragraph(text_node("a <b> & \\\"c\\\"", R"({"type":"bold"},{"type":"italic"})"))),
              "<p><strong><em>a &lt;b&gt; &amp; &quot;c&quot;</em></strong></p>");
    EXPECT_EQ(html(R"({"nodeType":"heading-2","content":[)" + text_node("H") + R"(]},{"nodeType":"hr","content":[]})"),
              "<h2>H</h2><hr>");
    EXPECT_EQ(html(R"({"nodeType":"unordered-list","content":[{"nodeType":"list-item","content":[)" +
                   paragraph(text_node("one\\ntwo")) + "]}]}"),
              "<ul><li><p>one<br>two</p></li></ul>");
    EXPECT_EQ(html(R"({"nodeType":"script","content":[)" + text_node("x") + "]}"), "x");
}

TEST_F(ContentTest, ListsWithinListsAreNoReasonToRefuseTheWhole) {
    std::string nested = paragraph(text_node("deep"));
    for (int i = 0; i < 40; ++i)
        nested = R"({"nodeType":"ordered-list","content":[{"nodeType":"list-item","content":[)" + nested + "]}]}";
    EXPECT_TRUE(html(nested).contains("<ol><li><ol><li><p>deep</p></li></ol>"));
}

TEST_F(ContentTest, OnlyHarmlessLinksAreKept) {
    const auto anchor = [&](std::string_view uri) {
        return html(
            fmt::format(R"({{"nodeType":"hyperlink","data":{{"uri":"{}"}},"content":[{}]}})", uri, text_node("x")));
    };
    EXPECT_EQ(anchor("https://example.org/?a=1&b=2"),
              R"(<a href="https://example.org/?a=1&amp;b=2" rel="noopener">x</a>)");
    EXPECT_EQ(anchor("mailto:a@example.org"), R"(<a href="mailto:a@example.org">x</a>)");
    EXPECT_EQ(anchor("/team"), R"(<a href="/team">x</a>)");
    for (const char* bad : {"javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:1", "java\\tscript:1",
                            "data:text/html,x", "//evil.example", "/\\\\evil.example", "vbscript:x", "https", ""}) {
        EXPECT_EQ(anchor(bad), "x") << bad;
        EXPECT_GE(warnings.count(), 1U);
    }
}

TEST_F(ContentTest, EntriesThatEmbedEachOtherEnd) {
    const auto embed = [](std::string_view id) {
        return fmt::format(R"({{"nodeType":"embedded-entry-block","data":{{"target":{}}},"content":[]}})", link(id));
    };
    const auto body = [&](std::string_view id) {
        std::string nodes;
        for (int i = 0; i < 30; ++i) nodes += (i ? "," : "") + embed(id);
        return fmt::format(R"("title":"<{}>","body":{{"nodeType":"document","content":[{}]}})", id, nodes);
    };
    Answer answer;
    answer.entry("note", "a", body("b")).entry("note", "b", body("a"));
    const std::string made = html(embed("a"), answer);
    EXPECT_TRUE(made.starts_with(R"(<section data-entry-type="note"><h3>&lt;b&gt;</h3><section)"))
        << made.substr(0, 100);
    EXPECT_TRUE(made.ends_with("</section></section>")) << "closed also where it was cut";
    EXPECT_LT(made.size(), 300'000U);
    EXPECT_GE(warnings.count(), 1U);
    EXPECT_LE(warnings.kept().size(), 50U);
}

TEST_F(ContentTest, PlainTextIsEscapedIntoParagraphs) {
    Answer answer;
    answer.entry("teamMember", "m", R"("name":"M","slug":"m","bio":"One <script>\nline\r\n\n  \nTwo")");
    EXPECT_EQ(read(answer).team.at(0).item.bio, "<p>One &lt;script&gt;<br>line</p><p>Two</p>");
    EXPECT_EQ(read(answer).team.at(0).text, "One <script>\nline\r\n\n  \nTwo") << "searched without markup";
}

TEST_F(ContentTest, AssetsWithAddressesThatRunSomethingAreLeftOut) {
    for (const auto& [url, expected] :
         std::vector<std::pair<std::string, std::string>>{{"/api/assets/a.svg", "https://example.org/api/assets/a.svg"},
                                                          {"javascript:1", ""},
                                                          {"data:x", ""},
                                                          {"", ""}}) {
        Answer answer;
        answer.asset("p", fmt::format(R"("title":"t","file":{{"url":"{}","contentType":"image/png"}})", url));
        answer.entry("teamMember", "m", R"("name":"M","slug":"m","image":)" + link("p", "Asset"));
        const auto image = read(answer).team.at(0).item.image;
        EXPECT_EQ(image ? image->url : "", expected);
    }
}

TEST_F(ContentTest, ListsAreSorted) {
    Answer answer;
    answer.entry("service", "c", R"("name":"C","slug":"c","order":-2)")
        .entry("service", "b", R"("name":"B","slug":"b","order":10)")
        .entry("service", "a", R"("name":"A","slug":"a","order":10)")
        .entry("caseStudy", "old", R"("title":"O","slug":"o","publishedAt":"2025-05-01T10:00+05:30")")
        .entry("caseStudy", "new", R"("title":"N","slug":"n","publishedAt":"2026-05-01")");
    const Library library = read(answer);
    std::string order;
    for (const auto& one : library.services) order += one.item.id;
    for (const auto& one : library.case_studies) order += " " + one.item.id;
    EXPECT_EQ(order, "cab new old");
    EXPECT_EQ(db::format(library.case_studies[1].item.published_at), "2025-05-01T04:30:00Z");
}

TEST_F(ContentTest, TooMuchTextIsRefusedWhole) {
    Answer answer;
    const std::string body = R"("title":"A","body":")" + std::string(200'000, 'x') + "\"";
    answer.entry("note", "n", body);
    const std::string embed = fmt::format(R"({{"nodeType":"embedded-entry-block","data":{{"target":{}}}}})", link("n"));
    for (int i = 0; i < 200; ++i)
        answer.entry(
            "impactStory", fmt::format("s{}", i),
            fmt::format(R"("title":"T","slug":"t{}","story":{{"nodeType":"document","content":[{}]}})", i, embed));
    EXPECT_THROW((void)read(answer), ContentError);
}

TEST(WordIndexTest, FindsBeginningsOfEveryWordBestFirst) {
    WordIndex index;
    index.add("Land records", "Pages in four scripts, searched in minutes");
    index.add("Claims", "Land that was insured, José's too");
    index.add("Wind", "Recorded at night");
    index.finish();
    const auto found = [&](std::string_view query) {
        std::string numbers;
        for (const auto& hit : index.find(query)) numbers += std::to_string(hit.document);
        return numbers;
    };
    EXPECT_EQ(found("land"), "01") << "the title counts more";
    EXPECT_EQ(found("RECORD"), "02");
    EXPECT_EQ(found("land jose"), "1");
    EXPECT_EQ(found("josé’s"), "1");
    EXPECT_EQ(found("land wind"), "");
    EXPECT_EQ(found("an"), "") << "beginnings, not middles";
    EXPECT_EQ(found("!?"), "");
    EXPECT_EQ(WordIndex().find("x").size(), 0U);
}

TEST(WordIndexTest, ExcerptsShowWhereItWasFound) {
    const std::string text = std::string(300, 'x') + " the monsoon begins " + std::string(20, 'y');
    EXPECT_EQ(excerpt("short and whole", "whole"), "short and whole");
    EXPECT_TRUE(excerpt(text + " " + text, "Monsoon").contains("the monsoon begins"));
    EXPECT_LE(excerpt(text + text, "monsoon").size(), 220U);
    EXPECT_LE(excerpt(std::string(5000, 'z'), "q").size(), 220U);
}

TEST(SnapshotTest, ListsGoOnByCursorAndItemsAreFoundByIdAndSlug) {
    const guard::SignKey key = guard::Secret("a secret for this test alone").sign_key("cursor");
    Library library;
    for (int i = 0; i < 120; ++i) {
        Service service{
            .id = fmt::format("id{:03}", i), .slug = fmt::format("slug{}", i), .name = fmt::format("N{:03}", i)};
        library.services.push_back({service, "words"});
    }
    const Snapshot snapshot(std::move(library), {{"a.svg", "<svg/>"}, {"run.html", "<script>"}}, key);
    EXPECT_NE(snapshot.services.find("id007"), nullptr);
    EXPECT_EQ(snapshot.services.find("slug7"), snapshot.services.find("id007"));
    EXPECT_EQ(snapshot.services.find("slug"), nullptr);
    EXPECT_TRUE(snapshot.services.whole().body().contains(R"("per_page":50,"total":120,)"));
    EXPECT_FALSE(snapshot.services.whole().body().contains(R"("next":null)"));
    EXPECT_TRUE(snapshot.team.whole().body().starts_with(R"({"items":[],"page":1,)"));
    EXPECT_EQ(snapshot.files.size(), 1U) << "only types that are content";
    EXPECT_EQ(snapshot.words.find("n119").size(), 1U);
}

}  // namespace
}  // namespace townhall::website
