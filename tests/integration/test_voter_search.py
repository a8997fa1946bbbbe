"""Voters found by name: names of several words, many namesakes, pages."""

import pytest

from support.client import ok
from support.uploads import Upload

VOTERS = "/api/v1/voters"

COMPOUND = [("Anne", "O'Neil-Núñez"), ("Anne", "Nunez"), ("Maria", "De La Cruz"), ("Maria", "Cruz")]
COMPOUND += [("Carlos", "García Márquez"), ("Carlos", "Marquez"), ("Mary Ann", "Smith-Jones"), ("Mary", "Jones")]
COMPOUND += [("Jean-Luc", "Picard"), ("Ludwig", "van Beethoven")]


@pytest.fixture(scope="module")
def compound(admin, make_campaign):
    """A campaign of people whose names have several words, and of others who share one of them."""
    target = make_campaign()
    for first, last in COMPOUND:
        ok(admin.post(f"{VOTERS}?campaign_id={target}", {"first_name": first, "last_name": last}), 201)
    return target


@pytest.mark.parametrize(
    "query, found",
    [
        ("O'Neil-Núñez", "O'Neil-Núñez"),
        ("Anne O'Neil-Núñez", "O'Neil-Núñez"),
        ("oneil nunes", "O'Neil-Núñez"),
        ("De La Cruz", "De La Cruz"),
        ("De La Cruz, Maria", "De La Cruz"),
        ("Maria Elena De La Cruz", "De La Cruz"),
        ("García Márquez", "García Márquez"),
        ("carlos garcia marquez", "García Márquez"),
        ("Carlos Marquez", "Marquez"),
        ("Smith-Jones", "Smith-Jones"),
        ("Mary Ann", "Smith-Jones"),
        ("Mary Ann Smith-Jones", "Smith-Jones"),
        ("Mary Q Jones", "Jones"),
        ("Jean-Luc", "Picard"),
        ("van Beethoven", "van Beethoven"),
        ("Bethoven", "van Beethoven"),
    ],
)
def test_names_of_several_words_are_found(admin, compound, query, found):
    """As they are written, in either order, with middle names, by their last word, and with a letter wrong."""
    for more in ({}, {"include_deleted": "true"}):  # by name alone, and as one filter among others
        answer = ok(admin.get(VOTERS, params={"campaign_id": compound, "q": query, **more}))
        assert [item["last_name"] for item in answer["items"]][0] == found, answer["items"]


def test_a_part_of_a_name_finds_the_whole(admin, compound):
    """Who bears the name alone comes first, who bears another beside it after that."""
    answer = ok(admin.get(VOTERS, params={"campaign_id": compound, "q": "Marquez"}))
    assert [item["last_name"] for item in answer["items"]][:2] == ["Marquez", "García Márquez"]


@pytest.fixture(scope="module")
def namesakes(admin, make_campaign):
    """2,400 people called Walker, 300 of them Ann, four of them in Rareville; and some who are Walker by first name."""
    target, firsts = make_campaign(), ["Ann", "Bob", "Cat", "Dan", "Eve", "Flo", "Gus", "Walker"]
    rows = ["voter_id,first_name,last_name,city"]
    for n in range(2_400):
        city = "Rareville" if n % 600 == 599 else "Elsewhere"
        rows.append(f"N{n * 7919 % 2_400},{firsts[n % 8]},Walker,{city}")
    rows += [f"M{n},Walker,Walkers,Elsewhere" for n in range(5)]
    done = Upload(admin, target).send("\n".join(rows).encode(), prefer="wait=30").finished()
    assert done.result["created"] == 2_405
    return target


def walk(admin, path, pages):
    """The items of so many pages by `next`, and of the same pages by number."""
    by_next, by_number, after = [], [], None
    for page in range(1, pages + 1):
        answer = ok(admin.get(path + (f"&after={after}" if after else "")))
        by_next += answer["items"]
        by_number += ok(admin.get(f"{path}&page={page}"))["items"]
        after = answer.get("next")
        if not after:
            break
    return [item["id"] for item in by_next], [item["id"] for item in by_number]


@pytest.mark.parametrize(
    "query, per_page, most",
    [("walker", 50, 20), ("ann walker", 40, 8), ("walkr", 50, 20), ("walker&city=elsewhere", 50, 20)],
)
def test_pages_of_a_search_are_one_list(admin, namesakes, query, per_page, most):
    """However many bear a name and however they are found: nobody twice, nobody left out."""
    path = f"{VOTERS}?campaign_id={namesakes}&q={query}&per_page={per_page}"
    by_next, by_number = walk(admin, path, most)
    assert by_next == by_number
    assert len(by_next) == len(set(by_next)) == min(1_000, most * per_page)
    again, _ = walk(admin, path.replace(f"per_page={per_page}", "per_page=200"), 2)
    assert again[: len(by_next)] == by_next[: len(again)]


def test_a_filter_finds_the_few_among_many_namesakes(admin, namesakes):
    """However common the name, everybody who passes the filter is found, and counted."""
    answer = ok(admin.get(f"{VOTERS}?campaign_id={namesakes}&q=walker&city=Rareville"))
    assert (len(answer["items"]), answer["total"], answer["total_is_estimate"]) == (4, 4, False)


def test_a_page_behind_the_end_of_a_search_tells_how_many_there_are(admin, compound):
    """As many as are found, and none of them."""
    path = f"{VOTERS}?campaign_id={compound}&q=Marquez"
    there, answer = len(ok(admin.get(path))["items"]), ok(admin.get(f"{path}&page=9"))
    assert there > 1 and (answer["items"], answer["total"], answer["total_is_estimate"]) == ([], there, False)
