# SPDX-License-Identifier: Apache-2.0
"""Judges a signed file beside its input. A complaint is a text that begins with the judge's name.

A judge that cannot read the input cannot judge the output: it is left out, and the table says so.
"""
from . import inputs, integrity, pdf

VALID = "Signature is Valid."


class Judgement:
    def __init__(self, original, signed, facts, tools, cut, key):
        self.original, self.signed, self.facts, self.tools = original, signed, facts, tools
        self.bad, self.left_out = [], []
        self.data, self.before = signed.read_bytes(), original.read_bytes()
        self.cut_path, self.key = cut, key

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
        if (after["rank"], after["rank"] and after["count"]) > (before["rank"], before["rank"] and before["count"]):
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
            if verdict == VALID and now != VALID:  # of others there is nothing to lose
                self.bad.append(f"pdfsig: earlier signature to {end}: was {verdict!r}, is {now!r}")

    def by_pyhanko(self):
        """Our revision alone, then what follows it: pyHanko also refuses changes it cannot follow.

        What it has against a file, it must have against the input too, or against its own signature of it.
        """
        after = integrity.judged(self.data)
        alone = integrity.judged(self.data[:int(self.ours)]) if self.cut != self.signed else after
        bad = self.pyhanko_alone(alone)
        if not bad and self.cut != self.signed:
            bad = self.pyhanko_whole(after)
        if bad:
            why = (integrity.flaw(self.original) or integrity.metadata(self.before)
                   or integrity.control(self.before, *self.key))
            if why:
                name = "pyHanko" if self.pyhanko_alone(alone) else "pyHanko on changes"
                self.left_out.append(f"{name} ({bad[0]}; of the input: {why})"[:300])
            else:
                self.bad += [f"pyHanko: {b}" for b in bad]
        if b"/ByteRange" in self.before and isinstance(after, dict):
            self.by_pyhanko_earlier(after)

    def pyhanko_alone(self, found):
        ours = [found] if isinstance(found, str) else found.get(self.ours, ["our signature is not found"])
        if len(ours) == 1:
            return ours
        bad = [] if ours[0] and ours[1] else [f"intact {ours[0]}, valid {ours[1]}"]
        return bad + ([] if ours[2] == "ENTIRE_FILE" else [f"covers {ours[2]}"])

    def pyhanko_whole(self, found):
        ours = [found] if isinstance(found, str) else found.get(self.ours, ["our signature is not found"])
        if len(ours) == 1:
            return ours
        _, _, coverage, allowed, level = ours
        if not allowed or level not in ("NONE", "LTA_UPDATES"):
            return [f"the security store counts as {level}"]
        return [] if coverage in ("ENTIRE_FILE", "ENTIRE_REVISION") else [f"covers {coverage}"]

    def by_pyhanko_earlier(self, after):
        before = integrity.judged(self.before)
        if isinstance(before, str):
            self.left_out.append(f"pyHanko for earlier signatures ({before})"[:200])
            return
        for end, was in before.items():
            now = after.get(end)
            if len(was) == 5 and False in was[:2]:
                continue  # there is nothing to lose
            if now is None:
                self.bad.append(f"pyHanko: earlier signature to {end} is not found")
            elif len(was) == 5 and (len(now) != 5 or was[:2] != now[:2]):
                self.bad.append(f"pyHanko: earlier signature to {end}: was {was}, is {now}")
            elif len(was) == 5 and was[3] and not now[3]:
                # Metadata that it cannot read count as a change, whatever the revision that follows.
                why = integrity.metadata(self.before)
                if why:
                    self.left_out.append(f"pyHanko on changes after earlier signatures ({now[4]}; of the input: {why})"[:300])
                else:
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
        after = inputs.look(self.signed, count, self.tools, program)
        if after == (digest, program):
            return
        again = {inputs.look(self.original, count, self.tools, program) for _ in range(3)} | {(digest, program)}
        if len(again) > 1:
            self.left_out.append("look (the input is drawn differently each time)")
        else:
            self.bad.append(f"look: the first or last page changed ({program})")
