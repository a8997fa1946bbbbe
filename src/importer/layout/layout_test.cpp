#include "importer/layout/layout.hpp"

#include <gtest/gtest.h>

#include "importer/error.hpp"
#include "importer/importer.hpp"
#include "importer/layout/assign.hpp"

namespace townhall::importer {
namespace {

using Mapping = std::vector<std::pair<std::string, std::string>>;

std::vector<std::string> fields(std::vector<std::string> headers, Mapping mapping = {}) {
    Plan plan;
    plan.options.mapping = std::move(mapping);
    assign_columns(plan, std::move(headers), false);
    std::vector<std::string> out;
    for (const auto& column : plan.columns) out.push_back(column.field);
    return out;
}

using Names = std::vector<std::string>;

TEST(Layout, knows_generic_names_however_written) {
    EXPECT_EQ(fields({"Voter ID", "First Name", "lname", "DOB", "E-Mail Address", "Phone #", "ZIP Code", "shoe size"}),
              (Names{"external_id", "first_name", "last_name", "date_of_birth", "email", "phone", "zip", ""}));
    EXPECT_EQ(fields({"id", "external_id", "name"}), (Names{"", "external_id", "full_name"}));
    EXPECT_EQ(fields({"name", "last_name"}), (Names{"", "last_name"}));
    EXPECT_EQ(fields({"phone", "telephone", "mobile", "email", "email_address"}),
              (Names{"phone", "phones", "phones", "email", "emails"}));
    EXPECT_EQ(fields({"Address", "street_name"}), (Names{"address", ""}));
    EXPECT_EQ(fields({"house_number", "street_name", "street_type"}), (Names{"address", "address", "address"}));
    EXPECT_EQ(fields({"cd", "congressional_district", "districts.state_senate"}),
              (Names{"", "districts.congressional", "districts.state_senate"}));
    EXPECT_EQ(fields({"city", "CITY"}), (Names{"city", ""}));
}

TEST(Layout, every_field_has_a_header_that_is_known) {
    for (const std::string_view name : field_names())
        if (name != "ignored" && name != "districts" && name != "phones" && name != "emails")
            EXPECT_TRUE(is_known_header(name)) << name;
}

TEST(Layout, a_mapping_overrides) {
    EXPECT_EQ(fields({"voter_id", "other"}, {{"external_id", "other"}}), (Names{"", "external_id"}));
    EXPECT_EQ(fields({"voter_id", "other"}, {{"external_id", "2"}}), (Names{"", "external_id"}));
    EXPECT_EQ(fields({"voter_id", "other"}, {{"external_id", "#2"}}), (Names{"", "external_id"}));
    EXPECT_EQ(fields({"voter_id", "city"}, {{"city", ""}}), (Names{"external_id", ""}));
    EXPECT_EQ(fields({"a", "b", "c"}, {{"address", "b"}, {"address", "a"}, {"districts.water", "c"}}),
              (Names{"address", "address", "districts.water"}));
    EXPECT_EQ(fields({"voter_id", "secret"}, {{"ignored", "secret"}}), (Names{"external_id", "ignored"}));
    EXPECT_THROW(fields({"a"}, {{"nonsense", "a"}}), ImportError);
    EXPECT_THROW(fields({"a"}, {{"city", "b"}}), ImportError);
    EXPECT_THROW(fields({"a"}, {{"city", "2"}}), ImportError);
    EXPECT_THROW(fields({"a"}, {{"city", "0"}}), ImportError);
    EXPECT_THROW(fields({"a", "b"}, {{"city", "a"}, {"city", "b"}}), ImportError);
    EXPECT_THROW(fields({"a"}, {{"districts", "a"}}), ImportError);
}

TEST(Layout, columns_keep_their_numbers_in_a_list_of_refused_rows) {
    const Names list = {"error_line", "error_member", "error_column", "error_code", "error_reason", "a", "b"};
    const Mapping mapping = {{"external_id", "1"}, {"last_name", "#2"}};
    const std::string no = "ignored";
    EXPECT_EQ(fields(list, mapping), (Names{no, no, no, no, no, "external_id", "last_name"}));
    EXPECT_EQ(fields({"error_line", "error_column", "error_code", "error_reason", "a", "b"}, mapping),
              (Names{no, no, no, no, "external_id", "last_name"}));
    EXPECT_EQ(fields({"Error Line", "a", "b"}, mapping), (Names{no, "external_id", "last_name"}));
    EXPECT_EQ(fields({"error_line", "error_code", "error_line", "error_code", "error_line (2)", "a", "b"}, mapping),
              (Names{no, no, no, no, no, "external_id", "last_name"}));
    EXPECT_THROW(fields(list, {{"external_id", "3"}}), ImportError);
    EXPECT_THROW(fields(list, {{"external_id", "0"}}), ImportError);
    // Somebody's own column of such a name begins no list of ours.
    EXPECT_EQ(fields({"error_code", "b"}, {{"last_name", "2"}}), (Names{no, "last_name"}));
    EXPECT_EQ(fields({"error_line", "a"}, {{"ignored", "error_line"}, {"city", "a"}}), (Names{no, "city"}));
}

TEST(Layout, column_names_are_unique) {
    Plan plan;
    assign_columns(plan, {"x", "x", "", "x (2)"}, false);
    EXPECT_EQ(plan.columns[0].name, "x");
    EXPECT_EQ(plan.columns[1].name, "x (2)");
    EXPECT_EQ(plan.columns[2].name, "column 3");
    EXPECT_EQ(plan.columns[3].name, "x (2) (2)");
}

TEST(Layout, states_are_told_by_their_columns_in_any_order_and_case) {
    EXPECT_EQ(match_layout({"LAST_NAME", "County_Desc", "NCID"})->id, "us-nc");
    EXPECT_EQ(match_layout({"COUNTY_NUMBER", "SOS_VOTERID"})->id, "us-oh");
    EXPECT_EQ(match_layout({"LName", "FName", "StateVoterID"})->id, "us-wa");
    EXPECT_EQ(match_layout({"VUID", "cd_status"})->id, "us-tx");
    EXPECT_EQ(match_layout({"ncid", "last_name"}), nullptr);
    EXPECT_EQ(florida_names().size(), florida_columns().size());
}

}  // namespace
}  // namespace townhall::importer
