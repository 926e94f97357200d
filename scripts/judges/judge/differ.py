# SPDX-License-Identifier: Apache-2.0
"""Where gsign verify and a judge differ, and what differences.tsv says of it."""
import collections
import csv
import dataclasses
import fnmatch
import functools
import pathlib
import re

from .verdict import BROKEN, INTACT

TABLE = pathlib.Path(__file__).resolve().parents[1] / "differences.tsv"
FAILED = {"FORMAT_FAILURE", "HASH_FAILURE", "SIG_CRYPTO_FAILURE"}


@dataclasses.dataclass
class Difference:
    file: str
    end: str
    judge: str
    question: str
    theirs: str
    ours: str
    entry: "Entry | None" = None

    def __str__(self):
        return f"{self.file} {self.end}: {self.judge}, {self.question}:\n     theirs {self.theirs[:300]}\n     ours   {self.ours[:300]}"


@dataclasses.dataclass
class Entry:
    judge: str
    question: str
    files: str
    theirs: str
    ours: str
    right: str
    clause: str
    why: str

    def explains(self, d):
        return ((d.judge, d.question) == (self.judge, self.question) and like(self.files, d.file) and like(self.theirs, d.theirs)
                and like(self.ours, d.ours))


@functools.cache
def pattern(text):
    """Alternatives with |, any text for *."""
    return re.compile("|".join(fnmatch.translate(p.replace("[", "[[]")) for p in text.split("|")), re.S)


def like(text, value):
    return pattern(text).match(value) is not None


def entries():
    with open(TABLE, newline="") as f:
        rows = list(csv.DictReader((line for line in f if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE))
    for r in rows:
        if None in r or None in r.values() or r["right"] not in ("gsign", "judge", "both", "open", "policy"):
            raise SystemExit(f"differences.tsv: {r}")
    return [Entry(**r) for r in rows]


def says(w):
    """The words that entries match: INDICATION/SUB: text."""
    return f"{w['indication']}/{w['sub']}".rstrip("/") + (f": {w['text']}" if w.get("text") else "")


def differences(name, answers, count):
    """Counts in what is agreed on; returns what is not."""
    _, ours = answers["gsign"]
    found = []
    for judge in ("EU DSS", "pyHanko", "pdfsig", "OpenSSL"):
        theirs = answers[judge] or "no signature"
        add = functools.partial(Difference, name)
        if isinstance(ours, str) or isinstance(theirs, str):
            count[judge, "file", isinstance(ours, str), isinstance(theirs, str)] += 1
            if isinstance(ours, str) != isinstance(theirs, str) and judge == "EU DSS":
                found.append(add("-", judge, "read", theirs if isinstance(theirs, str) else "read", ours if isinstance(ours, str) else "read"))
            continue
        for end in sorted(ours.keys() | theirs.keys(), key=int):
            a, b = theirs.get(end), ours.get(end)
            if a is None or b is None:
                if judge == "EU DSS":
                    found.append(add(end, judge, "seen", says(a) if a else "-", says(b) if b else "-"))
                continue
            if a["indication"] != "unread":
                found += [add(end, *d) for d in compare(judge, a, b, count)]
    return found


def compare(judge, a, b, count):
    def ask(question, same, theirs, ours):
        count[judge, question, bool(same)] += 1
        if not same:
            yield judge, question, theirs, ours

    if "number of pages" in a.get("text", "") and a["sub"] == "FORMAT_FAILURE" and b["changes"] == "forbidden":
        b = {**b, "indication": "TOTAL-FAILED"}  # what EU DSS holds against the signature, gsign calls a forbidden change: exit code 10
    if judge in ("EU DSS", "pyHanko"):
        yield from ask("indication", a["indication"] == b["indication"], says(a), says(b))
        count[judge, "sub-indication", (a["indication"], a["sub"]) == (b["indication"], b["sub"])] += 1
    else:
        mine = BROKEN if b["indication"] == "TOTAL-FAILED" and b["sub"] in FAILED else INTACT
        yield from ask("intact", a["indication"] == mine, f"{a['indication']}: {a['sub']}", says(b))
    if judge == "EU DSS":
        yield from ask("level", a["level"] == b["level"], a["level"], f"{b['level']}: {says(b)}")
        count["both", a["level"] == b["level"] and a["indication"] == b["indication"]] += 1
    if judge == "pyHanko" and a.get("changes") in ("allowed", "forbidden") and b["changes"]:
        yield from ask("changes", a["changes"] == ("allowed" if b["changes"] == "allowed" else "forbidden"), a["changes"],
                       f"{b['changes']}: {b['altered']}")


def explain(found):
    """Returns what no entry explains, and entries that explain nothing."""
    known, used = entries(), collections.Counter()
    for d in found:
        d.entry = next((e for e in known if e.explains(d)), None)
        if d.entry:
            used[id(d.entry)] += 1
    return [d for d in found if d.entry is None], [e for e in known if not used[id(e)]]
