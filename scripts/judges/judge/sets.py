# SPDX-License-Identifier: Apache-2.0
"""The files that gsign verify and the other judges answer about, each with what to trust and the time to judge at."""
import collections
import dataclasses
import pathlib
import random
import re
import subprocess
import zlib
from concurrent.futures import ThreadPoolExecutor

from asn1crypto import pem, x509

from . import sandbox

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIXED = "2026-11-22T12:00:00Z"  # certificates of samples end; verdicts in tables should not change with the day
LEVELS = ("b-b", "b-t", "b-lt")
# Inputs of different make: a table, object streams, both, PDF 2.0, a form, encrypted, certified, PDF/A, signed by others.
OWN = ("libreoffice.pdf", "qpdf-objstm.pdf", "hybrid.pdf", "version-2-0.pdf", "pdfbox-form.pdf", "qpdf-encrypted-aes256.pdf",
       "pyhanko-certified-p2.pdf", "libreoffice-pdfa-2b.pdf")
CERTIFICATE = re.compile(rb"\x30\x82..\x30(?:\x81.|\x82..|[\x40-\x7f])(?:\xa0\x03\x02\x01[\x00-\x02])?\x02", re.S)
STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.S)
STRING = re.compile(rb"<((?:[0-9A-Fa-f]\s*){400,})>")


@dataclasses.dataclass
class Task:
    set: str
    path: pathlib.Path
    roots: pathlib.Path
    time: str
    headers: dict = dataclasses.field(default_factory=dict)

    @property
    def name(self):
        return f"{self.set}/{self.path.name}" if self.set != "corpus-signed" else f"{self.set}/{self.path.parent.name}/{self.path.name}"


def defects():
    found = []
    for p in sorted((ROOT / "testdata" / "defects").glob("*.pdf")):
        h = headers(p.with_suffix(".txt"))
        found.append(Task("defects", p, p.parent / h["Trust"], h["Time"], h))
    return found


def headers(path):
    return dict(map(str.strip, line.split(":", 1)) for line in path.read_text().splitlines() if ":" in line)


def attacks(folder, every, each=2):
    """A sample has some files of each class and of each verdict that is wanted in it; those with streams hold the same attacks."""
    subprocess.run(["go", "run", "./scripts/gen-attacks", folder], cwd=ROOT, check=True, timeout=300)
    rows = [line.split("\t") for line in (folder / "expected.tsv").read_text().splitlines()[1:]]
    kinds = collections.defaultdict(list)
    for name, kind, want in rows:
        if every or not name.endswith("-stream.pdf"):
            kinds[kind, want].append(name)
    want = {name: verdict for name, _, verdict in rows}
    chosen = [n for names in kinds.values() for n in (names if every else random.Random(4).sample(names, min(each, len(names))))]
    return [Task("attacks", folder / n, folder / "roots.pem", FIXED, {"Want": want[n]}) for n in sorted(chosen)]


def own(gsign, folder, every):
    """What gsign signs with its sandbox, at each level and with each profile; in a sample, with one profile all but some."""
    found = []
    for profile in ("trial", "production"):
        with sandbox.Sandbox(gsign, folder / profile, profile) as box:
            roots = folder / f"{profile}.pem"
            roots.write_bytes(b"".join(f.read_bytes() for f in sorted(box.roots.glob("*.pem"))))
            for src, level, kind, flags in variants(profile, every):
                out = folder / f"{'-'.join(filter(None, (src.stem, kind)))}.{level}.{profile}.pdf"
                if kind == "again":
                    src = folder / f"{src.stem}.{level}.{profile}.pdf"
                code, text, _ = box.sign(src, out, "--level", level, *flags)
                if code:
                    raise RuntimeError(f"gsign sign {src.name} {level}: {code}: {text}")
                found.append(Task("own", out, roots, ""))
    return found


def variants(profile, every):
    pdfs = [ROOT / "testdata" / "pdfs" / n for n in OWN]
    for src in pdfs:
        for level in LEVELS:
            if every or src == pdfs[0] or (level, profile) == ("b-lt", "trial"):
                yield src, level, "", ()
    for level in LEVELS:
        if every or level == "b-lt":
            yield pdfs[0], level, "again", ()  # a second signature after the first
            yield pdfs[4], level, "field", ("--field", "Approval")
            yield pdfs[0], level, "said", ("--reason", "why", "--location", "where", "--name", "who", "--contact", "how")


def corpus(folder, work, every, count=60, seed=4):
    """Trusted is each self-signed certificate that is in any of the files: so that all but trust decides."""
    files = sorted(folder.glob("*/*.pdf"))
    if not files:
        raise RuntimeError(f"no PDF in {folder}")
    roots = work / "corpus-signed.pem"
    found = {}
    with ThreadPoolExecutor() as pool:
        for certs in pool.map(self_signed, files):
            found.update(certs)
    roots.write_bytes(b"".join(pem.armor("CERTIFICATE", found[k]) for k in sorted(found)))
    chosen = files if every else sorted(random.Random(seed).sample(files, min(count, len(files))))
    return [Task("corpus-signed", p, roots, FIXED) for p in chosen]


def self_signed(path):
    """Certificates issued by their own subject, wherever their bytes are: no PDF library, so that no judge is favoured."""
    data, found = path.read_bytes(), {}
    blobs = [bytes.fromhex(re.sub(rb"\s", b"", m)[: len(re.sub(rb"\s", b"", m)) & ~1].decode()) for m in STRING.findall(data)]
    for m in STREAM.findall(data):
        if len(m) > 1 << 18:
            continue
        blobs.append(m)
        try:
            blobs.append(zlib.decompressobj().decompress(m, 1 << 20))
        except zlib.error:
            pass
    for blob in blobs:
        for m in CERTIFICATE.finditer(blob):
            end = m.start() + 4 + int.from_bytes(blob[m.start() + 2:m.start() + 4], "big")
            try:
                der = blob[m.start():end]
                cert = x509.Certificate.load(der, strict=True)
                if cert.issuer == cert.subject and cert.ca is not False and cert.public_key.algorithm:
                    found[cert.sha256] = der
            except Exception:  # not a certificate after all
                continue
    return found
