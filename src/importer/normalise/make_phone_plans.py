#!/usr/bin/python3
"""Writes phone_plans.inc, the numbering plans of all countries, from the metadata of libphonenumber-js.

    npm pack libphonenumber-js && tar xzf libphonenumber-js-*.tgz
    ./make_phone_plans.py package/metadata.min.json > phone_plans.inc
"""
import json
import re
import sys


def patterns(metadata):
    for region, plan in sorted(metadata["countries"].items()):
        yield region, plan
    for code, plan in sorted(metadata["nonGeographic"].items()):
        yield "001", [code] + plan[1:]


def main():
    metadata = json.load(open(sys.argv[1], encoding="utf-8"))
    print(
        "// Made by make_phone_plans.py from libphonenumber-js (MIT), whose data is Google's libphonenumber (Apache-2.0)."
    )
    print("// {region, calling code, national prefix, lengths as bits, pattern of the national number}")
    for region, plan in patterns(metadata):
        code, pattern, lengths, prefix = plan[0], plan[2], plan[3], plan[5] if len(plan) > 5 else 0
        if not re.fullmatch(r"(?:[0-9\[\]\-|{},?]|\\d|\(\?:|\))+", pattern):
            sys.exit(f"{region}: the matcher does not know all of {pattern}")
        bits = sum(1 << length for length in lengths)
        text = pattern.replace("\\", "\\\\")
        print(f'{{"{region}", "{code}", "{prefix or ""}", {bits:#x}, "{text}"}},')


main()
