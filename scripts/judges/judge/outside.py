# SPDX-License-Identifier: Apache-2.0
"""Judges that are programs: pdfsig (NSS), OpenSSL, qpdf, and pdftoppm for the look of the pages."""
import datetime
import functools
import hashlib
import pathlib
import re
import subprocess

from asn1crypto import pem

from . import pdf, secret


def run(*args, timeout=120):
    return subprocess.run([str(a) for a in args], capture_output=True, timeout=timeout)


class PdfSig:
    """poppler's pdfsig, a second implementation of CMS (NSS). It exits 0 even for a digest mismatch: the text counts.

    The certificate is left to the others: NSS wants extended key usage for e-mail or none, and the service's leaves have
    Adobe's alone, so it answers "unknown issue" whatever roots it is given.
    """

    def __init__(self, work):
        self.work = pathlib.Path(work)
        self.nss = self.work / "nss"
        self.nss.mkdir()
        run("certutil", "-N", "-d", f"sql:{self.nss}", "--empty-password").check_returncode()

    def judge(self, path, data):
        """The newest signature. pdfsig counts a security store as a change, so its revision alone is judged."""
        cut = self.work / "revision.pdf"
        cut.write_bytes(data[:pdf.newest(data).end])
        bad = self._one(cut, secret.of(path), whole=True)
        if cut.stat().st_size < len(data):
            bad += self._one(path, secret.of(path), whole=False)
        return bad

    def _one(self, path, password, whole):
        p = run("pdfsig", "-nocert", "-nssdir", f"sql:{self.nss}", *secret.poppler(password), path)
        parts = re.split(r"^Signature #\d+:$", p.stdout.decode("utf-8", "replace"), flags=re.M)[1:]
        if p.returncode or not parts:
            return [f"pdfsig: exit code {p.returncode}, {p.stderr.decode(errors='replace').strip()[:100]}"]

        def end(part):
            m = re.search(r"Signed Ranges: .*- (\d+)\]", part)
            return int(m.group(1)) if m else -1

        part, bad = max(parts, key=end), []
        if "Signature Validation: Signature is Valid." not in part:
            bad.append("pdfsig: " + " ".join(re.findall(r"Signature Validation: (.*)", part) or ["no verdict"]))
        if whole and ("Total document signed" not in part or "Not total document signed" in part):
            bad.append("pdfsig: not the total document is signed")
        return bad


class OpenSSL:
    """cms -verify -cades on the CMS, ts -verify on its timestamp, both taken out by judge.pdf."""

    def __init__(self, work, roots):
        self.work = pathlib.Path(work)
        self.roots = self.work / "roots.pem"
        self.roots.write_bytes(b"".join(f.read_bytes() for f in sorted(roots.glob("*.pem"))))
        self.others = self.work / "others.pem"
        self.others.write_bytes(b"")
        self.knows = False

    def learn(self, certs):
        """Intermediates for the timestamp's chain: a token of B-T carries the TSA's certificate alone."""
        self.others.write_bytes(b"".join(pem.armor("CERTIFICATE", c.dump()) for c in certs))
        self.knows = True

    def judge(self, data):
        e = pdf.newest(data)
        der, signed = self.work / "s.der", self.work / "s.bin"
        der.write_bytes(e.der)
        signed.write_bytes(e.signed)
        moment = e.stamped() or datetime.datetime.now(datetime.timezone.utc)
        p = run("openssl", "cms", "-verify", "-inform", "DER", "-in", der, "-content", signed, "-binary", "-CAfile", self.roots,
                "-purpose", "any", "-cades", "-attime", int(moment.timestamp()), "-out", "/dev/null")
        bad = [] if p.returncode == 0 else [f"openssl cms: {p.stderr.decode(errors='replace').strip()[-200:]}"]
        token = e.token()
        if token is not None:
            tst, value = self.work / "t.der", self.work / "t.bin"
            tst.write_bytes(token.dump())
            value.write_bytes(e.signer["signature"].native)
            p = run("openssl", "ts", "-verify", "-data", value, "-in", tst, "-token_in", "-CAfile", self.roots,
                    "-untrusted", self.others)
            if p.returncode or b"Verification: OK" not in p.stdout + p.stderr:
                bad.append(f"openssl ts: {p.stderr.decode(errors='replace').strip()[-200:]}")
        return bad


@functools.cache
def qpdf(path):
    """Rank of qpdf --check: 0 clean, 1 warnings, 2 errors."""
    try:
        return {0: 0, 3: 1}.get(run("qpdf", "--check", *secret.qpdf(secret.of(path)), path).returncode, 2)
    except subprocess.TimeoutExpired:
        return 2


def by_poppler(path):
    """A digest of the first three pages as pdftoppm draws them."""
    p = run("pdftoppm", "-r", "60", "-l", "3", *secret.poppler(secret.of(path)), path)
    return p.returncode, hashlib.sha256(p.stdout).hexdigest()


def by_mupdf(path):
    """The same of mutool, which finds pages in damaged files where pdftoppm finds none."""
    p = run("mutool", "draw", "-q", "-r", "60", "-F", "pnm", "-o", "-", path, "1-3")
    return p.returncode or not p.stdout, hashlib.sha256(p.stdout).hexdigest()


first_draw = functools.cache(lambda draw, path: draw(path))  # each original is compared with several signed files


def look_same(original, signed):
    """Whether both are drawn alike by a program that can draw the original; None when it does not even do that alike
    twice, or when none can."""
    for draw in (by_poppler, by_mupdf):
        code, _ = first = first_draw(draw, original)
        if code != 0:
            continue
        if first == draw(signed):
            return True
        return False if all(draw(original) == first for _ in range(3)) else None
    return None
