#!/usr/bin/env python3
"""Writes the figures of docs/conformance.md.

usage: conformance.py CHECKED [MEASURED]

CHECKED is what the check of recorded cases printed ("kind area N passed M failed"),
MEASURED the output of the corpora's tests, whose lines "figure: NAME: TEXT" are taken.
Without MEASURED it writes nothing. The page's tables keep what stands in their other
columns. It fails, after writing, where an area passes fewer cases than the page said, or where a row has no figure."""
import re
import shutil
import sys

PAGE = "docs/conformance.md"


def main(checked, measured=None):
    passed = {}
    for line in open(checked):
        m = re.match(r"(\w+) +(\S+) +(\d+) passed +(\d+) failed", line)
        if m:
            passed[m[1], m[2]] = int(m[3]), int(m[3]) + int(m[4])
    figures = {}
    for line in open(measured) if measured else []:
        m = re.search(r"figure: (.*?): (.*)", line)
        if m:
            figures[m[1]] = m[2].strip()
    out, worse, seen = [], [], set()
    last = None
    for line in open(PAGE):
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 5 and cells[2].isdigit():
            area = cells[0], cells[1]
            got, of = passed.get(area, (0, int(cells[3])))
            if got < int(cells[2]):
                worse.append(f"{area[0]} {area[1]}: {got} passed, the page said {cells[2]}")
            seen.add(area)
            line = f"| {area[0]} | {area[1]} | {got} | {of} | {cells[4] if got < of else ''} |\n".replace("  |", " |")
            last = len(out)
        elif line.startswith("|") and len(cells) == 3 and cells[2].startswith("`") and cells[0] != "corpus":
            # Without mono the rows of C# stay as they are.
            if measured and cells[0] not in figures and not ("./test/csharp" in cells[2] and not shutil.which("mcs")):
                worse.append(f"{cells[0]}: no figure")
            line = f"| {cells[0]} | {figures.get(cells[0], cells[1])} | {cells[2]} |\n"
        out.append(line)
    for area in sorted(passed.keys() - seen):
        got, of = passed[area]
        last += 1
        out.insert(last, f"| {area[0]} | {area[1]} | {got} | {of} | |\n")
    if measured:
        open(PAGE, "w").writelines(out)
        print(PAGE + " is written")
    for line in worse:
        print(line)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
