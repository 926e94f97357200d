# SPDX-License-Identifier: Apache-2.0
"""gsign verify beside other judges, on the same files. Called by verify; see there.

usage: verdicts.py --gsign FILE --dss CLASSPATH --cache DIR --versions TEXT --corpus DIR [--all] [--set NAME]… [--out FILE] [--docs FILE] [--write-headers]
"""
import argparse
import collections
import os
import pathlib
import sys
import tempfile
import time

from judge import ask, differ, report, sets

GOAL = 98.0
# Exit codes of gsign verify for what an attack file is known to be; a broken one may have no signature, or not be a PDF any more.
ATTACKED = {"good": {0}, "suspicious": {10, 11}, "forbidden": {10}, "broken": {7, 10, 11, 12}}


def arguments():
    p = argparse.ArgumentParser()
    for name in ("gsign", "dss", "cache", "versions", "corpus", "out", "docs"):
        p.add_argument(f"--{name}", required=name not in ("out", "docs"))
    p.add_argument("--all", action="store_true")
    p.add_argument("--set", action="append", choices=["own", "defects", "attacks", "corpus-signed"])
    p.add_argument("--write-headers", action="store_true")
    return p.parse_args()


def gather(a, work):
    wanted = a.set or ["own", "defects", "attacks", "corpus-signed"]
    tasks = []
    if "own" in wanted:
        tasks += sets.own(a.gsign, work, a.all)
    if "defects" in wanted:
        tasks += sets.defects()
    if "attacks" in wanted:
        tasks += sets.attacks(work / "attacks", a.all)
    if "corpus-signed" in wanted:
        tasks += sets.corpus(pathlib.Path(a.corpus), work, a.all)
    return tasks


def wrong(task, answers):
    """What gsign verify says against what the file is known to be."""
    code, _ = answers["gsign"]
    if task.set == "own":
        # Nobody named is an anchor of the signature that one input has already.
        allowed = {0} if ".b-lt." in task.name and "certified" not in task.name else {11}
    elif task.set == "defects":
        allowed = {int(task.headers["Exit"])}
    elif task.set == "attacks":
        # Whatever differences.tsv says: an attack that is called good fails, as does an honest change that is not.
        allowed = ATTACKED[task.headers["Want"]]
    else:
        return []
    return [] if code in allowed else [f"{task.name}: exit code {code}, not {sorted(allowed)}"]


def main():
    a, start = arguments(), time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        tasks = gather(a, pathlib.Path(work))
        print(f"{len(tasks)} files gathered in {time.monotonic() - start:.0f} s", flush=True)
        answers = ask.Judges(a.gsign, a.dss, a.cache, a.versions).all(tasks)
    counts, found, bad = collections.defaultdict(collections.Counter), [], []
    for t, said in zip(tasks, answers):
        found += differ.differences(t.name, said, counts[t.set])
        bad += wrong(t, said)
    unexplained, idle = differ.explain(found)
    report.table(tasks, answers, a.out)
    report.summary(counts, found)
    for d in unexplained:
        print(f"UNEXPLAINED {d}")
    if a.all and not a.set:
        bad += [f"differences.tsv: nothing is like this any more: {e.judge}, {e.question}, {e.files}, {e.theirs}, {e.ours}" for e in idle]
        bad += report.below(counts, found, GOAL)
    for b in bad:
        print(f"FAIL {b}")
    if a.write_headers:
        report.headers(tasks, answers)
    if a.docs and not unexplained and not bad:
        report.docs(pathlib.Path(a.docs), tasks, counts, found, a.versions)
    print(f"verdicts: {len(tasks)} files, {len(found)} differences, {len(unexplained)} unexplained, {len(bad)} failures, "
          f"{time.monotonic() - start:.0f} s, {sum(os.times()[:4]):.0f} s of processors")
    sys.exit(1 if unexplained or bad or not tasks else 0)


if __name__ == "__main__":
    main()
