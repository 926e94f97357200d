# SPDX-License-Identifier: Apache-2.0
"""What programs that are not ours say of a PDF before it is signed."""
import hashlib
import json
import pathlib
import re
import shutil
import tempfile

HEADER = 1024   # where readers look for %PDF-
WIDE = 400      # pixels of a page's longer side when two files are compared by one program
SMALL = 160     # the same, when two programs are compared
GRID = 20       # cells in which the pictures of two programs are compared
# Two programs draw a page alike when the cells' grey differs by no more than this (of 255) in the mean. Measured on 140
# files that qpdf finds clean, where fonts, icons and decoders of images make all the difference: 19 of 20 are within, and
# most of the rest are images that one of the two cannot decode.
MEAN = 12.0


def facts(path, tools):
    """All that depends on the input alone."""
    data = pathlib.Path(path).read_bytes()
    f = {"size": len(data), "header": b"%PDF-" in data[:HEADER]}
    f["qpdf"] = qpdf_check(path, tools)
    mupdf = mupdf_facts(path, tools)
    f = mupdf | f | {"pages": pages(path, tools, mupdf)}
    if not f.get("handler") and re.search(rb"/Filter\s*/Adobe\.PubSec", data):
        f["handler"] = "/Adobe.PubSec"
    asked = tools.run("qpdf", "--requires-password", path)
    f["locked"] = bool(f.get("locked")) or asked.code == 0
    f["owner"] = owner_only(path, f, tools)
    f["rule"] = rule(f)
    f["class"] = {0: "clean", 1: "warns", 2: "broken"}[f["qpdf"]["rank"]]
    f["look"], f["look_by"] = look(path, f["pages"]["poppler"] or f["pages"]["mupdf"], tools)
    f["pdfsig"] = tools.pdfsig(path)
    f["one_way"], f["why"] = (True, "") if f["class"] == "clean" else one_way(path, f, tools)
    return f


def rule(f):
    """The closed list of what may be refused, found without gsign; empty for what must be signed."""
    if f.get("handler") not in (None, "/Standard"):
        return "public-key handler"
    if f["locked"]:
        return "password unknown"
    if f["owner"]:
        return "password unknown: the owner's"
    if f.get("usage"):
        return "usage rights"
    if f.get("xfa"):
        return "XFA"
    if f.get("certified") == "1":
        return "certified with P=1"
    if not f["header"] and not all(f["pages"].values()):
        return "not a PDF"
    return ""


def owner_only(path, f, tools):
    """Whether only the owner's password permits to add a signature field: annotations, and changing the document."""
    if not f.get("handler"):
        return False
    told = tools.run("qpdf", "--show-encryption", path).out
    return "modify annotations: not allowed" in told or "modify other: not allowed" in told


def qpdf_check(path, tools):
    """Rank (0 clean, 1 warnings, 2 errors) and the distinct messages."""
    p = tools.run("qpdf", "--check", path)
    messages = {m.replace(str(path), "").strip(" :") for m in p.err.splitlines()
                if not m.startswith("qpdf: operation succeeded")}
    return {"rank": 2 if p.killed else {0: 0, 3: 1}.get(p.code, 2), "messages": sorted(messages)[:200], "count": len(messages),
            "slow": bool(p.killed)}


def pages(path, tools, mupdf=None):
    """The number of pages by each reader, 0 when it finds none."""
    q = tools.run("qpdf", "--show-npages", path)
    p = tools.run("pdfinfo", path)
    m = mupdf or mupdf_facts(path, tools)
    found = re.search(r"^Pages:\s+(\d+)", p.out, re.M)
    return {"qpdf": int(q.out) if q.code in (0, 3) and q.out.strip().isdigit() else 0,
            "poppler": int(found.group(1)) if found and p.code == 0 else 0, "mupdf": max(0, m.get("pages", 0))}


def mupdf_facts(path, tools):
    p = tools.run("mutool", "run", pathlib.Path(__file__).with_name("facts.js"), path)
    for line in reversed(p.out.splitlines()):
        if line.startswith("{"):
            try:
                return json.loads(line)
            except ValueError:
                continue
    return {}


def look(path, count, tools, program=""):
    """A digest of the first and the last page, and which program drew them (the first of two that can, or the one asked)."""
    drawn = []
    if count and program != "mupdf":
        ends = [(1, count)] if count <= 2 else [(1, 1), (count, count)]
        drawn = [tools.bytes("pdftoppm", "-scale-to", WIDE, "-f", a, "-l", b, path) for a, b in ends]
        if all(drawn):
            return hashlib.sha256(b"".join(drawn)).hexdigest(), "poppler"
    if count and program != "poppler":
        wanted = ",".join(str(n) for n in sorted({1, count}))
        with tempfile.TemporaryDirectory() as d:
            tools.run("mutool", "draw", "-q", "-w", WIDE, "-h", WIDE, "-F", "ppm", "-o", f"{d}/%d.ppm", path, wanted)
            drawn = [f.read_bytes() for f in sorted(pathlib.Path(d).iterdir())]
        if drawn:
            return hashlib.sha256(b"".join(drawn)).hexdigest(), "mupdf"
    return "", ""


def one_way(path, f, tools):
    """Whether qpdf, MuPDF and poppler agree on the number of pages and on what they look like; or why not.

    qpdf draws nothing: what it understood is what it writes, drawn by poppler.
    """
    if f["locked"]:
        return False, "a password is needed"
    counts = f["pages"]
    if not all(counts.values()):
        return False, "no pages for " + ", ".join(k for k, v in counts.items() if not v)
    if len(set(counts.values())) > 1:
        return False, "pages: " + ", ".join(f"{k} {v}" for k, v in counts.items())
    n = counts["qpdf"]
    shown = sorted({1, (n + 1) // 2, n})
    with tempfile.TemporaryDirectory() as d:
        by_poppler, by_mupdf = draw_poppler(path, shown, d, tools), draw_mupdf(path, shown, d, tools)
        again = pathlib.Path(d) / "qpdf.pdf"
        tools.run("qpdf", "--", path, again)
        by_qpdf = draw_poppler(again, shown, d, tools) if again.exists() else {}
    for name, other in (("MuPDF", by_mupdf), ("qpdf", by_qpdf)):
        for page in shown:
            why = differ(by_poppler.get(page), other.get(page))
            if why:
                return False, f"page {page} by poppler and {name}: {why}"
    return True, ""


def draw_poppler(path, shown, folder, tools):
    drawn = {}
    for n in shown:
        # What a viewer shows is the crop box; MuPDF draws nothing else.
        image = tools.bytes("pdftoppm", "-cropbox", "-gray", "-scale-to", SMALL, "-f", n, "-l", n, path)
        if image:
            drawn[n] = grid(image)
    return drawn


def draw_mupdf(path, shown, folder, tools):
    into = pathlib.Path(folder) / "mupdf"
    into.mkdir()
    tools.run("mutool", "draw", "-q", "-w", SMALL, "-h", SMALL, "-c", "gray", "-F", "pgm", "-o", f"{into}/%d.pgm", path,
              ",".join(map(str, shown)))
    drawn = {int(f.stem): grid(f.read_bytes()) for f in into.iterdir() if f.stem.isdigit()}
    shutil.rmtree(into)
    return drawn


def grid(image):
    """Width, height and the mean grey of GRID × GRID cells of a PGM."""
    m = re.match(rb"P5\s(?:#[^\n]*\n)*\s*(\d+)\s+(\d+)\s+255\s", image)
    if not m:
        return None
    w, h = int(m.group(1)), int(m.group(2))
    body = image[m.end():m.end() + w * h]
    if len(body) < w * h or not body:
        return None
    cells = []
    for j in range(GRID):
        top, bottom = j * h // GRID, max(j * h // GRID + 1, (j + 1) * h // GRID)
        for i in range(GRID):
            left, right = i * w // GRID, max(i * w // GRID + 1, (i + 1) * w // GRID)
            total = sum(sum(body[y * w + left:y * w + right]) for y in range(top, min(bottom, h)))
            cells.append(total / ((right - left) * (min(bottom, h) - top) or 1))
    return w, h, cells


def differ(a, b):
    """Empty when two pages are alike, or what differs."""
    if a is None or b is None:
        return "" if a is b else "only one draws it"
    (aw, ah, ac), (bw, bh, bc) = a, b
    if abs(aw / ah - bw / bh) > 0.1 * max(aw / ah, bw / bh):
        return f"{aw} × {ah} and {bw} × {bh} pixels"
    off = [abs(x - y) for x, y in zip(ac, bc)]
    mean, cell = sum(off) / len(off), max(off)
    return f"grey differs by {mean:.0f} in the mean, {cell:.0f} in one place" if mean > MEAN else ""
