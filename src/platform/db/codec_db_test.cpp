#include <gtest/gtest.h>
#include <limits>

#include "platform/db/db.hpp"
#include "platform/db/testing/cluster.hpp"
#include "platform/db/testing/running.hpp"

namespace townhall::db {
namespace {

using testing::Cluster;
using testing::Running;

enum class Kind : std::uint8_t { call, visit };
constexpr std::string_view to_string(Kind kind) { return kind == Kind::call ? "call" : "visit"; }
std::optional<Kind> from_string(std::type_identity<Kind>, std::string_view text) {
    if (text == "call") return Kind::call;
    if (text == "visit") return Kind::visit;
    return std::nullopt;
}

struct Everything {
    bool flag = false;
    std::int16_t small = 0;
    std::int32_t middle = 0;
    std::int64_t large = 0;
    double real = 0;
    std::string text;
    Timestamp time{};
    Date date{};
    Json json;
    Bytes bytes;
    Uuid uuid;
    Kind kind = Kind::call;
    std::optional<std::string> nothing;
    std::vector<std::string> texts;
    std::vector<std::optional<std::int64_t>> holes;
    bool operator==(const Everything&) const = default;
};
constexpr auto columns_of(std::type_identity<Everything>) {
    using E = Everything;
    return std::tuple{&E::flag, &E::small, &E::middle, &E::large, &E::real,    &E::text,  &E::time, &E::date,
                      &E::json, &E::bytes, &E::uuid,   &E::kind,  &E::nothing, &E::texts, &E::holes};
}

constexpr Query<Everything(bool, std::int16_t, std::int32_t, std::int64_t, double, std::string, Timestamp, Date, Json,
                           Bytes, Uuid, Kind, std::optional<std::string_view>, std::vector<std::string>,
                           std::vector<std::optional<std::int64_t>>)>
    kEcho{"test.echo", Mode::read, "select $1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15"};

Everything round_trip(Running& db, const Everything& e) {
    return db.run(db->one(Scope::owner(), kEcho, e.flag, e.small, e.middle, e.large, e.real, e.text, e.time, e.date,
                          e.json, e.bytes, e.uuid, e.kind, e.nothing, e.texts, e.holes));
}

TEST(CodecsOnTheServer, EveryTypeComesBackAsItWent) {
    Running db(Cluster::shared().new_database(), 1);
    Everything all_octets;
    for (int i = 0; i < 256; ++i) all_octets.bytes.data += static_cast<char>(i);
    const std::vector<Everything> cases{
        {.flag = true,
         .small = -32768,
         .middle = std::numeric_limits<std::int32_t>::max(),
         .large = std::numeric_limits<std::int64_t>::min(),
         .real = 0.1,
         .text = "O'Brien \"x\" \\ {a,b} ü 漢 \r\n\x1b[31m",
         .time = std::chrono::sys_days{std::chrono::year{2024} / 2 / 29} + std::chrono::microseconds(86'399'999'999),
         .date = std::chrono::sys_days{std::chrono::year{1} / 1 / 1},
         .json = {R"({"a": [1, null, "\""]})"},
         .bytes = all_octets.bytes,
         .uuid = {"018f2c3d-0000-7abc-8def-0123456789ab"},
         .kind = Kind::visit,
         .nothing = "",
         .texts = {"", "NULL", "null", "a\"b", "c\\d", "{e,f}", " g ", "h,i", "ü\n"},
         .holes = {1, std::nullopt, std::numeric_limits<std::int64_t>::max()}},
        {.real = std::numeric_limits<double>::denorm_min(),
         .time = std::chrono::sys_days{std::chrono::year{9999} / 12 / 31},
         .date = std::chrono::sys_days{std::chrono::year{9999} / 12 / 31},
         .json = {"null"},
         .uuid = {"00000000-0000-0000-0000-000000000000"}},
        {.real = -std::numeric_limits<double>::infinity(),
         .json = {"[]"},
         .uuid = {"00000000-0000-0000-0000-000000000000"}}};
    for (const Everything& wanted : cases) EXPECT_EQ(round_trip(db, wanted), wanted);
}

TEST(CodecsOnTheServer, SessionsSpeakUtc) {
    Running db(Cluster::shared().new_database(), 1);
    Cluster::shared().exec("alter role postgres set timezone = 'Asia/Kolkata'");
    constexpr Query<Timestamp()> kNoon{"test.noon", Mode::read, "select '2024-06-01 12:00:00+00'::timestamptz"};
    EXPECT_EQ(format(db.run(db->one(Scope::owner(), kNoon))), "2024-06-01T12:00:00Z");
    EXPECT_EQ(format(db.run(db->one(Scope::owner().slow(), kNoon))), "2024-06-01T12:00:00Z");
    Cluster::shared().exec("alter role postgres reset timezone");
}

TEST(CodecsOnTheServer, ShapesAreChecked) {
    Running db(Cluster::shared().new_database(), 1);
    constexpr Query<std::int64_t()> kNull{"test.null", Mode::read, "select null::bigint"};
    constexpr Query<std::int64_t()> kWide{"test.wide", Mode::read, "select 1::bigint, 2"};
    constexpr Query<std::int64_t()> kMany{"test.many", Mode::read, "select generate_series(1, 3)::bigint"};
    constexpr Query<Kind()> kUnknown{"test.unknown", Mode::read, "select 'dance'"};
    EXPECT_THROW(db.run(db->one(Scope::owner(), kNull)), ShapeError);
    EXPECT_THROW(db.run(db->one(Scope::owner(), kWide)), ShapeError);
    EXPECT_THROW(db.run(db->one(Scope::owner(), kMany)), ShapeError);
    EXPECT_THROW(db.run(db->optional(Scope::owner(), kMany)), ShapeError);
    EXPECT_THROW(db.run(db->one(Scope::owner(), kUnknown)), ShapeError);
    EXPECT_EQ(db.run(db->all(Scope::owner(), kMany)), (std::vector<std::int64_t>{1, 2, 3}));
}

TEST(CodecsOnTheServer, ChecksTellWhatDiffersFromTheServer) {
    Running db(Cluster::shared().new_database(), 1);
    constexpr Query<std::int64_t(std::int64_t)> kRight{"test.right", Mode::read, "select $1 + 1::int"};
    constexpr Query<std::int32_t()> kNarrow{"test.narrow", Mode::read, "select 1::bigint"};
    constexpr Query<std::tuple<int, int>()> kShort{"test.short", Mode::read, "select 1"};
    constexpr Query<int(std::int64_t)> kUnused{"test.unused", Mode::read, "select 1"};
    constexpr Query<int()> kBroken{"test.broken", Mode::read, "select frm x"};
    EXPECT_EQ(db.run(db->check(kRight)), std::nullopt);
    EXPECT_EQ(db.run(db->check(kEcho)), std::nullopt);
    EXPECT_NE(db.run(db->check(kNarrow)), std::nullopt);
    EXPECT_NE(db.run(db->check(kShort)), std::nullopt);
    EXPECT_EQ(db.run(db->check(kUnused)), std::nullopt);
    EXPECT_NE(db.run(db->check(kBroken)), std::nullopt);
}

TEST(CodecsOnTheServer, ComposedStatementsBindTheirValues) {
    Running db(Cluster::shared().new_database(), 1);
    for (const Scope scope : {Scope::owner(), Scope::owner().slow()}) {
        Composed<std::int64_t> list("test.composed", Mode::read);
        list.add("select n from generate_series(1, 10) as n where n > ").bind(std::int64_t{4});
        list.add(" and n::text <> ").bind(std::string("7'; drop table x; --")).add(" and n < ").bind(std::int64_t{7});
        EXPECT_EQ(db.run(db->all(scope, std::move(list))), (std::vector<std::int64_t>{5, 6}));
    }
}

}  // namespace
}  // namespace townhall::db
