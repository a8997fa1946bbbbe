"""Prometheus metrics: a strict reader of the text, and what is wrong with it."""

import re
from collections import defaultdict

import requests

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
_SAMPLE = re.compile(rf"({_NAME})(?:\{{((?:{_LABEL},?)*)\}})? (\S+)")
_SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


class Metrics:
    """What one scrape said: `value("name", label="…")` adds up the samples that carry these labels."""

    def __init__(self, text):
        self.types = {}
        self.helps = {}
        self.samples = defaultdict(dict)  # name → {labels as a frozenset of pairs: value}
        family = None
        assert text.endswith("\n"), "the last line is cut"
        for line in text.splitlines():
            if line.startswith("# HELP "):
                _, _, family, told = line.split(" ", 3)
                assert family not in self.helps, f"{family} comes twice"
                self.helps[family] = told
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name == family and name not in self.types, f"{line!r} is not after its HELP"
                assert kind in _SUFFIXES, line
                self.types[name] = kind
            else:
                self._take(family, line)

    def _take(self, family, line):
        match = _SAMPLE.fullmatch(line)
        assert match, f"not a sample: {line!r}"
        name, labels, number = match[1], match[2] or "", match[5]
        assert name in {family + suffix for suffix in _SUFFIXES[self.types[family]]}, f"{name} within {family}"
        pairs = re.findall(_LABEL, labels)
        assert len({key for key, _ in pairs}) == len(pairs), f"a label comes twice: {line!r}"
        assert frozenset(pairs) not in self.samples[name], f"a series comes twice: {line!r}"
        self.samples[name][frozenset(pairs)] = float(number)

    def value(self, name, **labels):
        wanted = set(labels.items())
        return sum(value for pairs, value in self.samples[name].items() if wanted <= pairs)

    def labels(self, name, key):
        """The values that a label takes."""
        return {dict(pairs).get(key) for pairs in self.samples[name]}

    def series(self):
        return {(name, pairs) for name, all_of in self.samples.items() for pairs in all_of}

    def faults(self):
        """What `promtool check metrics` complains about, and histograms that do not add up."""
        for name, kind in self.types.items():
            if not self.helps[name].strip():
                yield f"{name} has no help"
            if (kind == "counter") != name.endswith("_total"):
                yield f"{name} is a {kind}: a counter's name ends with _total, no other's does"
            if kind != "histogram" and name.endswith(("_bucket", "_count", "_sum")):
                yield f"{name} ends like a part of a histogram"
            if re.search(r"_(milliseconds|ms|minutes|hours|kilobytes|megabytes)(_|$)", name):
                yield f"{name} is not in a base unit"
            if kind == "histogram":
                yield from self._histogram_faults(name)
            elif kind == "counter":
                yield from (f"{name} is negative" for value in self.samples[name].values() if value < 0)

    def _histogram_faults(self, name):
        buckets = defaultdict(list)
        for pairs, value in self.samples[name + "_bucket"].items():
            bound = dict(pairs)["le"]
            buckets[pairs - {("le", bound)}].append((float(bound), value))
        if (
            buckets.keys() != self.samples[name + "_count"].keys()
            or buckets.keys() != self.samples[name + "_sum"].keys()
        ):
            yield f"{name}: parts of its series are missing"
        for labels, found in buckets.items():
            counts = [value for _, value in sorted(found)]
            if counts != sorted(counts) or max(found)[0] != float("inf"):
                yield f"{name}: buckets of {set(labels)} are not cumulative up to +Inf"
            elif counts[-1] != self.samples[name + "_count"][labels]:
                yield f"{name}: the last bucket of {set(labels)} is not the count"


def scrape(url):
    """The metrics at this address."""
    response = requests.get(url, timeout=10)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return Metrics(response.text)


def admin_url(server):
    """Where the server's second listener is."""
    port = next(entry["port"] for entry in server.log_entries() if entry["message"] == "listening for operators")
    return f"http://127.0.0.1:{port}"
