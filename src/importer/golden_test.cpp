#include <gtest/gtest.h>

#include "importer/importer.hpp"
#include "importer/testing.hpp"

// Each state's layout by a few rows with the quirks that its real files have.

namespace townhall::importer {
namespace {

using testing::TempFile;

/// Copies of what a test looks at: the record's views do not outlive the next row.
struct Voter {
    std::string id, first, middle, last, suffix, birth, gender, party, status, registered, phone, email, address,
        address2, city, state, zip, zip4, county, precinct, mailing, districts, extra;
    int birth_year = 0;
    std::uint32_t warnings = 0;
};

struct Result {
    std::string source;
    std::vector<Voter> voters;
    std::vector<Fault> faults;
};

Voter copy(const VoterRecord& r) {
    const auto s = [](std::string_view view) { return std::string(view); };
    return {.id = s(r.external_id),
            .first = s(r.first_name),
            .middle = s(r.middle_name),
            .last = s(r.last_name),
            .suffix = s(r.suffix),
            .birth = r.date_of_birth ? to_iso(*r.date_of_birth) : "",
            .gender = s(r.gender),
            .party = s(r.party),
            .status = s(r.status),
            .registered = r.registered_at ? to_iso(*r.registered_at) : "",
            .phone = s(r.phone),
            .email = s(r.email),
            .address = s(r.address),
            .address2 = s(r.address2),
            .city = s(r.city),
            .state = s(r.state),
            .zip = s(r.zip),
            .zip4 = s(r.zip4),
            .county = s(r.county),
            .precinct = s(r.precinct),
            .mailing = s(r.mailing_json),
            .districts = s(r.districts),
            .extra = s(r.extra),
            .birth_year = r.birth_year.value_or(0),
            .warnings = r.warnings};
}

Result import(const std::filesystem::path& path) {
    Options options;
    options.today = Date{2026, 3, 15};
    Result out;
    Stream stream(path, inspect(path, options));
    out.source = stream.plan().source;
    while (const auto item = stream.next()) {
        if (const auto* const* record = std::get_if<const VoterRecord*>(&*item)) {
            EXPECT_EQ((*record)->source, out.source);
            out.voters.push_back(copy(**record));
        } else {
            out.faults.push_back(*std::get<const Fault*>(*item));
        }
    }
    return out;
}

Result import_text(std::string_view text) { return import(TempFile(text).path()); }

TEST(Golden, north_carolina) {
    const Result got = import_text(
        "\"county_id\"\t\"county_desc\"\t\"voter_reg_num\"\t\"ncid\"\t\"last_name\"\t\"first_name\"\t\"middle_"
        "name\"\t\"name_suffix_lbl\"\t"
        "\"status_cd\"\t\"voter_status_desc\"\t\"res_street_address\"\t\"res_city_desc\"\t\"state_cd\"\t\"zip_"
        "code\"\t\"mail_addr1\"\t"
        "\"mail_addr2\"\t\"mail_addr3\"\t\"mail_addr4\"\t\"mail_city\"\t\"mail_state\"\t\"mail_zipcode\"\t\"full_phone_"
        "number\"\t"
        "\"registr_dt\"\t\"party_cd\"\t\"gender_code\"\t\"birth_year\"\t\"drivers_lic\"\t\"ssn\"\t\"precinct_abbrv\"\t"
        "\"cong_dist_abbrv\"\t\"nc_senate_abbrv\"\t\"nc_house_abbrv\"\r\n"
        "\"92\"\t\"WAKE\"\t\"000100\"\t\"AA100\"\t\"N\xDA\xD1"
        "EZ\"\t\"MARY\"\t\"ANN \"\t\"\"\t\"A\"\t\"ACTIVE\"\t"
        "\"12   MAIN ST  \"\t\"RALEIGH\"\t\"NC\"\t\"276011234\"\t\"PO BOX 1\"\t\"\"\t\"UNIT "
        "2\"\t\"\"\t\"CARY\"\t\"NC\"\t\"27511\"\t"
        "\"9195551234\"\t\"02/29/2004\"\t\"DEM\"\t\"F\"\t\"1985\"\t\"Y\"\t\"N\"\t\"01-01\"\t\"02\"\t\"13\"\t\"33\"\r\n"
        "\"1\"\t\"ALAMANCE\"\t\"000100\"\t\"AA101\"\t\"O'NEIL\"\t\"JAMES "
        "\"\"JIM\"\"\"\t\"\"\t\"JR\"\t\"R\"\t\"REMOVED\"\t"
        "\"REMOVED\"\t\"\"\t\"\"\t\"\"\t\"\"\t\"\"\t\"\"\t\"\"\t\"\"\t\"\"\t\"\"\t\"9111111111\"\t\"##/##/"
        "####\"\t\"UNA\"\t\"U\"\t\"19\"\t"
        "\"N\"\t\"N\"\t\"\"\t\"\"\t\"\"\t\"\"\r\n");
    EXPECT_EQ(got.source, "us-nc");
    ASSERT_EQ(got.voters.size(), 2U);
    const Voter& mary = got.voters[0];
    EXPECT_EQ(mary.id, "AA100");
    EXPECT_EQ(mary.last, "NÚÑEZ");
    EXPECT_EQ(mary.middle, "ANN");
    EXPECT_EQ(mary.address, "12 MAIN ST");
    EXPECT_EQ(mary.zip, "27601");
    EXPECT_EQ(mary.zip4, "1234");
    EXPECT_EQ(mary.mailing, R"({"address":"PO BOX 1","address2":"UNIT 2","city":"CARY","state":"NC","zip":"27511"})");
    EXPECT_EQ(mary.phone, "+19195551234");
    EXPECT_EQ(mary.registered, "2004-02-29");
    EXPECT_EQ(mary.birth_year, 1985);
    EXPECT_EQ(mary.status, "A");
    EXPECT_EQ(mary.county, "WAKE");
    EXPECT_EQ(mary.precinct, "01-01");
    EXPECT_EQ(mary.districts, R"({"congressional":"02","state_senate":"13","state_house":"33"})");
    EXPECT_EQ(
        mary.extra,
        R"({"county_id":"92","voter_reg_num":"000100","voter_status_desc":"ACTIVE","drivers_lic":"Y","ssn":"N"})");
    const Voter& james = got.voters[1];
    EXPECT_EQ(james.first, "JAMES \"JIM\"");
    EXPECT_EQ(james.registered, "");
    EXPECT_EQ(james.birth_year, 0);
    EXPECT_EQ(james.warnings, 2U);
    EXPECT_NE(james.extra.find(R"("birth_year":"19")"), std::string::npos);
    EXPECT_NE(james.extra.find(R"("full_phone_number":"9111111111")"), std::string::npos);
    EXPECT_EQ(james.mailing, "{}");
}

TEST(Golden, ohio) {
    const std::string text =
        "SOS_VOTERID|COUNTY_NUMBER|LAST_NAME|FIRST_NAME|DATE_OF_BIRTH|REGISTRATION_DATE|VOTER_STATUS|PARTY_AFFILIATION|"
        "RESIDENTIAL_ADDRESS1|RESIDENTIAL_SECONDARY_ADDR|RESIDENTIAL_CITY|RESIDENTIAL_STATE|RESIDENTIAL_ZIP|"
        "RESIDENTIAL_ZIP_PLUS4|CITY|"
        "CONGRESSIONAL_DISTRICT|PRECINCT_NAME|PRECINCT_CODE|PRIMARY-03/19/2024|GENERAL-11/05/2024\n"
        "OH0012345678|25|Smith|\"Bud\" Lee|1950-06-07|1990-01-02|ACTIVE|R|1 High St|Apt "
        "2|COLUMBUS|OH|43215|1234|COLUMBUS CITY|03|"
        "COLS 01-A|25AAA|R|X\n"
        "OH0012345679|25|Jones|Al|1950-02-30|1990-01-02|CONFIRMATION||2 High St||COLUMBUS|OH|43215||||||||X\n";
    const Result got = import(TempFile(testing::gzipped(text)).path());
    EXPECT_EQ(got.source, "us-oh");
    ASSERT_EQ(got.voters.size(), 1U);
    const Voter& bud = got.voters[0];
    EXPECT_EQ(bud.first, "\"Bud\" Lee");
    EXPECT_EQ(bud.birth, "1950-06-07");
    EXPECT_EQ(bud.birth_year, 1950);
    EXPECT_EQ(bud.address2, "Apt 2");
    EXPECT_EQ(bud.city, "COLUMBUS");
    EXPECT_EQ(bud.zip4, "1234");
    EXPECT_EQ(bud.precinct, "25AAA");
    EXPECT_EQ(bud.districts, R"({"city":"COLUMBUS CITY","congressional":"03"})");
    EXPECT_EQ(bud.extra, R"({"PRECINCT_NAME":"COLS 01-A","PRIMARY-03/19/2024":"R","GENERAL-11/05/2024":"X"})");
    ASSERT_EQ(got.faults.size(), 1U);
    EXPECT_EQ(got.faults[0].code, "too_many_values");
    EXPECT_EQ(got.faults[0].line, 3U);
}

std::string florida_row(std::string county, std::string id, std::string last, std::string birth, std::string area,
                        std::string number) {
    std::vector<std::string> cells(38);
    cells[0] = std::move(county);
    cells[1] = std::move(id);
    cells[2] = std::move(last);
    cells[4] = "Ana";
    cells[6] = "N";
    cells[7] = "9 Palm \"A\" Ave";
    cells[9] = "Miami";
    cells[11] = "331010000";
    cells[12] = "\"Casa\" 1";
    cells[13] = "Piso 2";
    cells[14] = "Col. Roma";
    cells[17] = "06700";
    cells[18] = "Mexico";
    cells[19] = "F";
    cells[20] = "5";
    cells[21] = std::move(birth);
    cells[22] = "12/31/1999";
    cells[23] = "NPA";
    cells[24] = "101";
    cells[28] = "ACT";
    cells[29] = "27";
    cells[30] = "113";
    cells[31] = "38";
    cells[34] = std::move(area);
    cells[35] = std::move(number);
    cells[37] = "Ana@Example.COM";
    std::string out;
    for (const auto& cell : cells) out += (out.empty() ? "" : "\t") + cell;
    return out + "\r\n";
}

TEST(Golden, florida_has_no_header_and_a_member_a_county) {
    const TempFile file;
    std::string hidden = florida_row("DAD", "100000003", "*", "*", "*", "*");
    testing::write_zip(
        file.path(),
        {{"ReadMe.txt", "Voter extract of the division of elections.\nSee the layout.\n"},
         {"ALA_20250107.txt", florida_row("ALA", "100000001", "Perez", "02/28/1960", "305", "5551234")},
         {"DAD_20250107.txt", florida_row("DAD", "100000002", "Diaz", "*", "", "") + hidden + "DAD\t1\tshort\r\n"}});
    const Result got = import(file.path());
    EXPECT_EQ(got.source, "us-fl");
    ASSERT_EQ(got.voters.size(), 3U);
    const Voter& perez = got.voters[0];
    EXPECT_EQ(perez.id, "100000001");
    EXPECT_EQ(perez.county, "ALA");
    EXPECT_EQ(perez.last, "Perez");
    EXPECT_EQ(perez.birth, "1960-02-28");
    EXPECT_EQ(perez.registered, "1999-12-31");
    EXPECT_EQ(perez.phone, "+13055551234");
    EXPECT_EQ(perez.email, "Ana@example.com");
    EXPECT_EQ(perez.address, "9 Palm \"A\" Ave");
    EXPECT_EQ(perez.zip, "33101");
    EXPECT_EQ(perez.zip4, "");
    EXPECT_EQ(perez.mailing,
              R"({"address":"\"Casa\" 1","address2":"Piso 2 Col. Roma","zip":"06700","country":"Mexico"})");
    EXPECT_EQ(perez.districts, R"({"congressional":"27","state_house":"113","state_senate":"38"})");
    EXPECT_EQ(perez.extra, R"({"Requested public records exemption":"N","Race":"5"})");
    EXPECT_EQ(perez.warnings, 0U);
    EXPECT_EQ(got.voters[2].last, "");
    EXPECT_EQ(got.voters[2].phone, "");
    EXPECT_EQ(got.voters[2].warnings, 0U);
    ASSERT_EQ(got.faults.size(), 1U);
    EXPECT_EQ(got.faults[0].member, "DAD_20250107.txt");
    EXPECT_EQ(got.faults[0].line, 3U);
}

TEST(Golden, washington_streets_come_in_parts) {
    const Result got = import_text(
        "StateVoterID|FName|MName|LName|NameSuffix|Birthyear|Gender|RegStNum|RegStFrac|RegStName|RegStType|RegUnitType|"
        "RegStPreDirection|"
        "RegStPostDirection|RegStUnitNum|RegCity|RegState|RegZipCode|CountyCode|PrecinctCode|LegislativeDistrict|"
        "CongressionalDistrict|"
        "Mail1|Mail2|MailCity|MailZip|MailState|Registrationdate|LastVoted|StatusCode\n"
        "WA0001|Zo\xEB||Lee||1999|F|12|1/2|PINE|ST|APT|NE||3|Seattle|WA|98101|KI|1234|43|7|||||||2024-11-05|Active\n"
        "WA0002|Bo||Lee||1900|M|7||LAKE|RD||||||WA|98101|KI|1234|43|7|RR 1|Site 2|Vancouver|V5K "
        "0A1|BC|11/05/1999||Inactive\n");
    EXPECT_EQ(got.source, "us-wa");
    ASSERT_EQ(got.voters.size(), 2U);
    EXPECT_EQ(got.voters[0].first, "Zoë");
    EXPECT_EQ(got.voters[0].address, "12 1/2 NE PINE ST");
    EXPECT_EQ(got.voters[0].address2, "APT 3");
    EXPECT_EQ(got.voters[0].status, "ACTIVE");
    EXPECT_EQ(got.voters[0].districts, R"({"legislative":"43","congressional":"7"})");
    EXPECT_EQ(got.voters[0].extra, R"({"LastVoted":"2024-11-05"})");
    EXPECT_EQ(got.voters[1].mailing,
              R"({"address":"RR 1","address2":"Site 2","city":"Vancouver","state":"BC","zip":"V5K 0A1"})");
    EXPECT_EQ(got.voters[1].registered, "1999-11-05");
    EXPECT_EQ(got.voters[1].warnings, 0U);
}

TEST(Golden, texas) {
    const Result got = import_text(
        "county_code,precinct,vuid,last_name,first_name,mid_name,former_last,suff,gender,dob,residential_address,"
        "mailing_address,"
        "cd_status,dt_effective_registration,hispanic_surname\n"
        "227,101,1000000001,GARCIA,ANA,M,LOPEZ,,F,19800229,\"1 MAIN ST, AUSTIN, TX 78701\",,V,20000101,Y\n");
    EXPECT_EQ(got.source, "us-tx");
    ASSERT_EQ(got.voters.size(), 1U);
    EXPECT_EQ(got.voters[0].id, "1000000001");
    EXPECT_EQ(got.voters[0].birth, "1980-02-29");
    EXPECT_EQ(got.voters[0].registered, "2000-01-01");
    EXPECT_EQ(got.voters[0].address, "1 MAIN ST, AUSTIN, TX 78701");
    EXPECT_EQ(got.voters[0].county, "227");
    EXPECT_EQ(got.voters[0].extra, R"({"former_last":"LOPEZ","hispanic_surname":"Y"})");
}

}  // namespace
}  // namespace townhall::importer
