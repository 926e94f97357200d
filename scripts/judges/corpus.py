# SPDX-License-Identifier: Apache-2.0
"""Signs folders of PDFs with several workers and judges every output. Called by scripts/corpus, which tells the usage."""
import argparse
import collections
import csv
import hashlib
import json
import pathlib
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time

from judge import engines, outside, robustness, sandbox
from judge.dss import Dss
from judge.verapdf import VeraPdf

HERE = pathlib.Path(__file__).parent
CLASSES = {"clean": "clean", "warnings": "warns", "errors": "broken"}


def arguments():
    p = argparse.ArgumentParser(prog="corpus", description=__doc__)
    p.add_argument("--gsign", required=True, help=argparse.SUPPRESS)
    p.add_argument("--pdfsign", default="", help=argparse.SUPPRESS)
    p.add_argument("--dss", default="", help=argparse.SUPPRESS)
    p.add_argument("--vera", default="", help=argparse.SUPPRESS)
    p.add_argument("--cache", required=True, type=pathlib.Path, help=argparse.SUPPRESS)
    p.add_argument("--versions", required=True, help=argparse.SUPPRESS)
    p.add_argument("--docs", type=pathlib.Path, help=argparse.SUPPRESS)
    p.add_argument("--peers", action="store_true")
    p.add_argument("--peers-sample", type=int)
    p.add_argument("--workers", type=int, default=2)
    p.add_argument("--out", type=pathlib.Path)
    p.add_argument("--sample", type=int)
    p.add_argument("--seed", default="gsign")
    p.add_argument("--list", type=pathlib.Path)
    p.add_argument("folder", nargs="+", type=pathlib.Path)
    return p.parse_args()


def files_of(folder, args):
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.suffix.lower() == ".pdf" and p.is_file())
    if args.list:
        wanted = {line.split("\t")[0].strip() for line in args.list.read_text().splitlines()}
        names = [n for n in names if n in wanted]
    if args.sample is not None:
        names = random.Random(args.seed).sample(names, min(args.sample, len(names)))
    classes = manifest(folder)
    return sorted(names, key=lambda n: classes.get(n) == "clean")  # first what is likelier to fail


def command(args):
    """What made the page."""
    words = ["scripts/corpus", *["--peers"] * args.peers]
    if args.peers and args.peers_sample is not None:
        words += ["--peers-sample", str(args.peers_sample)]
    return " ".join([*words, "--write-docs"])


def with_peers(names, args):
    """The names of those files that peers sign, too."""
    if not args.peers:
        return set()
    if args.peers_sample is None:
        return set(names)
    return set(random.Random(args.seed).sample(sorted(names), min(args.peers_sample, len(names))))


def manifest(folder):
    """Classes that a MANIFEST.tsv tells."""
    path = folder / "MANIFEST.tsv"
    if not path.exists():
        return {}
    with path.open() as f:
        return {row["path"]: CLASSES.get(row.get("qpdf_check", "")) for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)}


class Worker:
    """A process that signs and judges; a new one when it ends or hangs."""

    def __init__(self, settings, name):
        self.settings, self.name, self.process = settings, name, None

    def ask(self, path):
        for _ in range(2):
            if self.process is None:
                self.process = subprocess.Popen([sys.executable, HERE / "worker.py", self.settings, self.name], text=True,
                                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            late = threading.Timer(900, self.process.kill)
            late.start()
            try:
                self.process.stdin.write(json.dumps(str(path)) + "\n")
                self.process.stdin.flush()
                answer = self.process.stdout.readline()
            except OSError:
                answer = ""
            finally:
                late.cancel()
            if answer:
                return json.loads(answer)
            self.close()
        return {"error": "the worker ended twice"}

    def close(self):
        if self.process:
            self.process.stdin.close()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


def run(folder, names, settings, args, after):
    """Rows in the order of the names. after(row) sees each."""
    classes, rows, todo, peers = manifest(folder), {}, queue.Queue(), with_peers(names, args)
    for n in names:
        todo.put(n)
    start = time.monotonic()

    def work(number):
        alone, beside = (Worker(s, f"{s.stem}{number}") for s in settings)
        try:
            while True:
                name = todo.get_nowait()
                answer = (beside if name in peers else alone).ask(folder / name)
                if "error" in answer:
                    raise RuntimeError(f"{name}: {answer['error']}")
                row = {"name": name, "class": classes.get(name) or answer["facts"]["class"], **answer}
                after(folder, row)
                rows[name] = row
                res = row["results"]["gsign"]
                if res["bad"] or res["crash"]:
                    print(f"FAIL {name}: {res['bad']} {res['crash']}", file=sys.stderr, flush=True)
                if len(rows) % 100 == 0:
                    print(f"{len(rows)} of {len(names)}, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
        except queue.Empty:
            pass
        except Exception as e:
            failed.append(e)
        finally:
            alone.close()
            beside.close()

    failed = []
    threads = [threading.Thread(target=work, args=(i,)) for i in range(args.workers)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failed:
        raise failed[0]
    return [rows[n] for n in sorted(names)]


def by_java(dss, vera, lock):
    """EU DSS asks for the level, where it can read the file at all; veraPDF for what the file declares."""
    def after(folder, row):
        res = row["results"]["gsign"]
        if "kept" not in res:
            return
        out = pathlib.Path(res["kept"])
        with lock:
            verdicts = dss.judge(out)
            before = dss.judge(folder / row["name"]) if isinstance(verdicts, str) else ""
            res["bad"] += [f"veraPDF: {b}" for b in vera.judge(out, folder / row["name"])]
        if isinstance(verdicts, str):
            if isinstance(before, str):
                res["left_out"].append(f"EU DSS ({before})"[:150])
            else:
                res["bad"].append(f"EU DSS: {verdicts}")
        elif not verdicts or (verdicts[0].level, verdicts[0].indication) != ("PAdES-BASELINE-LT", "TOTAL_PASSED"):
            res["bad"].append(f"EU DSS: {verdicts[0] if verdicts else 'no signature'}")
        if not res["bad"]:
            out.unlink()
            out.parent.rmdir()
    return after


def tell(folder, rows, args, out):
    (out / f"{folder.name}.tsv").write_text("\n".join(robustness.tsv(rows)) + "\n")
    text = "\n\n".join(f"{title}\n\n{table}" for title, table in robustness.tables(rows))
    (out / f"{folder.name}.md").write_text(text + "\n")
    print(f"\n{folder.name}: {len(rows)} files\n\n{text}\n")
    for r in rows:
        res = r["results"]["gsign"]
        if res["bad"] or res["crash"] or res.get("odd"):
            print(f"FAIL {r['name']} ({r['class']}): " + "; ".join([*res["bad"], *filter(None, [res["crash"], res.get("odd")])])
                  + f" {res['detail']}")
    if args.sample is not None:
        for r in rows:
            v = robustness.verdict(r["results"]["gsign"], r["facts"])
            if v in ("refused", "by rule"):
                print(f"{v:8} {r['name']} ({r['class']}): {robustness.reason(r['results']['gsign'])}")
    left = collections.Counter(t.split(" (")[0] for r in rows for t in r["results"]["gsign"]["left_out"])
    print("judges left out: " + (", ".join(f"{k} {v}" for k, v in sorted(left.items())) or "none"))


def main():
    args = arguments()
    part = args.sample is not None or args.list is not None
    out = args.out or args.cache / "last"
    out.mkdir(parents=True, exist_ok=True)
    ids = {"gsign": hashlib.sha256(pathlib.Path(args.gsign).read_bytes()).hexdigest()[:12]}
    if args.peers:
        ids |= {"pdfsign": hashlib.sha256(pathlib.Path(args.pdfsign).read_bytes()).hexdigest()[:12], "pyhanko": "0.38.0"}
    sources = hashlib.sha256(b"".join(p.read_bytes() for p in sorted([*HERE.glob("judge/*"), HERE / "worker.py"]) if p.is_file()
                                      and p.name != "robustness.py")).hexdigest()[:8]
    inputs = hashlib.sha256(args.versions.encode() + (HERE / "judge/inputs.py").read_bytes()
                            + (HERE / "judge/facts.js").read_bytes()).hexdigest()[:8]
    ids = {k: f"{v}-{sources}-{inputs}" for k, v in ids.items()}
    folders, ok = [], True
    with tempfile.TemporaryDirectory(prefix="corpus-") as work:
        work = pathlib.Path(work)
        nss = outside.PdfSig(work).nss
        cert, key = engines.local_key(work)
        with sandbox.Sandbox(args.gsign, work / "sandbox") as box:
            common = {
                "gsign": args.gsign, "pdfsign": args.pdfsign, "config": str(box.dir / "config.toml"), "cert": str(cert),
                "key": str(key), "ids": ids, "versions": inputs, "nss": str(nss), "cache": str(args.cache),
                "work": str(work), "out": str(out), "keep": bool(args.dss)}
            settings = work / "alone.json", work / "beside.json"
            for at, names in zip(settings, (["gsign"], list(ids))):
                at.write_text(json.dumps(common | {"engines": names}))
            java = [Dss(args.dss, box.roots), VeraPdf(args.vera)] if args.dss else []
            after = by_java(*java, threading.Lock()) if java else lambda *_: None
            for folder in args.folder:
                names = files_of(folder, args)
                if not names:
                    sys.exit(f"corpus: no PDF in {folder}")
                start = time.monotonic()
                rows = run(folder, names, settings, args, after)
                tell(folder, rows, args, out)
                print(f"{time.monotonic() - start:.0f} s with {args.workers} workers")
                folders.append((folder.name + (", a part of it" if part else ""), rows))
                ok = robustness.holds(rows, "gsign", not part) and ok
            for judge in java:
                judge.__exit__()
    if args.docs:
        args.docs.write_text(robustness.page(folders, args.versions, command(args)))
    print("the goals hold" if ok else "THE GOALS DO NOT HOLD")
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
