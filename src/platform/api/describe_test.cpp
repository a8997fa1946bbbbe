#include "platform/api/describe.hpp"

#include <gtest/gtest.h>

#include "platform/api/path_reference.hpp"
#include "platform/api/router.hpp"

namespace townhall::api {
namespace {

/// The codes of the faults that a value has under these rules.
template <class T>
std::string faults_of(json::Value value, const Rules& rules) {
    Faults faults(Fault::In::body);
    T out{};
    decode(value, out, rules, faults);
    std::string codes;
    for (const Fault& fault : faults.take()) codes += fault.code;
    return codes;
}

TEST(Describe, TellsOfBlanksWhereTheyAreRefused) {
    const Rules any, some{.least = {}, .most = {}, .shortest = 1};
    EXPECT_EQ(describe_scalar("string", "", any), R"({"type":"string","maxLength":10000})");
    EXPECT_EQ(describe_scalar("string", "", some),
              R"({"type":"string","minLength":1,"pattern":"[^ \\t\\r\\n]","maxLength":10000})");
    EXPECT_EQ(faults_of<std::string>({" \t\r\n"}, any), "");
    EXPECT_EQ(faults_of<std::string>({" \t\r\n"}, some), "required");
    EXPECT_EQ(faults_of<std::string>({" a "}, some), "");
}

TEST(Decode, TakesAnIntegerHoweverItWasWritten) {
    const Rules bounded{.least = 1, .most = 5};
    EXPECT_EQ(faults_of<std::int64_t>({5.0}, bounded), "");
    EXPECT_EQ(faults_of<int>({5.0}, bounded), "");
    EXPECT_EQ(faults_of<int>({6.0}, bounded), "max");
    EXPECT_EQ(faults_of<int>({3e9}, {}), "max");
    EXPECT_EQ(faults_of<std::int64_t>({4.5}, bounded), "type");
    EXPECT_EQ(faults_of<std::int64_t>({1e18}, {}), "type");
}

TEST(Decode, ParametersAreIntegersByTheirDigitsOnly) {
    EXPECT_EQ(*parameter_value("12", ParameterKind::integer).get_if<std::int64_t>(), 12);
    EXPECT_EQ(*parameter_value("12", ParameterKind::number).get_if<std::int64_t>(), 12);
    EXPECT_EQ(*parameter_value("1.5", ParameterKind::number).get_if<double>(), 1.5);
    for (const char* text : {"", "1e3", "7.0", "99999999999999999999", "x"})
        EXPECT_FALSE(parameter_value(text, ParameterKind::integer).integer()) << text;
    EXPECT_TRUE(parameter_value("12", ParameterKind::text).get_if<std::string>());
}

TEST(Decode, KnowsTimeZonesFromTheFilesBesideThem) {
    Rules rules;
    time_zone(rules);
    for (const char* zone : {"Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+5", "EST5EDT"})
        EXPECT_EQ(faults_of<std::string>({std::string(zone)}, rules), "") << zone;
    for (const char* other : {"", "leapseconds", "right/Europe/Berlin", "posix/Europe/Berlin", "posixrules",
                              "localtime", "Factory", "Europe", "Europe/", "/UTC", "../zoneinfo/UTC", "Mars/Olympus"})
        EXPECT_EQ(faults_of<std::string>({std::string(other)}, rules), "format") << other;
}

TEST(PathReference, EncodesEachSegment) {
    for (const auto& [path, reference] :
         std::initializer_list<std::pair<const char*, const char*>>{{"/", "/"},
                                                                    {"", ""},
                                                                    {"/a/b", "/a/b"},
                                                                    {"//evil.example/a b", "/evil.example/a%20b"},
                                                                    {"///", "/"},
                                                                    {"/a//b", "/a//b"},
                                                                    {"/é?#%\"", "/%C3%A9%3F%23%25%22"},
                                                                    {"x:y", "x%3Ay"}})
        EXPECT_EQ(path_reference(path), reference);
    const auto response = problem(Error(kNotFound), "//a b", "r1");
    EXPECT_NE(response.body.find(R"("instance":"/a%20b")"), std::string::npos) << response.body;
}

}  // namespace
}  // namespace townhall::api
