# SPDX-License-Identifier: Apache-2.0
"""Signs a random sample of a corpus to B-LT and has it judged. Called by scripts/corpus-sample.

usage: corpus.py GSIGN DSS-CLASSPATH VERAPDF-CLASSPATH CORPUS N SEED

A file is good when it is signed and every judge agrees, or refused with exit code 7 and a reason. A file that a judge
cannot read before it is signed cannot be judged by it afterwards: that judge is left out for it, and the table says so.
"""
import collections
import os
import pathlib
import random
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from judge import hanko, outside, pdf, sandbox
from judge.dss import Dss
from judge.verapdf import VeraPdf

REFUSED = 7


class Sample:
    def __init__(self, path, number):
        self.path, self.number = path, number
        self.verdict, self.detail, self.bad, self.left_out = "", "", [], []

    def sign(self, box, work):
        self.out = work / f"{self.number}.pdf"
        try:
            code, text, _ = box.sign(self.path, self.out)
        except Exception as e:
            self.bad.append(f"gsign: {e}")
            return
        first = text.splitlines()[0] if text else ""
        if code == 0 and self.out.exists():
            self.verdict = "signed"
        elif code == REFUSED and first and not self.out.exists():
            self.verdict, self.detail = "refused", first.split(f"{self.path}: ", 1)[-1]
        else:
            self.bad.append(f"gsign: exit code {code}, {'an' if self.out.exists() else 'no'} output: {text}")

    def judge(self, roots, pdfsig):
        data, original = self.out.read_bytes(), self.path.read_bytes()
        for name, f in (("structure", lambda: pdf.structure(data, original)), ("pdfsig", lambda: self.pdfsig(pdfsig, data)),
                        ("pyHanko", lambda: hanko.judge(self.out, self.path, roots, (0,))), ("qpdf", self.qpdf), ("look", self.look)):
            try:
                self.bad += [f"{name}: {b}" for b in f()]
            except hanko.Unreadable as e:
                self.left_out.append(f"{name} ({e})"[:150])
            except Exception as e:
                self.bad.append(f"{name}: {type(e).__name__}: {e}")

    def pdfsig(self, judge, data):
        bad = judge.judge(self.out, data)
        if bad and outside.run("pdfinfo", self.path).returncode != 0:
            raise hanko.Unreadable("poppler does not open the original")
        return bad

    def qpdf(self):
        before, after = outside.qpdf(self.path), outside.qpdf(self.out)
        return ["worse than the input"] if after > before else []

    def look(self):
        same = outside.look_same(self.path, self.out)
        if same is None:
            raise hanko.Unreadable("poppler draws the original differently each time")
        return [] if same else ["the pages look different"]

    def by_dss(self, dss):
        verdicts = dss.judge(self.out)
        if isinstance(verdicts, str):
            before = dss.judge(self.path)
            if isinstance(before, str):
                self.left_out.append(f"EU DSS ({before})"[:150])
            else:
                self.bad.append(f"EU DSS: {verdicts}")
        elif not verdicts or (verdicts[0].level, verdicts[0].indication) != ("PAdES-BASELINE-LT", "TOTAL_PASSED"):
            self.bad.append(f"EU DSS: {verdicts[0] if verdicts else 'no signature'}")

    def by_vera(self, vera):
        self.bad += [f"veraPDF: {b}" for b in vera.judge(self.out, self.path)]


def main():
    gsign, classpath, vera_classpath, corpus, n, seed = sys.argv[1:]
    corpus = pathlib.Path(corpus)
    files = sorted(p for p in corpus.rglob("*") if p.suffix.lower() == ".pdf" and p.is_file())
    chosen = random.Random(seed).sample(files, min(int(n), len(files)))
    samples = [Sample(p, i) for i, p in enumerate(chosen)]
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        with (sandbox.Sandbox(gsign, work / "sandbox") as box, Dss(classpath, box.roots) as dss,
              VeraPdf(vera_classpath) as vera):
            roots, pdfsig = hanko.load_roots(box.roots), outside.PdfSig(work)
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(lambda s: s.sign(box, work), samples))
            signed = [s for s in samples if s.verdict == "signed"]
            with ThreadPoolExecutor(1) as pool:
                java = pool.submit(lambda: [(s.by_dss(dss), s.by_vera(vera)) for s in signed])
                for s in signed:
                    s.judge(roots, pdfsig)
                java.result()

    for s in sorted(samples, key=lambda s: str(s.path)):
        verdict = "FAIL" if s.bad else s.verdict
        notes = s.bad + ([f"not judged by {', '.join(s.left_out)}"] if s.left_out else [])
        print(f"{verdict:8}{s.path.relative_to(corpus)}" + (f"\n        {s.detail}" if s.detail else "")
              + "".join(f"\n        {t}" for t in notes))
    count = collections.Counter("failed" if s.bad else s.verdict for s in samples)
    print(f"corpus, seed {seed}: {count['signed']} signed and judged good, {count['refused']} refused, {count['failed']} failed")
    sys.exit(1 if count["failed"] or not samples else 0)


if __name__ == "__main__":
    main()
