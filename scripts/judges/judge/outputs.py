# SPDX-License-Identifier: Apache-2.0
"""Judges a signed file beside its input. A complaint is a text that begins with the judge's name.

A judge that cannot read the input cannot judge the output: it is left out, and the table says so.
"""
from . import inputs, integrity, pdf

VALID = "Signature is Valid."


class Judgement:
    def __init__(self, original, signed, facts, tools, cut):
        self.original, self.signed, self.facts, self.tools = original, signed, facts, tools
        self.bad, self.left_out = [], []
        self.data, self.before = signed.read_bytes(), original.read_bytes()
        self.cut_path = cut

    def judge(self):
        if self.data[:len(self.before)] != self.before:
            self.bad.append("prefix: bytes of the original changed")
        try:
            end = pdf.newest(self.data).end
            if end <= len(self.before):
                raise ValueError("no new signature")
        except Exception as e:
            self.bad.append(f"structure: {e}")
            return self
        # What follows the signed revision (a security store) counts as a change for pdfsig: that revision is judged alone.
        self.cut = self.signed
        if end < len(self.data):
            self.cut = self.cut_path
            self.cut.write_bytes(self.data[:end])
        self.ours = str(end)
        for f in (self.by_qpdf, self.by_pdfsig, self.by_pyhanko, self.by_pages, self.by_look):
            f()
        return self

    def by_qpdf(self):
        before, after = self.facts["qpdf"], inputs.qpdf_check(self.signed, self.tools)
        if before["slow"] or after["slow"]:
            self.left_out.append("qpdf (too slow)")
            return
        new = [m for m in after["messages"] if m not in before["messages"]]
        if after["rank"] > before["rank"] or after["rank"] and after["count"] > before["count"]:
            self.bad.append(f"qpdf: worse than the input ({before['rank']}, {before['count']} messages, now {after['rank']}, "
                            f"{after['count']}): " + " / ".join(new[:3])[:400])

    def by_pdfsig(self):
        before, after = self.facts["pdfsig"], self.tools.pdfsig(self.cut)
        whole = self.tools.pdfsig(self.signed) if self.cut != self.signed else after
        if self.facts["pages"]["poppler"] == 0:
            self.left_out.append("pdfsig (poppler does not open the input)")
            return
        if after is None or whole is None:
            self.bad.append("pdfsig: no answer")
            return
        verdict, total = after.get(self.ours, ["", False])
        if verdict != VALID:
            self.bad.append(f"pdfsig: {verdict or 'our signature is not found'}")
        elif not total:
            self.bad.append("pdfsig: not the total document is signed")
        elif whole.get(self.ours, [""])[0] != VALID:
            self.bad.append(f"pdfsig: with the security store: {whole.get(self.ours, ['not found'])[0]}")
        for end, (verdict, _) in (before or {}).items():
            now = whole.get(end, ["not found"])[0]
            if now not in (verdict, VALID):
                self.bad.append(f"pdfsig: earlier signature to {end}: was {verdict!r}, is {now!r}")

    def by_pyhanko(self):
        after = integrity.judged(self.data)
        ours = [after] if isinstance(after, str) else after.get(self.ours)
        if ours is not None and len(ours) == 1:
            why = integrity.flaw(self.original)
            if why:
                self.left_out.append(f"pyHanko ({why})"[:200])
            else:
                self.bad.append(f"pyHanko: {ours[0]}")
        elif ours is None:
            self.bad.append("pyHanko: our signature is not found")
        else:
            self.by_pyhanko_ours(*ours)
        if isinstance(after, str):
            return
        if b"/ByteRange" in self.before:
            self.by_pyhanko_earlier(after)

    def by_pyhanko_ours(self, intact, valid, coverage, allowed, level):
        if not (intact and valid):
            self.bad.append(f"pyHanko: intact {intact}, valid {valid}")
        if not allowed:
            self.bad.append(f"pyHanko: changes after the signature: {level}")
        if self.cut != self.signed:
            alone = integrity.judged(self.data[:int(self.ours)])
            coverage = alone[self.ours][2] if isinstance(alone, dict) and len(alone.get(self.ours, [])) == 5 else str(alone)
            if level not in ("NONE", "LTA_UPDATES"):
                self.bad.append(f"pyHanko: the security store counts as {level}")
        if coverage != "ENTIRE_FILE":
            self.bad.append(f"pyHanko: covers {coverage}")

    def by_pyhanko_earlier(self, after):
        before = integrity.judged(self.before)
        if isinstance(before, str):
            self.left_out.append(f"pyHanko for earlier signatures ({before})"[:200])
            return
        for end, was in before.items():
            now = after.get(end)
            if now is None:
                self.bad.append(f"pyHanko: earlier signature to {end} is not found")
            elif len(was) == 5 and (len(now) != 5 or was[:2] != now[:2] or was[3] and not now[3]):
                self.bad.append(f"pyHanko: earlier signature to {end}: was {was}, is {now}")

    def by_pages(self):
        after = inputs.pages(self.signed, self.tools)
        for reader, n in self.facts["pages"].items():
            if n and after[reader] != n:
                self.bad.append(f"pages: {reader} saw {n}, sees {after[reader]}")

    def by_look(self):
        digest, program = self.facts["look"], self.facts["look_by"]
        count = self.facts["pages"]["poppler"] or self.facts["pages"]["mupdf"]
        if not digest:
            self.left_out.append("look (nothing draws the input)")
            return
        after = inputs.look(self.signed, count, self.tools)
        if after == (digest, program):
            return
        again = {inputs.look(self.original, count, self.tools) for _ in range(3)} | {(digest, program)}
        if len(again) > 1:
            self.left_out.append("look (the input is drawn differently each time)")
        else:
            self.bad.append(f"look: the first or last page changed ({program})")
