# SPDX-License-Identifier: Apache-2.0
"""What gsign verify, EU DSS, pyHanko, pdfsig and OpenSSL say of each signature of a file, in the same words.

pyHanko's are in ades.py. An answer is {end of the signed bytes: Word}, or a text when the judge cannot read the file. pdfsig and OpenSSL are asked
whether the signature holds, without certificates: their own rules about those are not those of EN 319 102-1.
"""
import json
import re
import subprocess
import tempfile
from pathlib import Path

PATIENCE = 60  # seconds for one judge and one file
INTACT, BROKEN = "intact", "broken"
RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


def word(indication="", sub="", level="", **more):
    return {"indication": indication, "sub": sub, "level": level, **more}


def gsign(program, task):
    """The exit code, and what it says of each signature that is not a document timestamp."""
    at = ["--at", task.time] if task.time else []
    p = subprocess.run([program, "verify", "--json", "--trust", task.roots, *at, task.path],
                       capture_output=True, text=True, timeout=PATIENCE)
    try:
        result = json.loads(p.stdout)
    except ValueError:
        result = {}
    if not result.get("signatures"):
        return p.returncode, "no signature" if p.returncode == 12 else p.stderr.strip()[:300]
    found = {}
    for s in result["signatures"]:
        if s["kind"] != "signature":
            continue
        why = "; ".join(f"{f['text']} ({f['clause']})" for f in s["findings"] if f.get("indication"))
        changes = s.get("changes") or {}
        found[str(s["covers"])] = word(
            s["indication"], s.get("sub_indication") or "", s["form"] or "none", held=s["level"] or "none",
            changes=changes.get("verdict", ""), text=why,
            altered="; ".join(c["text"] for c in changes.get("changes", []) if c["verdict"] != "allowed"))
    return p.returncode, found


def dss(judge, task):
    verdicts = judge.judge(task.path, moment=task.time, roots=task.roots)
    if isinstance(verdicts, str):
        return verdicts[:300]
    level = {"B": "B-B", "T": "B-T", "LT": "B-LT", "LTA": "B-LTA"}
    return {str(v.end): word(v.indication.replace("_", "-", 1) if v.indication.startswith("TOTAL") else v.indication, v.reason,
                             level.get(v.level.removeprefix("PAdES-BASELINE-"), "none"), text=v.text.strip(" /")) for v in verdicts}


def pdfsig(task, nss):
    from . import secret
    p = subprocess.run(["pdfsig", "-nocert", "-nssdir", f"sql:{nss}", *secret.poppler(secret.of(task.path)), task.path],
                       capture_output=True, timeout=PATIENCE)
    text, found = p.stdout.decode("utf-8", "replace"), {}
    for part in re.split(r"^Signature #\d+:.*$", text, flags=re.M)[1:]:
        end = re.search(r"Signed Ranges: .*- (\d+)\]", part)
        says = re.search(r"Signature Validation: (.*)", part)
        if not end or not says:  # it does not judge document timestamps
            continue
        valid = "Signature is Valid." in says[1]
        unread = "has not yet been verified" in says[1] or "unknown" in says[1].lower()
        if not unread:
            found[end[1]] = word(INTACT if valid else BROKEN, says[1].strip())
    return found or (p.stderr.decode("utf-8", "replace").strip()[:200] or "no signature")


def openssl(task):
    """cms -verify on what the ByteRange leaves out, as it stands in the file."""
    data, found = task.path.read_bytes(), {}
    for m in RANGE.finditer(data):
        a, b, c, d = map(int, m.groups())
        gap = data[a + b:c].strip()
        if gap[:1] != b"<" or gap[-1:] != b">" or c + d > len(data):
            continue
        digits = re.sub(rb"\s", b"", gap[1:-1])
        if re.search(rb"[^0-9A-Fa-f]", digits):
            continue
        with tempfile.TemporaryDirectory() as work:
            der, signed = Path(work) / "s.der", Path(work) / "s.bin"
            der.write_bytes(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode()))
            signed.write_bytes(data[a:a + b] + data[c:c + d])
            if b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04" in der.read_bytes()[:80]:
                continue  # a document timestamp
            p = subprocess.run(["openssl", "cms", "-verify", "-inform", "DER", "-in", der, "-content", signed, "-binary",
                                "-noverify", "-out", "/dev/null"], capture_output=True, text=True, timeout=PATIENCE)
        errors = re.findall(r"routines:[^:]*:([^:\n]*)", p.stderr)
        if p.returncode == 2 or (p.returncode and "no signature" in p.stderr):
            found[str(c + d)] = word("unread", "; ".join(errors))
        else:
            found[str(c + d)] = word(BROKEN if p.returncode else INTACT, "; ".join(errors))
    return {k: v for k, v in found.items() if v["indication"] != "unread"} or "cannot read a CMS"
