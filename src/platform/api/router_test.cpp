#include "platform/api/router.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "platform/api/cached.hpp"
#include "platform/api/openapi.hpp"
#include "platform/observe/cpu_pool.hpp"

namespace townhall::api {
namespace {

enum class Colour { red, green };
constexpr auto enum_names(std::type_identity<Colour>) {
    return std::array<std::pair<Colour, std::string_view>, 2>{{{Colour::red, "red"}, {Colour::green, "green"}}};
}

struct Thing {
    std::int64_t id = 0;
    std::optional<std::int64_t> limit;
    std::string name;
    std::optional<std::string> note;
    Colour colour = Colour::red;
    std::vector<std::string> labels;
    Maybe<std::int64_t> weight;
};
constexpr auto schema_of(std::type_identity<Thing>) {
    return object("Thing", path("id", &Thing::id, min<1>), query("limit", &Thing::limit, min<1>, max<200>),
                  field("name", &Thing::name, min_len<1>, max_len<5>), field("note", &Thing::note),
                  field("colour", &Thing::colour), field("labels", &Thing::labels, defaulted, max_items<2>),
                  field("weight", &Thing::weight));
}

constexpr Endpoint<Thing, Thing> kPutThing{
    .verb = put, .path = "/things/{id}", .summary = "Change a thing", .who = Who::anyone};
constexpr Endpoint<Nothing, Nothing> kGetThings{
    .verb = get, .path = "/things", .summary = "Nothing to see", .who = Who::anyone, .success = 204};

constexpr Endpoint<Nothing, Nothing> kDropThings{.verb = del,
                                                 .path = "/things",
                                                 .summary = "Drop what was read",
                                                 .who = Who::anyone,
                                                 .success = 204,
                                                 .errors = {&kPreconditionRequired}};

constexpr Endpoint<Nothing, Thing> kGetThing{
    .verb = get, .path = "/the/{thing}", .summary = "Read the thing", .who = Who::anyone};
constexpr Endpoint<Nothing, Raw> kGetKept{
    .verb = get, .path = "/api/kept", .summary = "Read what is kept", .who = Who::anyone, .has_etag = true};

constexpr Endpoint<Thing, Thing> kCheckThing{
    .verb = post, .path = "/things/{id}", .summary = "Check a thing", .who = Who::anyone};
constexpr Endpoint<Nothing, Nothing> kGetOwn{.verb = get, .path = "/own", .summary = "One's own", .who = Who::admin};
constexpr Endpoint<Nothing, Nothing> kOverload{
    .verb = get, .path = "/overloaded", .summary = "Too much", .who = Who::anyone};
constexpr Endpoint<Nothing, Nothing> kBreak{.verb = get, .path = "/broken", .summary = "A bug", .who = Who::anyone};

class Body final : public http::BodyReader {
  public:
    explicit Body(std::string text) : text_(std::move(text)) {}
    Task<std::size_t> read(std::span<char> buffer) override {
        const std::size_t size = std::min(buffer.size(), text_.size() - used_);
        std::copy_n(text_.data() + used_, size, buffer.data());
        used_ += size;
        co_return size;
    }
    std::optional<std::uint64_t> length() const override { return text_.size(); }
    void set_limit(std::uint64_t) override {}

  private:
    std::string text_;
    std::size_t used_ = 0;
};

struct RouterTest : ::testing::Test {
    RouterTest() {
        router.add(kPutThing, 0, [](int, Thing in) -> Task<Result<Thing>> { co_return in; });
        router.add(kGetThings, 0, [](int) -> Task<Result<Nothing>> { co_return Nothing{}; });
        router.add(kDropThings, 0, [](int) -> Task<Result<Nothing>> { co_return Nothing{}; });
        router.add(kGetThing, 0, [](int) -> Task<Result<Thing>> { co_return Thing{}; });
        router.add(kGetKept, &kept, [](const Cached* answer, Context& context) -> Result<http::Response> {
            return answer->answer(context);
        });
        router.add(kCheckThing, 0, [](int, Thing in) -> Result<Thing> { return in; });
        router.add(kGetOwn, 0, [](int) -> Result<Nothing> { return Nothing{}; });
        router.add(kOverload, 0, [](int) -> Result<Nothing> { throw observe::Overloaded(); });
        router.add(kBreak, 0, [](int) -> Result<Nothing> { throw std::runtime_error("secret"); });
    }

    http::Response send(http::Verb verb, std::string target_path, std::string query = {}, std::string text = {},
                        std::vector<std::pair<std::string, std::string>> headers = {}) {
        Body body(text);
        http::Request request;
        request.verb = verb;
        request.path = std::move(target_path);
        request.query = std::move(query);
        request.request_id = "r1";
        request.headers = {{"Content-Type", "application/json"}, {"Content-Length", std::to_string(text.size())}};
        request.headers.insert(request.headers.end(), headers.begin(), headers.end());
        request.secure = secure;
        request.body = &body;
        boost::asio::io_context context;
        http::Response response;
        boost::asio::co_spawn(
            context, [&]() -> Task<> { response = co_await router.handle(request); },
            [](std::exception_ptr failure) {
                if (failure) std::rethrow_exception(failure);
            });
        context.run();
        return response;
    }

    bool secure = false;
    Cached kept{"[]"};
    guard::SnapshotHolder snapshots;
    guard::AccessTokens tokens{guard::TokenSettings{.keys = {std::string(40, 'k')}}};
    guard::Authenticator authenticator{tokens, snapshots};
    Router router{authenticator, Cors({"https://example.org"})};
};

TEST_F(RouterTest, AnswersWithTheSameTypesThatItReads) {
    const auto response =
        send(http::Verb::put, "/things/7", "limit=5", R"({"name":"é€","colour":"green","weight":null})");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, R"({"name":"é€","note":null,"colour":"green","labels":[],"weight":null})");
}

TEST_F(RouterTest, RunsOperationsThatArePlainFunctions) {
    const auto response = send(http::Verb::post, "/things/7", "", R"({"name":"a","colour":"red"})");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, R"({"name":"a","note":null,"colour":"red","labels":[]})");
    EXPECT_EQ(send(http::Verb::post, "/things/7", "", R"({"name":"a"})").status, 422);
    EXPECT_EQ(send(http::Verb::get, "/own").status, 401);
    EXPECT_EQ(send(http::Verb::get, "/api/kept").status, 200);
    EXPECT_EQ(send(http::Verb::get, "/api/kept", "x=%").status, 400);
    EXPECT_EQ(send(http::Verb::get, "/api/kept", "", "", {{"Accept", "text/html"}}).status, 406);
    EXPECT_EQ(send(http::Verb::get, "/overloaded").status, 503);
    const auto broken = send(http::Verb::get, "/broken");
    EXPECT_EQ(broken.status, 500);
    EXPECT_EQ(broken.body.find("secret"), std::string::npos);
}

TEST_F(RouterTest, SlowsDownOperationsThatArePlainFunctions) {
    Limits limits({.public_reads = 8});
    router.set_limits(limits);
    int through = 0;
    const auto from = std::chrono::steady_clock::now();
    for (int i = 0; i < 8; ++i) through += send(http::Verb::get, "/api/kept").status == 200 ? 1 : 0;
    EXPECT_EQ(through, 8);
    EXPECT_GT(std::chrono::steady_clock::now() - from, std::chrono::milliseconds(20));
}

TEST_F(RouterTest, TellsEveryFaultAtOnce) {
    const auto response = send(http::Verb::put, "/things/7", "limit=0&typo=1",
                               R"({"name":"too long","colour":"blue","labels":["a","b","c"],"nmae":1})");
    EXPECT_EQ(response.status, 422);
    EXPECT_EQ(response.content_type, "application/problem+json");
    for (const char* wanted : {R"("parameter":"limit","code":"min")", R"("parameter":"typo","code":"unknown")",
                               R"("pointer":"/name","code":"max_length")", R"("pointer":"/colour","code":"enum")",
                               R"("pointer":"/labels","code":"max_items")", R"("pointer":"/nmae","code":"unknown")"})
        EXPECT_NE(response.body.find(wanted), std::string::npos) << wanted << " in " << response.body;
}

TEST_F(RouterTest, RefusesAPathValueOfTheWrongKind) {
    for (const char* path : {"/things/x", "/things/0", "/things/9223372036854775808", "/things/-1"})
        EXPECT_EQ(send(http::Verb::put, path, "", R"({"name":"a","colour":"red"})").status, 400) << path;
}

TEST_F(RouterTest, KnowsUnknownPathsFromUnknownMethods) {
    EXPECT_EQ(send(http::Verb::get, "/nothing").status, 404);
    const auto response = send(http::Verb::post, "/things");
    EXPECT_EQ(response.status, 405);
    EXPECT_EQ(response.headers.front(), (std::pair<std::string, std::string>{"Allow", "GET, HEAD, DELETE, OPTIONS"}));
    EXPECT_EQ(send(http::Verb::head, "/things").status, 204);
}

TEST_F(RouterTest, RefusesWhatIsNotJson) {
    for (const char* body : {"", "{", "[1]x", R"({"name":"a","name":"b"})", R"({"a":1e400})", R"(["\u0000"])",
                             R"(["\ud800"])", "[\"\xff\"]", "[9223372036854775808]", "[-9223372036854775809]"})
        EXPECT_EQ(send(http::Verb::put, "/things/1", "", body).status, 400) << body;
    EXPECT_EQ(send(http::Verb::put, "/things/1", "", std::string(100'000, '[')).status, 400);
}

TEST_F(RouterTest, DemandsAPreconditionWhereTheEndpointSaysSo) {
    EXPECT_EQ(send(http::Verb::del, "/things").status, 428);
    EXPECT_EQ(send(http::Verb::del, "/things", "", "", {{"If-Match", "*"}}).status, 204);
}

TEST_F(RouterTest, ReadsOnCondition) {
    const auto tagged = send(http::Verb::get, "/the/x").headers;
    const auto tag = std::ranges::find(tagged, "ETag", &std::pair<std::string, std::string>::first)->second;
    for (const auto& [path, now] : {std::pair("/the/x", tag), std::pair("/api/kept", kept.etag())}) {
        const auto status = [&](std::vector<std::pair<std::string, std::string>> headers) {
            return send(http::Verb::get, path, "", "", std::move(headers)).status;
        };
        EXPECT_EQ(status({{"If-Match", now}}), 200);
        EXPECT_EQ(status({{"If-Match", "\"x\""}, {"If-Match", now}}), 200) << "lines of one field are one list";
        EXPECT_EQ(status({{"If-Match", "\"x\""}}), 412);
        EXPECT_EQ(status({{"If-None-Match", "\"x\""}, {"If-None-Match", now}}), 304);
        EXPECT_EQ(status({{"If-Match", now}, {"If-None-Match", now}}), 304);
        EXPECT_EQ(status({{"If-None-Match", now}, {"If-Match", "\"x\""}}), 412) << "If-Match goes first";
    }
    const auto refused = send(http::Verb::get, "/api/kept", "", "", {{"If-Match", "\"x\""}});
    EXPECT_EQ(refused.problem, "precondition_failed");
    EXPECT_FALSE(refused.prepared);
    const std::string document = openapi(router, "1");
    EXPECT_EQ(document.find(R"("412")", document.find(R"("/api/kept")")) < document.find(R"("/the/{thing}")"), true);
}

TEST_F(RouterTest, ProtectsEveryAnswer) {
    for (const char* path : {"/things", "/nothing", "/things/x"}) {
        const auto response = send(http::Verb::get, path);
        EXPECT_NE(response.common_fields.find("X-Content-Type-Options: nosniff\r\n"), std::string_view::npos) << path;
        EXPECT_NE(response.common_fields.find("Vary: Accept-Encoding, Origin\r\n"), std::string_view::npos);
        EXPECT_EQ(response.common_fields.find("Strict-Transport-Security"), std::string_view::npos);
    }
    secure = true;
    EXPECT_NE(send(http::Verb::get, "/things").common_fields.find("Strict-Transport-Security"), std::string_view::npos);
    const auto refused = router.refuse(400, "Bad.", {});
    EXPECT_NE(refused.common_fields.find("default-src 'none'"), std::string_view::npos);
}

TEST_F(RouterTest, AnswersWhatBrowsersAskBeforehand) {
    const std::vector<std::pair<std::string, std::string>> asks{{"Origin", "https://example.org"},
                                                                {"Access-Control-Request-Method", "DELETE"}};
    const auto allowed = send(http::Verb::options, "/things", "", "", asks);
    EXPECT_EQ(allowed.status, 204);
    EXPECT_EQ(allowed.headers.front().second, "GET, HEAD, DELETE, OPTIONS");
    EXPECT_FALSE(allowed.origin_fields.empty());
    const auto other =
        send(http::Verb::options, "/things", "", "", {{"Origin", "null"}, {"Access-Control-Request-Method", "DELETE"}});
    EXPECT_EQ(other.headers.front().first, "Allow");
    EXPECT_TRUE(other.origin_fields.empty());
    EXPECT_EQ(send(http::Verb::options, "/nothing", "", "", asks).status, 404);
}

}  // namespace
}  // namespace townhall::api
