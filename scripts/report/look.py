# SPDX-License-Identifier: Apache-2.0
"""Looks at the page of gsign verify --report html in headless Chromium: wide, narrow, light, dark, printed.

usage: look.py GSIGN FOLDER     FOLDER gets the pages, and pictures of them

A page stands in a frame of another page, whose script measures it: the page itself may run none.
"""
import base64
import html
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).parent
DEFECTS = ROOT / "testdata/defects"
EVIL = '"\'><img src=x onerror=top.ran=1><script>top.ran=1</script>'
SECONDS = 120
# What is looked at: arguments, exit code, and what the page must say and show.
PAGES = {
    "good": (["honest-b-lta.pdf"], 0, ["1 passed", "TOTAL-PASSED", "B-LTA", "trusted by", "the whole file"], {"rect.covered.passed": 4, ".chain li": 9, ".later.passed": 2}),
    "failed": (["attributes-changed.pdf"], 10, ["1 failed", "TOTAL-FAILED", "FAILURE"], {"rect.covered.failed": 2}),
    "several": (
        ["honest-b-lt.pdf", "signer-revoked.pdf", ROOT / "testdata/pdfs/libreoffice.pdf", ROOT / "testdata/pdfs/not-a-pdf.pdf"], 11,
        ["1 passed", "1 indeterminate", "1 not signed", "1 could not be read", "REVOKED_NO_POE", "the input is not a PDF"],
        {"article": 4, "nav tr": 5, "rect.covered.indeterminate": 2},
    ),
}


def run(*args, **more):
    return subprocess.run([str(a) for a in args], capture_output=True, timeout=SECONDS, **more)


def page(gsign, code, *args):
    p = run(gsign, "verify", "--report", "html", *args)
    if p.returncode != code:
        raise SystemExit(f"look: verify {args}: exit code {p.returncode}, want {code}: {p.stderr.decode()}")
    return p.stdout.decode()


def hostile(gsign, folder):
    """A file whose name and texts are markup; signed by gsign, since the signature has to be read to be shown."""
    signed = folder / "<b>&\"x'.pdf"
    p = run(gsign, "sign", "--sandbox", "--force", "--quiet", "--reason", EVIL, "--location", "\u202eevil " + "x" * 3000, "--name", EVIL,
            "--field", "<i onclick=top.ran=1>" + "w" * 200, "--subject", "CN=<svg onload=top.ran=1>", ROOT / "testdata/pdfs/libreoffice.pdf", signed)
    if p.returncode != 0:
        raise SystemExit(f"look: sign: {p.stderr.decode()}")
    return page(gsign, 11, signed)


def chromium(profile, *args):
    p = run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--virtual-time-budget=2000",
            "--enable-logging=stderr", f"--user-data-dir={profile}", *args)
    if p.returncode != 0:
        raise SystemExit(f"look: chromium {args}: {p.stderr.decode()[-2000:]}")
    return p.stdout.decode(), p.stderr.decode()


def measure(folder, text, widths, dark):
    """What the measuring page finds of a page at each width."""
    frames = "".join(f'<iframe width="{w}" height="900" srcdoc="{html.escape(text, quote=True)}"></iframe>' for w in widths)
    outer = folder / "measure.html"
    outer.write_text(f"<!doctype html><meta charset=utf-8><body>{frames}<script>{(HERE / 'measure.js').read_text()}</script>", encoding="utf-8")
    dom, log = chromium(folder / "profile", *([] if not dark else ["--blink-settings=preferredColorScheme=0"]), "--dump-dom", outer.as_uri())
    m = re.search(r'<pre id="measured">(.*?)</pre>', dom, re.S)
    if not m:
        raise SystemExit(f"look: nothing was measured: {log[-2000:]}")
    return json.loads(base64.b64decode(m[1])), [line for line in log.splitlines() if "CONSOLE" in line]


def judge(name, found, console, dark, says, shows):
    bad = [f"the browser complains: {line}" for line in console]
    for f in found:
        at = f"{f['width']} px, {'dark' if dark else 'light'}"
        checks = {
            f"it is {f['scroll']} px wide": f["scroll"] <= f["width"],
            "texts stand outside: " + ", ".join(f["outside"]): not f["outside"],
            f"it asked for {f['asked']}": not f["asked"],
            f"it has {f['active']}": not f["active"],
            "a text of the file ran": not f["ran"],
            f"dark is {f['dark']}": f["dark"] == dark,
            f"contrast of {f['contrast']}": f["contrast"] >= 4.5,  # WCAG 2.2, 1.4.3
            "a picture without a title": f["titled"],
        }
        checks |= {f"it does not say {s!r}": s in f["text"] for s in says}
        checks |= {f"{f['shapes'].get(s, 0)} of {s} are to be seen, want {n}": f["shapes"].get(s, 0) >= n for s, n in shows.items()}
        bad += [f"{at}: {text}" for text, good in checks.items() if not good]
    return [f"{name}: {b}" for b in bad]


def printed(folder, name, says):
    pdf = folder / f"{name}.pdf"
    chromium(folder / "profile", "--no-pdf-header-footer", f"--print-to-pdf={pdf}", (folder / f"{name}.html").as_uri())
    text = " ".join(run("pdftotext", "-layout", pdf, "-").stdout.decode().split())
    return [f"{name}: the print does not say {s!r}" for s in says if s not in text]


def main():
    gsign, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    trust = ["--trust", DEFECTS / "root.pem", "--at", "2026-05-04T13:00:00Z"]
    pages = {name: (page(gsign, code, *trust, *(DEFECTS / f for f in files)), says, shows) for name, (files, code, says, shows) in PAGES.items()}
    pages["hostile"] = (hostile(gsign, folder), ["<script>top.ran=1</script>", "<svg onload", "… (cut)", "INDETERMINATE"], {"rect.covered": 2})
    bad = []
    for name, (text, says, shows) in pages.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
        for dark in (False, True):
            found, console = measure(folder, text, (400, 1200), dark)
            bad += judge(name, found, console, dark, says, shows)
        bad += printed(folder, name, says[:2])
    chromium(folder / "profile", "--window-size=1200,2400", f"--screenshot={folder / 'several.png'}", (folder / "several.html").as_uri())
    print("\n".join(bad) or f"{len(pages)} pages, 400 and 1200 px wide, light, dark and printed: nothing to complain of")
    sys.exit(bool(bad))


main()
