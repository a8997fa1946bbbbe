"""Voters whose surnames are spread as in life: 120,000 made-up names by Zipf's law. The same output every time.

zipf_voters.py voters ROWS PART    a voter file (CSV) on standard output; another PART holds other people
zipf_voters.py queries COUNT       surnames with one letter wrong, drawn as often as the names occur, one a line
"""
import random
import sys
from itertools import accumulate

SURNAMES = 120_000
ONSETS = "b br c ch d dr f fl g gr h j k kl l m mc n p r s sch sh st t th v w z".split()
VOWELS = "a e i o u ai ea ee ie ou".split()
CODAS = "ck ld ll m n nd ng ns r rd rs rt s sch sk ss t tt x".split()
ENDINGS = ["", "", "er", "man", "sen", "son", "ton", "ez", "ski", "well", "ford", "ley"]
GIVEN = (
    "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph "
    "Jessica Thomas Sarah Maria Jose Ana Luis Keisha Wei Aisha Omar"
).split()
STREETS = "Main Oak Pine Maple Cedar Elm Washington Lake Hill Church".split()
CITIES = "Raleigh Durham Cary Charlotte Asheville Wilmington Boone".split()
PARTIES = "DEM REP UNA LIB GRE".split()
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CHUNK = 10_000


def surnames() -> list[str]:
    """Commonest first."""
    draw = random.Random(11)
    seen: dict[str, None] = {}
    while len(seen) < SURNAMES:
        name = draw.choice(ONSETS) + draw.choice(VOWELS)
        if draw.random() < 0.6:
            name += draw.choice(ONSETS) + draw.choice(VOWELS)
        name += draw.choice(CODAS) + draw.choice(ENDINGS)
        seen.setdefault(name.capitalize())
    return list(seen)


def zipf_weights() -> list[float]:
    return list(accumulate(1 / rank for rank in range(1, SURNAMES + 1)))


def write_voters(rows: int, part: int) -> None:
    draw = random.Random(1000 + part)
    names, weights = surnames(), zipf_weights()
    out = sys.stdout
    out.write("voter_id,first_name,last_name,date_of_birth,address,city,state,zip,party\n")
    for start in range(0, rows, CHUNK):
        count = min(CHUNK, rows - start)
        family = draw.choices(names, cum_weights=weights, k=count)
        given = draw.choices(GIVEN, k=count)
        out.write(
            "".join(
                f"{part}Z{start + i:09d},{given[i]},{family[i]},{1930 + int(draw.random() * 77)}-"
                f"{1 + int(draw.random() * 12):02d}-{1 + int(draw.random() * 28):02d},{1 + int(draw.random() * 9999)} "
                f"{STREETS[int(draw.random() * 10)]} St,{CITIES[int(draw.random() * 7)]},NC,"
                f"{27000 + int(draw.random() * 2000)},{PARTIES[int(draw.random() * 5)]}\n"
                for i in range(count)
            )
        )


def one_edit(name: str, draw: random.Random) -> str:
    """A letter changed, left out, put in, or swapped with its neighbour."""
    at = draw.randrange(len(name))
    kind = draw.randrange(4)
    if kind == 0:
        return name[:at] + draw.choice(LETTERS) + name[at + 1 :]
    if kind == 1 and len(name) > 3:
        return name[:at] + name[at + 1 :]
    if kind == 2 or at + 1 == len(name):
        return name[:at] + draw.choice(LETTERS) + name[at:]
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def write_queries(count: int) -> None:
    draw = random.Random(13)
    for name in draw.choices(surnames(), cum_weights=zipf_weights(), k=count):
        print(one_edit(name.lower(), draw))


if __name__ == "__main__":
    if sys.argv[1] == "voters":
        write_voters(int(sys.argv[2]), int(sys.argv[3]))
    else:
        write_queries(int(sys.argv[2]))
