"""Lists of voters: filters, search by name, pages and cursors."""

import json
import statistics
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from support.client import ok, problem, resolved
from support.uploads import Upload
from support.voterfiles import generated
from support.waiting import wait_until

VOTERS = "/api/v1/voters"
PEOPLE = [
    {
        "first_name": "Katherine",
        "last_name": "Johnson",
        "city": "Hampton",
        "state": "VA",
        "zip": "23669",
        "party": "DEM",
        "precinct": "H1",
    },
    {
        "first_name": "Catherine",
        "last_name": "Johnston",
        "city": "Hampton",
        "state": "VA",
        "zip": "23666",
        "party": "REP",
        "precinct": "H2",
    },
    {
        "first_name": "Dorothy",
        "last_name": "Vaughan",
        "city": "Newport News",
        "state": "VA",
        "zip": "23601",
        "party": "DEM",
        "precinct": "N1",
    },
    {
        "first_name": "José",
        "last_name": "Núñez",
        "city": "Durham",
        "state": "NC",
        "zip": "27701",
        "party": "UNA",
        "precinct": "D1",
    },
    {
        "first_name": "Miles",
        "last_name": "O'Brien",
        "city": "Durham",
        "state": "NC",
        "zip": "27701",
        "party": "UNA",
        "precinct": "D1",
    },
]


@pytest.fixture(scope="module")
def people(make_voter):
    """The module's five voters, by last name."""
    return {person["last_name"]: make_voter(**person) for person in PEOPLE}


def names(admin, campaign, query):
    return [item["last_name"] for item in ok(admin.get(f"{VOTERS}?campaign_id={campaign}&{query}"))["items"]]


@pytest.mark.parametrize(
    "query, expected",
    [
        ("city=Hampton", {"Johnson", "Johnston"}),
        ("city=hampton", {"Johnson", "Johnston"}),
        ("state=NC", {"Núñez", "O'Brien"}),
        ("state=north+carolina", {"Núñez", "O'Brien"}),
        ("party=dem", {"Johnson", "Vaughan"}),
        ("party=Dem", {"Johnson", "Vaughan"}),
        ("zip=27701", {"Núñez", "O'Brien"}),
        ("zip=27701-0001", set()),
        ("party=DEM", {"Johnson", "Vaughan"}),
        ("precinct=H2", {"Johnston"}),
        ("state=VA&party=DEM", {"Johnson", "Vaughan"}),
        ("state=VA&party=DEM&city=Hampton", {"Johnson"}),
        ("city=Nowhere", set()),
    ],
)
def test_filters(admin, campaign, people, query, expected):
    """Each filter alone and together gives exactly those who match."""
    assert set(names(admin, campaign, query)) == expected


@pytest.mark.parametrize(
    "query, first",
    [
        ("Vaughan", "Vaughan"),
        ("vaughan", "Vaughan"),
        ("Vaughn", "Vaughan"),
        ("Vuaghan", "Vaughan"),
        ("Dorothy Vaughan", "Vaughan"),
        ("Vaughan Dorothy", "Vaughan"),
        ("Dorthy Vaughn", "Vaughan"),
        ("Nunez", "Núñez"),
        ("José Núñez", "Núñez"),
        ("jose nunes", "Núñez"),
        ("OBrien", "O'Brien"),
        ("O’Brien", "O'Brien"),
        ("Miles O'Brian", "O'Brien"),
        ("Katherine Johnson", "Johnson"),
    ],
)
def test_name_search_forgives(admin, campaign, people, query, first):
    """Case, accents, apostrophes, order and one typing error do not hide a person."""
    response = admin.get(VOTERS, params={"campaign_id": campaign, "q": query})
    assert ok(response)["items"][0]["last_name"] == first, [item["last_name"] for item in response.json()["items"]]


def test_name_search_and_filters_go_together(admin, campaign, people):
    """`q` is one filter among the others: all of them hold."""
    response = admin.get(VOTERS, params={"campaign_id": campaign, "q": "Johnson", "party": "REP"})
    assert [item["last_name"] for item in ok(response)["items"]] == ["Johnston"]
    for query in ("Catherine Johnston", "Johnston Catherine", "Jonston Cathrine"):
        response = admin.get(VOTERS, params={"campaign_id": campaign, "q": query, "city": "Hampton"})
        assert ok(response)["items"][0]["last_name"] == "Johnston", query


def test_search_has_pages(admin, crowd):
    """`next`, `Link` and `page` lead through everybody who was found, each once."""
    campaign, _ = crowd
    name = ok(admin.get(f"{VOTERS}?campaign_id={campaign}&per_page=1"))["items"][0]["last_name"]
    everybody = ok(admin.get(VOTERS, params={"campaign_id": campaign, "q": name, "per_page": 200}))
    assert everybody["as_of"] and len(everybody["items"]) > 6
    if not everybody.get("next"):
        assert (everybody["total"], everybody["total_is_estimate"]) == (len(everybody["items"]), False)
    path, seen = f"{VOTERS}?campaign_id={campaign}&per_page=3&q={name}", []
    while len(seen) < 7:
        response = admin.get(path)
        answer = ok(response)
        assert answer["total_is_estimate"] and answer["total"] == len(seen) + 4
        seen += [item["id"] for item in answer["items"]]
        parts = urlsplit(response.links["next"]["url"])
        path = f"{parts.path}?{parts.query}"
        assert parse_qs(parts.query)["after"] == [answer["next"]]
    assert seen == [item["id"] for item in everybody["items"]][: len(seen)]
    by_number = ok(admin.get(f"{VOTERS}?campaign_id={campaign}&per_page=3&page=2&q={name}"))
    assert [item["id"] for item in by_number["items"]] == seen[3:6]
    problem(admin.get(f"{VOTERS}?campaign_id={campaign}&q=Else&after={answer['next']}"), 422, parameters=["after"])


@pytest.mark.parametrize("query", ["Zzyzx", "%", "_", "'", "\\", "' or 1=1 --", "*", "a" * 200])
def test_name_search_finds_nobody_by_accident(admin, campaign, people, query):
    """A name that nobody has, and what a database might take as a pattern, finds nobody or is refused; never 500."""
    response = admin.get(VOTERS, params={"campaign_id": campaign, "q": query})
    assert response.status_code == 422 or ok(response)["items"] == []


@pytest.mark.parametrize("sort, key", [("last_name", "last_name"), ("id", "id")])
def test_sort(admin, campaign, people, sort, key):
    """By name and by id."""
    items = ok(admin.get(f"{VOTERS}?campaign_id={campaign}&state=VA&sort={sort}"))["items"]
    values = [item[key] for item in items]
    assert values == sorted(values) and len(values) == 3


@pytest.mark.promise("P45", "page sizes and numbers out of bounds are refused with 422 that names the parameter")
@pytest.mark.parametrize(
    "name, value",
    [
        ("per_page", "0"),
        ("per_page", "-1"),
        ("per_page", "201"),
        ("per_page", "1000000000"),
        ("per_page", "1e2"),
        ("per_page", ""),
        ("per_page", "99999999999999999999"),
        ("page", "0"),
        ("page", "-1"),
        ("page", "x"),
        ("page", "9223372036854775807"),
        ("sort", "password"),
        ("sort", "id;drop table"),
        ("updated_since", "yesterday"),
        ("include_deleted", "maybe"),
        ("support", "6"),
        ("nonsense", "1"),
    ],
)
def test_bad_parameters(admin, campaign, name, value):
    """Each bad value is told."""
    problem(admin.get(VOTERS, params={"campaign_id": campaign, name: value}), 422, parameters=[name])


def test_bad_parameters_are_told_at_once(admin, campaign):
    """Three faults, three entries."""
    problem(
        admin.get(f"{VOTERS}?campaign_id={campaign}&per_page=0&sort=nope&typo=1"),
        422,
        parameters=["per_page", "sort", "typo"],
    )


@pytest.fixture(scope="module")
def crowd(admin, make_campaign, full):
    """A campaign of its own with many voters: (its id, how many)."""
    size, target = (500_000 if full else 10_000), make_campaign()
    result = Upload(admin, target).send(generated(size)).finished(600).result
    assert result["created"] == size, result
    return target, size


@pytest.mark.promise("P45", "a walk by cursor meets every voter once, and its last pages are as quick as its first")
def test_walk_by_cursor(admin, crowd):
    """No gap, no repetition, no slowing down."""
    campaign, size = crowd
    seen, pages = set(), []
    answer = ok(admin.get(f"{VOTERS}?campaign_id={campaign}&per_page=50"))
    while True:
        ids = [item["id"] for item in answer["items"]]
        assert not seen.intersection(ids)
        seen.update(ids)
        if not answer.get("next"):
            break
        pages.append(next_path(answer["next"], campaign))
        answer = ok(admin.get(pages[-1]))
    assert len(seen) == size

    def seconds(path):
        started = time.perf_counter()
        ok(admin.get(path))
        return time.perf_counter() - started

    # First and last pages in turn: what else the machine does meanwhile slows both.
    tenth = len(pages) // 10
    turns = [(seconds(first), seconds(last)) for first, last in zip(pages[:tenth], pages[-tenth:])]
    early, late = (statistics.median(times) for times in zip(*turns))
    assert late <= max(2 * early, 0.005), f"median of the first tenth {early:.4f} s, of the last {late:.4f} s"


def next_path(value, campaign):
    """`next` as a path: it is a cursor, or the address of the next page."""
    if "?" not in value:
        return f"{VOTERS}?campaign_id={campaign}&per_page=50&after={value}"
    parts = urlsplit(value)
    return f"{parts.path}?{parts.query}"


def cursor_of(answer):
    value = answer["next"]
    return parse_qs(urlsplit(value).query)["after"][0] if "?" in value else value


@pytest.mark.promise("P45", "a cursor that was forged, or belongs to another list, is refused with 422")
def test_forged_cursors(admin, crowd, campaign):
    """Changed in any place, cut, empty, or taken elsewhere: 422 for `after`."""
    target, _ = crowd
    cursor = cursor_of(ok(admin.get(f"{VOTERS}?campaign_id={target}&per_page=50")))
    flipped = [cursor[:i] + ("A" if cursor[i] != "A" else "B") + cursor[i + 1 :] for i in range(0, len(cursor), 3)]
    for forged in [*flipped, cursor[:-1], cursor + "A", "", "MQ", "1", "AAAA" * 500]:
        response = admin.get(VOTERS, params={"campaign_id": target, "per_page": 50, "after": forged})
        problem(response, 422, parameters=["after"])
    response = admin.get(VOTERS, params={"campaign_id": campaign, "per_page": 50, "after": cursor})
    problem(response, 422, parameters=["after"])


def test_pages_and_cursor_agree(admin, crowd):
    """Page 2 is what the cursor of page 1 gives; the Link header says the same."""
    campaign, size = crowd
    first = admin.get(f"{VOTERS}?campaign_id={campaign}&per_page=50")
    answer = ok(first)
    assert (answer["page"], answer["per_page"]) == (1, 50)
    assert answer["total"] == size or answer.get("total_is_estimate") is True
    by_cursor = [item["id"] for item in ok(admin.get(next_path(answer["next"], campaign)))["items"]]
    by_page = [item["id"] for item in ok(admin.get(f"{VOTERS}?campaign_id={campaign}&per_page=50&page=2"))["items"]]
    assert by_cursor == by_page and len(by_page) == 50
    parts = urlsplit(first.links["next"]["url"])
    assert [item["id"] for item in ok(admin.get(f"{parts.path}?{parts.query}"))["items"]] == by_page


def test_pages_by_number_are_those_of_the_cursor(admin, crowd):
    """In any order, and again at once, when the server remembers where they begin."""
    campaign, _ = crowd
    path = f"{VOTERS}?campaign_id={campaign}&per_page=50"
    pages, answer = [], ok(admin.get(path))
    while len(pages) < 30 and answer.get("next"):
        pages.append([item["id"] for item in answer["items"]])
        answer = ok(admin.get(next_path(answer["next"], campaign)))
    for order in (range(len(pages)), range(len(pages)), reversed(range(len(pages)))):
        for number in order:
            items = ok(admin.get(f"{path}&page={number + 1}"))["items"]
            assert [item["id"] for item in items] == pages[number]


def test_pages_by_number_follow_a_removal_at_once(admin, make_campaign, make_voter):
    """Whoever is taken out of page 1 moves page 2, though the server has just told where that begins."""
    campaign = make_campaign()
    ids = [make_voter(campaign_id=campaign)["id"] for _ in range(7)]
    path = f"{VOTERS}?campaign_id={campaign}&per_page=2"

    def page(number):
        return [item["id"] for item in ok(admin.get(f"{path}&page={number}"))["items"]]

    assert [page(number) for number in (1, 2, 3)] == [ids[:2], ids[2:4], ids[4:6]]
    assert admin.delete(f"{VOTERS}/{ids[0]}?campaign_id={campaign}").status_code == 204
    assert [page(number) for number in (3, 2, 1)] == [ids[5:7], ids[3:5], ids[1:3]]


def test_tombstones_tell_no_more_than_that(admin, make_campaign, make_voter):
    """Of somebody who is no longer in the campaign, a list with the deleted gives identity and times, nothing else."""
    campaign = make_campaign()
    voter = make_voter(campaign_id=campaign, email="gone@example.org", city="Durham", external_id="G1")
    assert admin.delete(f"{VOTERS}/{voter['id']}?campaign_id={campaign}").status_code == 204
    (gone,) = ok(admin.get(f"{VOTERS}?campaign_id={campaign}&include_deleted=true"))["items"]
    told = {name for name, value in gone.items() if value not in (None, [], {})}
    assert told == {"id", "source", "external_id", "created_at", "updated_at", "deleted_at"}


def test_a_page_past_the_end_is_empty(admin, campaign, people):
    """An empty list, not an error."""
    assert ok(admin.get(f"{VOTERS}?campaign_id={campaign}&page=200&per_page=200"))["items"] == []


def test_updated_since_gives_what_changed(admin, campaign, people):
    """`as_of` of one answer is the next `updated_since`: then nothing, then exactly the changed one, then its tombstone."""
    where = f"{VOTERS}?campaign_id={campaign}&include_deleted=true&updated_since="

    def since(moment):
        return ok(admin.get(where + moment))

    as_of = ok(admin.get(f"{VOTERS}?campaign_id={campaign}"))["as_of"]
    wait_until(
        lambda: since(ok(admin.get(f"{VOTERS}?campaign_id={campaign}"))["as_of"])["items"] == [], 20, "a quiet list"
    )
    as_of = ok(admin.get(f"{VOTERS}?campaign_id={campaign}"))["as_of"]
    voter = ok(admin.post(f"{VOTERS}?campaign_id={campaign}", {"last_name": "Changing"}), 201)
    assert [item["id"] for item in since(as_of)["items"]] == [voter["id"]]
    assert admin.delete(f"{VOTERS}/{voter['id']}").status_code == 204
    assert [item["id"] for item in since(as_of)["items"] if item["deleted_at"]] == [voter["id"]]


def test_openapi_names_the_parameters(public):
    """The machine's contract has the list's route with its filters."""
    document = json.loads(public.get("/openapi.json").text)
    assert document["openapi"].startswith("3.1")
    parameters = {resolved(document, one)["name"] for one in document["paths"]["/api/v1/voters"]["get"]["parameters"]}
    assert {
        "q",
        "city",
        "state",
        "zip",
        "party",
        "precinct",
        "per_page",
        "page",
        "after",
        "updated_since",
    } <= parameters
