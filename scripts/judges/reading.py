# SPDX-License-Identifier: Apache-2.0
"""Reads folders of PDFs with gsign verify and gsign inspect, and measures. Called by scripts/corpus --read, which tells the usage."""
import argparse
import collections
import concurrent.futures
import json
import pathlib
import random
import sys
import threading

from judge import engines
from judge.measure import Runner

# What a user may meet: a verdict, or a file that cannot be read, without its password too.
EXPECTED = {"verify": {0, 7, 10, 11, 12}, "inspect": {0, 7}}
COMMANDS = {
    "verify": ["verify", "--offline", "--json"],
    "report": ["verify", "--offline", "--report", "html"],
    "inspect": ["inspect", "--json"],
}


def judge(gsign, name, path, runner):
    """One command over one file; a hang counts when it comes twice."""
    command = COMMANDS[name]
    for _ in range(2):
        r = runner.run(gsign, *command, path, timeout=300, memory=2 * engines.MEMORY)
        wrong = engines.crash(r)
        if wrong != "hang":
            break
    if not wrong and r.code not in EXPECTED[command[0]]:
        wrong = f"exit code {r.code}"
    if not wrong and command[-1] == "--json" and r.code != 7:
        try:
            json.loads(r.out)
        except ValueError:
            wrong = "no JSON"
    return name, r, wrong


def main():
    p = argparse.ArgumentParser(prog="corpus --read", description=__doc__)
    p.add_argument("--gsign", required=True, help=argparse.SUPPRESS)
    p.add_argument("--workers", type=int, default=2)
    p.add_argument("--sample", type=int)
    p.add_argument("--seed", default="gsign")
    p.add_argument("folder", nargs="+", type=pathlib.Path)
    args = p.parse_args()
    free, failed = threading.local(), 0
    runners = [Runner() for _ in args.folder for _ in range(args.workers)]  # before there are threads
    for folder in args.folder:
        files = sorted(p for p in folder.rglob("*") if p.suffix.lower() == ".pdf" and p.is_file())
        if args.sample is not None:
            files = random.Random(args.seed).sample(files, min(args.sample, len(files)))
        if not files:
            sys.exit(f"corpus: no PDF in {folder}")

        def work(path):
            return [(path, *judge(args.gsign, name, path, free.runner)) for name in COMMANDS]

        codes, worst = collections.defaultdict(collections.Counter), {}
        pool = concurrent.futures.ThreadPoolExecutor(args.workers, initializer=lambda: setattr(free, "runner", runners.pop()))
        with pool:
            for results in pool.map(work, files):
                for path, name, r, wrong in results:
                    codes[name][r.code] += 1
                    w = worst.setdefault(name, {"cpu": (0, ""), "rss": (0, "")})
                    rel = str(path.relative_to(folder))
                    w["cpu"], w["rss"] = max(w["cpu"], (r.cpu, rel)), max(w["rss"], (r.rss, rel))
                    if wrong:
                        failed += 1
                        print(f"FAIL {name} {path}: {wrong} ({r.cpu:.1f} s, {r.rss:.0f} MiB) {r.err[:400]}", flush=True)
        print(f"{folder.name}: {len(files)} files")
        for name, w in worst.items():
            print(f"  {name}: exit codes {dict(sorted(codes[name].items()))}; at most {w['cpu'][0]:.2f} s of processor ({w['cpu'][1]}), "
                  f"{w['rss'][0]:.0f} MiB ({w['rss'][1]})")
    print("every file was read or refused in time" if not failed else f"{failed} FAILURES")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
