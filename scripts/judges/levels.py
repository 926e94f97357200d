# SPDX-License-Identifier: Apache-2.0
"""Signs every file of testdata/pdfs at each level and has it judged. Called by run; see there.

usage: levels.py GSIGN DSS-CLASSPATH VERAPDF-CLASSPATH [FILE...]
"""
import collections
import contextlib
import copy
import csv
import os
import pathlib
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from judge import hanko, outside, pdf, sandbox, secret
from judge.dss import Dss
from judge.verapdf import VeraPdf

PDFS = pathlib.Path(__file__).resolve().parents[2] / "testdata" / "pdfs"
LOT = 48
LATER = 20  # minutes: the signing certificate has been dead for ten
FORMAT = {"b-b": "PAdES-BASELINE-B", "b-t": "PAdES-BASELINE-T", "b-lt": "PAdES-BASELINE-LT"}
# Judges that read the PDF themselves. Each signed file keeps three of them, the last two always.
READERS = {"EU DSS", "pyHanko", "pdfsig", "qpdf"}
ALWAYS = {"pdfsig", "qpdf"}


class Case:
    """One input at one level with one profile."""

    def __init__(self, row, level, profile, flags=()):
        self.file, self.level, self.profile, self.flags = row["file"], level, profile, flags
        self.expected = row["expected_with_field_Approval"] if flags else row["expected"]
        self.path = PDFS / self.file
        self.bad = []
        self.notes = []
        self.left_out = {}  # judge → what it says of the original

    def check_left_out(self):
        kept = READERS - self.left_out.keys()
        if len(kept) < 3 or not ALWAYS <= kept:
            self.bad.append(f"too few judges can read the original: {', '.join(sorted(kept))}")

    def with_output(self, out):
        """The same case with another output, not judged yet."""
        other = copy.copy(self)
        other.out, other.bad, other.left_out = out, [], {}
        return other

    @property
    def name(self):
        return " ".join([self.file, self.level, self.profile, *self.flags])

    def sign(self, box, work):
        self.out = work / f"{self.path.stem}.{self.level}.{self.profile}{'.field' if self.flags else ''}.pdf"
        try:
            flags = [*self.flags]
            if word := secret.of(self.path):
                key = self.out.with_suffix(".password")
                key.touch(0o600)
                key.write_text(word)
                flags += ["--password-file", key]
            code, text, result = box.sign(self.path, self.out, "--level", self.level, *flags)
        except Exception as e:  # a hang is a finding, not the end of the run
            self.bad.append(f"gsign: {e}")
            return
        if self.expected == "sign":
            if code != 0 or not self.out.exists():
                self.bad.append(f"gsign: exit code {code}: {text}")
            elif not result or result["level"].lower() != self.level:
                self.bad.append(f"gsign: the result says {result and result['level']}")
            return
        reason = self.expected.removeprefix("refuse:")
        if code != 7:
            self.bad.append(f"gsign: exit code {code} instead of 7: {text}")
        if reason.lower() not in text.lower():
            self.bad.append(f"gsign: no word of {reason!r}: {text}")
        if self.out.exists():
            self.bad.append("gsign: refused, and left an output")
        self.notes.append(text.splitlines()[0] if text else "")

    @property
    def signed(self):
        return self.expected == "sign" and self.out.exists()


def by_dss(case, dss):
    """EU DSS offline, and online while the sandbox answers for OCSP and CRL."""
    def check(indication, reason="", **how):
        verdicts = dss.judge(case.out, **how)
        say = f"EU DSS {how or 'offline'}: "
        if isinstance(verdicts, str):
            before = dss.judge(case.path)
            if isinstance(before, str) and before.split(":")[0] == verdicts.split(":")[0]:
                case.left_out["EU DSS"] = before
                return None
        if isinstance(verdicts, str) or not verdicts:
            return case.bad.append(f"{say}{verdicts or 'no signature'}")
        v = verdicts[0]
        if (v.level, v.indication, v.reason) != (FORMAT[case.level], indication, reason):
            case.bad.append(f"{say}{v}")
        case.bad.extend(f"{say}signature {i} is not intact" for i, v in enumerate(verdicts) if not v.intact)

    if case.level == "b-lt":
        check("TOTAL_PASSED")
        check("TOTAL_PASSED", minutes=LATER)
    else:
        # No revocation data at all. EU DSS 6.4 keeps TRY_LATER for data that is there and not fresh.
        check("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE")
        check("TOTAL_PASSED", online=True)


def by_hanko(case, roots):
    try:
        bad = hanko.judge(case.out, case.path, roots, (0, LATER) if case.level == "b-lt" else (), case.left_out)
    except hanko.Unreadable as e:
        case.left_out["pyHanko"] = str(e)
        return
    except Exception as e:
        bad = [f"{type(e).__name__}: {e}"]
    case.bad.extend(f"pyHanko: {b}" for b in bad)


def by_programs(case, pdfsig, openssl):
    data, original = case.out.read_bytes(), case.path.read_bytes()
    try:
        case.bad += pdf.structure(data, original)
        case.bad += pdfsig.judge(case.out, data)
        case.bad += openssl.judge(data)
    except ValueError as e:
        case.bad.append(str(e))
    before, after = outside.qpdf(case.path), outside.qpdf(case.out)
    if after > before:
        case.bad.append("qpdf --check: worse than the input")
    if not outside.look_same(case.path, case.out):
        case.bad.append("pdftoppm: the pages look different")


def by_vera(case, vera):
    """What the file declares of PDF/A and PDF/UA, after the signature's revision and after the security store's."""
    if case.level in ("b-b", "b-lt"):
        case.bad.extend(f"veraPDF: {b}" for b in vera.judge(case.out, case.path))


def controls(case, dss, pdfsig, openssl, roots, work):
    """Judges that cannot fail prove nothing: each must object to a file that was changed after signing, and EU DSS and
    pyHanko to one without its security store. Returns a list of complaints."""
    data, bad = case.out.read_bytes(), []
    broken = work / "broken.pdf"
    i = data.index(b"/MediaBox")
    broken.write_bytes(data[:i] + b"/MediaBoy" + data[i + 9:])
    verdicts = dss.judge(broken)
    if not isinstance(verdicts, str) and any(v.intact for v in verdicts[:1]):
        bad.append("EU DSS calls a changed file intact")
    if not hanko.judge(broken, case.path, roots):
        bad.append("pyHanko accepts a changed file")
    if not pdfsig.judge(broken, broken.read_bytes()):
        bad.append("pdfsig accepts a changed file")
    if not openssl.judge(broken.read_bytes()):
        bad.append("openssl accepts a changed file")
    if not pdf.structure(broken.read_bytes(), case.path.read_bytes()):
        bad.append("a changed original is not noticed")
    broken.write_bytes(data[:pdf.newest(data).end])
    verdicts = dss.judge(broken)
    if isinstance(verdicts, str) or [v.level for v in verdicts[:1]] != ["PAdES-BASELINE-T"]:
        bad.append("EU DSS does not miss the security store")
    if not hanko.judge(broken, case.path, roots, (0,)):
        bad.append("pyHanko does not miss the security store")
    # What a judge cannot read must fail where it can read the original.
    broken.write_bytes(b"%XXX" + data[4:])
    for judge, by, how in (("EU DSS", by_dss, dss), ("pyHanko", by_hanko, roots)):
        other = case.with_output(broken)
        by(other, how)
        if not other.bad or other.left_out:
            bad.append(f"{judge} is left out for a file that it can read")
    return bad


def control_vera(case, vera, work):
    """veraPDF must object to a hidden widget."""
    data = case.out.read_bytes()
    broken = work / "broken.pdf"
    at = data.rindex(b"/F 132")
    broken.write_bytes(data[:at] + b"/F 134" + data[at + 6:])
    return [] if vera.judge(broken, case.path) else ["veraPDF accepts a hidden widget"]


def judge_profile(profile, cases, gsign, classpath, vera, work):
    seconds = collections.Counter()

    def timed(what, f):
        start = time.monotonic()
        f()
        seconds[what] += time.monotonic() - start

    with sandbox.Sandbox(gsign, work / f"sandbox-{profile}", profile) as box, Dss(classpath, box.roots) as dss:
        roots, tools = hanko.load_roots(box.roots), work / f"tools-{profile}"
        tools.mkdir()
        pdfsig, openssl = outside.PdfSig(tools), outside.OpenSSL(tools, box.roots)
        # In lots: what is judged online must be judged in the ten minutes that a signing certificate lives.
        for i in range(0, len(cases), LOT):
            lot = cases[i:i + LOT]
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                timed("sign", lambda: list(pool.map(lambda c: c.sign(box, work), lot)))
            signed = [c for c in lot if c.signed]
            for c in signed:
                if c.level == "b-lt" and not openssl.knows:
                    with contextlib.suppress(hanko.PdfReadError):  # then the next
                        openssl.learn(hanko.store_certificates(c.out))
            with ThreadPoolExecutor(2) as pool:  # Java and programs beside Python
                todo = [pool.submit(timed, "EU DSS", lambda: [by_dss(c, dss) for c in signed]),
                        pool.submit(timed, "programs", lambda: [by_programs(c, pdfsig, openssl) for c in signed])]
                if profile == "trial":
                    todo.append(pool.submit(timed, "veraPDF", lambda: [by_vera(c, vera) for c in signed]))
                timed("pyHanko", lambda: [by_hanko(c, roots) for c in signed])
                for t in todo:
                    t.result()
            for c in signed:
                c.check_left_out()
        case = next((c for c in cases if c.signed and c.level == "b-lt" and not c.left_out and not secret.of(c.path)
                     and b"/MediaBox" in c.path.read_bytes()), None)
        if case is not None:
            case.bad += [f"control: {b}" for b in controls(case, dss, pdfsig, openssl, roots, work)]
        case = next((c for c in cases if c.signed and c.level == "b-b" and "2b" in vera.original(c.path)), None)
        if case is not None:
            case.bad += [f"control: {b}" for b in control_vera(case, vera, work)]
    print(f"{profile}: " + ", ".join(f"{k} {v:.0f} s" for k, v in seconds.items()), flush=True)


def main():
    gsign, classpath, vera_classpath, *only = sys.argv[1:]
    with open(PDFS / "MANIFEST.tsv", newline="") as f:
        rows = [r for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
                if not only or r["file"] in only]
    listed, there = {r["file"] for r in rows}, {p.name for p in PDFS.glob("*.pdf")}
    if not only and listed != there:
        sys.exit(f"MANIFEST.tsv and the folder differ: {sorted(listed ^ there)}")
    trial = [Case(r, level, "trial") for r in rows for level in FORMAT]
    trial += [Case(r, "b-lt", "trial", ("--field", "Approval")) for r in rows if r["expected_with_field_Approval"] != "-"]
    production = [Case(r, "b-lt", "production") for r in rows if r["expected"] == "sign"]
    with tempfile.TemporaryDirectory() as work, VeraPdf(vera_classpath) as vera:
        work = pathlib.Path(work)
        judge_profile("trial", trial, gsign, classpath, vera, work)
        judge_profile("production", production, gsign, classpath, vera, work)
        declared = {r["file"]: vera.original(PDFS / r["file"]) for r in rows if r["expected"] == "sign"}

    cases = trial + production
    width = max(len(r["file"]) for r in rows)
    columns = ["b-b", "b-t", "b-lt", "prod", "field"]
    print(f"\n{'file':{width}}  " + "  ".join(f"{c:6}" for c in columns))
    for r in rows:
        cells = []
        for column, keys in zip(columns, [("b-b", "trial", 0), ("b-t", "trial", 0), ("b-lt", "trial", 0),
                                          ("b-lt", "production", 0), ("b-lt", "trial", 2)]):
            c = next((c for c in cases if (c.file, c.level, c.profile, len(c.flags)) == (r["file"], *keys)), None)
            cells.append("-" if c is None else "FAIL" if c.bad else "ok" if c.expected == "sign" else "refused")
        left = sorted({judge for c in cases if c.file == r["file"] for judge in c.left_out})
        print(f"{r['file']:{width}}  " + "  ".join(f"{c:6}" for c in cells)
              + (f"  left out: {', '.join(left)} (cannot read the original)" if left else ""))
    print()
    print("veraPDF judged: " + "; ".join(f"{f}: {', '.join(p)}" for f, p in declared.items() if p))
    for c in cases:
        if c.expected != "sign" and c.level == "b-lt" and not c.bad:
            print(f"{c.name}: {' '.join(c.notes)}")
    for c in cases:  # a file that does not conform before could hide what signing breaks
        c.bad += [f"veraPDF: the input does not conform to {p}" for p, v in declared.get(c.file, {}).items() if not v.passed]
    failed = [c for c in cases if c.bad]
    for c in failed:
        print(f"FAIL {c.name}", *c.bad, sep="\n     ")
    for text in sorted({f"left out: {c.file}: {judge}: {why}" for c in cases for judge, why in c.left_out.items()}):
        print(text)
    left = collections.Counter(judge for c in cases for judge in c.left_out)
    print(f"judges: {len(cases) - len(failed)} passed, {len(failed)} failed; left out: "
          + (", ".join(f"{judge} {n} times" for judge, n in sorted(left.items())) or "none"))
    sys.exit(1 if failed or not cases else 0)


if __name__ == "__main__":
    main()
