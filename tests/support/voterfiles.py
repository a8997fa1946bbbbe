"""Voter files: generated ones, and the five states' layouts."""

import csv
import io
import random
import zipfile


def as_csv(rows, delimiter=",", quoting=csv.QUOTE_MINIMAL, newline="\n"):
    """Rows (the first is the header) as text."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=newline).writerows(rows)
    return out.getvalue()


def generated(count_, seed=7, start=0):
    """`count_` voters as CSV bytes, the same for the same seed, one line each; names repeat as in life."""
    dice = random.Random(seed)
    first, last = ("James", "Mary", "Linda", "David", "Susan", "José"), (
        "Smith",
        "O'Neil",
        "Garcia",
        "van Dyke",
        "Müller",
    )
    lines = [
        "voter_id,first_name,last_name,date_of_birth,email,phone,address,city,state,zip,party,registered_at,precinct,score"
    ]
    for i in range(start, start + count_):
        f, l = dice.choice(first), dice.choice(last)
        lines.append(
            f"NC{i:09d},{f},{l},{dice.randint(1930, 2006)}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d},"
            f'p{i}@example.com,919{dice.randint(2000000, 9999999)},"{dice.randint(1, 9999)} Park, North St",'
            f'{dice.choice(("Raleigh", "Durham", "Cary"))},NC,{dice.randint(27000, 28999)},'
            f'{dice.choice(("DEM", "REP", "UNA"))},{dice.randint(1990, 2025)}-03-15,P{dice.randint(1, 200):03d},'
            f"{dice.random() * 100:.3f}"
        )
    return ("\n".join(lines) + "\n").encode()


# ---- The states ----

_NC = """county_id county_desc voter_reg_num ncid last_name first_name middle_name name_suffix_lbl status_cd
voter_status_desc reason_cd voter_status_reason_desc res_street_address res_city_desc state_cd zip_code mail_addr1 mail_addr2
mail_addr3 mail_addr4 mail_city mail_state mail_zipcode full_phone_number confidential_ind registr_dt race_code ethnic_code
party_cd gender_code birth_year age_at_year_end birth_state drivers_lic precinct_abbrv precinct_desc municipality_abbrv
municipality_desc ward_abbrv ward_desc cong_dist_abbrv super_court_abbrv judic_dist_abbrv nc_senate_abbrv nc_house_abbrv
county_commiss_abbrv county_commiss_desc township_abbrv township_desc school_dist_abbrv school_dist_desc fire_dist_abbrv
fire_dist_desc water_dist_abbrv water_dist_desc sewer_dist_abbrv sewer_dist_desc sanit_dist_abbrv sanit_dist_desc
rescue_dist_abbrv rescue_dist_desc munic_dist_abbrv munic_dist_desc dist_1_abbrv dist_1_desc vtd_abbrv vtd_desc""".split()


def _table(header, people):
    return [header] + [[person.get(column, "") for column in header] for person in people]


def north_carolina():
    """Tab, everything quoted, Latin-1; one registration date hidden behind ##/##/####."""
    people = [
        {
            "ncid": "AA100001",
            "county_desc": "WAKE",
            "last_name": "NUÑEZ",
            "first_name": "JOSÉ",
            "middle_name": "A",
            "status_cd": "A",
            "res_street_address": "12  MAIN ST   #4",
            "res_city_desc": "RALEIGH",
            "state_cd": "NC",
            "zip_code": "276011234",
            "full_phone_number": "9195550123",
            "registr_dt": "03/15/2004",
            "party_cd": "UNA",
            "gender_code": "M",
            "birth_year": "1971",
            "precinct_abbrv": "01-07",
            "cong_dist_abbrv": "2",
            "nc_senate_abbrv": "14",
            "nc_house_abbrv": "38",
            "mail_addr1": "PO BOX 9",
            "mail_city": "CARY",
            "mail_state": "NC",
            "mail_zipcode": "27511",
            "drivers_lic": "Y",
        },
        {
            "ncid": "AA100002",
            "county_desc": "DURHAM",
            "last_name": "MCDONALD",
            "first_name": "MARY",
            "status_cd": "I",
            "res_city_desc": "DURHAM",
            "state_cd": "NC",
            "zip_code": "27701",
            "registr_dt": "##/##/####",
            "party_cd": "DEM",
            "gender_code": "F",
            "birth_year": "1980",
        },
    ]
    return as_csv(_table(_NC, people), "\t", csv.QUOTE_ALL, "\r\n").encode("latin-1")


_OH = """SOS_VOTERID COUNTY_NUMBER COUNTY_ID LAST_NAME FIRST_NAME MIDDLE_NAME SUFFIX DATE_OF_BIRTH REGISTRATION_DATE
VOTER_STATUS PARTY_AFFILIATION RESIDENTIAL_ADDRESS1 RESIDENTIAL_SECONDARY_ADDR RESIDENTIAL_CITY RESIDENTIAL_STATE
RESIDENTIAL_ZIP RESIDENTIAL_ZIP_PLUS4 RESIDENTIAL_COUNTRY RESIDENTIAL_POSTALCODE MAILING_ADDRESS1 MAILING_SECONDARY_ADDRESS
MAILING_CITY MAILING_STATE MAILING_ZIP MAILING_ZIP_PLUS4 MAILING_COUNTRY MAILING_POSTAL_CODE CAREER_CENTER CITY
CITY_SCHOOL_DISTRICT COUNTY_COURT_DISTRICT CONGRESSIONAL_DISTRICT COURT_OF_APPEALS EDU_SERVICE_CENTER_DISTRICT
EXEMPTED_VILL_SCHOOL_DISTRICT LIBRARY LOCAL_SCHOOL_DISTRICT MUNICIPAL_COURT_DISTRICT PRECINCT_NAME PRECINCT_CODE
STATE_BOARD_OF_EDUCATION STATE_REPRESENTATIVE_DISTRICT STATE_SENATE_DISTRICT TOWNSHIP VILLAGE WARD PRIMARY-03/07/2000
GENERAL-11/07/2000 SPECIAL-05/08/2001""".split()


def ohio(delimiter=","):
    """Comma or pipe, quoted, with election columns at the end."""
    people = [
        {
            "SOS_VOTERID": "OH0012345678",
            "COUNTY_NUMBER": "25",
            "LAST_NAME": "DE LA CRUZ",
            "FIRST_NAME": "ANA",
            "DATE_OF_BIRTH": "1968-02-29",
            "REGISTRATION_DATE": "1992-10-05",
            "VOTER_STATUS": "ACTIVE",
            "PARTY_AFFILIATION": "D",
            "RESIDENTIAL_ADDRESS1": "77 HIGH ST",
            "RESIDENTIAL_SECONDARY_ADDR": "APT 3",
            "RESIDENTIAL_CITY": "COLUMBUS",
            "RESIDENTIAL_STATE": "OH",
            "RESIDENTIAL_ZIP": "43215",
            "RESIDENTIAL_ZIP_PLUS4": "0042",
            "CONGRESSIONAL_DISTRICT": "03",
            "STATE_SENATE_DISTRICT": "15",
            "PRECINCT_NAME": "COLS 12-A",
            "PRIMARY-03/07/2000": "D",
            "GENERAL-11/07/2000": "X",
        },
        {
            "SOS_VOTERID": "OH0012345679",
            "LAST_NAME": "SMITH",
            "FIRST_NAME": "JOHN",
            "SUFFIX": "JR",
            "DATE_OF_BIRTH": "1950-12-01",
            "RESIDENTIAL_CITY": "AKRON",
            "RESIDENTIAL_STATE": "OH",
        },
    ]
    return as_csv(_table(_OH, people), delimiter, csv.QUOTE_ALL).encode()


def florida():
    """A zip of one headerless tab file of 38 columns; `*` is a protected value; the third voter has no name at all."""

    def voter(**at):
        fields = [""] * 38
        for place, value in at.items():
            fields[int(place[1:])] = value
        return fields

    rows = [
        voter(
            _0="ALA",
            _1="100000001",
            _2="Peña",
            _4="Maria",
            _5="Luz",
            _7="5 Palm Ave",
            _9="Gainesville",
            _10="FL",
            _11="326011234",
            _19="F",
            _20="4",
            _21="07/04/1976",
            _22="01/02/1995",
            _23="DEM",
            _24="12",
            _28="ACT",
            _29="3",
            _30="21",
            _31="8",
            _34="352",
            _35="5550142",
            _37="maria@example.com",
        ),
        voter(
            _0="ALA",
            _1="100000002",
            _2="Hidden",
            _4="Hal",
            _6="Y",
            _7="*",
            _9="*",
            _10="*",
            _11="*",
            _19="M",
            _21="*",
            _22="01/02/1995",
            _23="NPA",
            _28="ACT",
            _34="*",
            _35="*",
            _37="*",
        ),
        voter(_0="ALA", _1="100000003", _6="Y", _21="*", _22="01/02/1995", _28="ACT"),
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ALA_20260101.txt", "".join("\t".join(row) + "\r\n" for row in rows).encode("latin-1"))
    return out.getvalue()


_WA = """StateVoterID FName MName LName NameSuffix Birthyear Gender RegStNum RegStFrac RegStName RegStType RegUnitType
RegStPreDirection RegStPostDirection RegStUnitNum RegCity RegState RegZipCode CountyCode PrecinctCode PrecinctPart
LegislativeDistrict CongressionalDistrict Mail1 Mail2 Mail3 Mail4 MailCity MailZip MailState MailCountry Registrationdate
LastVoted StatusCode""".split()


def washington():
    """Pipe, Latin-1, the address in pieces."""
    people = [
        {
            "StateVoterID": "WA0001",
            "FName": "Renée",
            "LName": "O'Brien",
            "Birthyear": "1990",
            "Gender": "F",
            "RegStNum": "1420",
            "RegStName": "Pine",
            "RegStType": "St",
            "RegStPreDirection": "NW",
            "RegUnitType": "APT",
            "RegStUnitNum": "5B",
            "RegCity": "SEATTLE",
            "RegState": "WA",
            "RegZipCode": "98101",
            "CountyCode": "KI",
            "PrecinctCode": "1234",
            "LegislativeDistrict": "43",
            "CongressionalDistrict": "7",
            "Registrationdate": "2012-08-01",
            "StatusCode": "Active",
        }
    ]
    return as_csv(_table(_WA, people), "|").encode("latin-1")


_TX = """county_code precinct vuid last_name first_name mid_name former_last suff gender dob residential_address
mailing_address cd_status dt_effective_registration hispanic_surname""".split()


def texas():
    """Comma."""
    people = [
        {
            "county_code": "227",
            "precinct": "301",
            "vuid": "1009998887",
            "last_name": "GARZA",
            "first_name": "LUIS",
            "suff": "III",
            "gender": "M",
            "dob": "19550102",
            "residential_address": "9 ELM ST, AUSTIN, TX 78701",
            "cd_status": "V",
            "dt_effective_registration": "20010203",
            "hispanic_surname": "Y",
        }
    ]
    return as_csv(_table(_TX, people)).encode()
