# SPDX-License-Identifier: Apache-2.0
"""Figures of scripts/corpus: by class, beside the goals; a table per file; the page docs/robustness.md."""
import collections

CLASSES = ("clean", "warns", "broken")
GOAL = {"clean": 99.5, "warns": 95.0}
NAMES = {"gsign": "gsign", "pdfsign": "digitorus/pdfsign", "pyhanko": "pyHanko"}


def verdict(r, facts):
    """One word for what an engine did with a file."""
    if r["crash"] and r["crash"] != "memory":
        return r["crash"]
    if r["bad"]:
        return "broken"
    if r["crash"]:
        return r["crash"]
    if r["signed"]:
        return "good"
    return "by rule" if facts["rule"] else "refused"


class Figures:
    """Counts of one engine in one class."""

    def __init__(self, rows, engine, cls):
        mine = [(r["facts"], r["results"][engine]) for r in rows if r["class"] == cls]
        self.files = len(mine)
        self.count = collections.Counter(verdict(res, f) for f, res in mine)
        self.asked = self.files - self.count["by rule"]
        self.good = self.count["good"] + sum(1 for f, r in mine if verdict(r, f) == "memory" and r["signed"])
        one_way = [(f, r) for f, r in mine if f["one_way"] and verdict(r, f) != "by rule"]
        self.one_way = len(one_way)
        self.one_way_good = sum(1 for f, r in one_way if r["signed"] and not r["bad"])
        self.broken = self.count["broken"]
        self.crashes = sum(self.count[c] for c in ("panic", "hang", "memory", "killed"))
        self.odd = sum(1 for _, r in mine if r.get("odd"))
        self.cls = cls

    @property
    def percent(self):
        return 100 * self.good / self.asked if self.asked else 100.0

    def holds(self):
        if self.broken or self.crashes or self.odd:
            return False
        if self.cls == "broken":
            return self.one_way_good == self.one_way
        return self.percent >= GOAL[self.cls]


def table(rows, engine, goals=False):
    """Markdown in the shape of the goals; with them in a column of their own."""
    by = [Figures(rows, engine, c) for c in CLASSES]
    good = [f"{f.good} of {f.asked}, {f.percent:.1f} %" for f in by[:2]]
    good.append(f"{by[2].one_way_good} of {by[2].one_way} that read one way; {by[2].good} of all {by[2].asked}")
    lines = [["", "qpdf clean", "qpdf warns", "qpdf broken"], ["---"] * 4,
             ["files", *(f.files for f in by)],
             ["refused by rule", *(f.count["by rule"] for f in by)],
             ["signed and judged good by all judges", *good],
             ["of those that read one way", *(f"{f.one_way_good} of {f.one_way}" for f in by)],
             ["refused otherwise", *(f.count["refused"] for f in by)],
             ["signed but broken by any judge", *(f.broken for f in by)],
             ["panics, hangs, kills, over 256 MiB", *(", ".join(f"{f.count[c]} {c}" for c in ("panic", "hang", "killed", "memory")
                                                              if f.count[c]) or 0 for f in by)]]
    if goals:
        wanted = {"": "goal", "---": "---", lines[4][0]: f"≥ {GOAL['clean']} %; ≥ {GOAL['warns']:.0f} %; all that read one way",
                  lines[7][0]: "0", lines[8][0]: "0"}
        for line in lines:
            line.append(wanted.get(line[0], ""))
    return "\n".join("| " + " | ".join(str(c) for c in row) + " |" for row in lines)


def tables(rows, goals=False):
    """Titles and tables: gsign's, and those of peers, beside gsign's on the same files where these are not all."""
    yield NAMES["gsign"], table(rows, "gsign", goals)
    peers = [e for e in NAMES if e != "gsign" and any(e in r["results"] for r in rows)]
    same = [r for r in rows if peers and peers[0] in r["results"]]
    files = "the same files"
    if peers and len(same) < len(rows):
        files = f"{len(same)} of these files, drawn at random"
        yield f"{NAMES['gsign']}, {files}", table(same, "gsign")
    for engine in peers:
        yield f"{NAMES[engine]}, {files}, by the same judges", table(same, engine)


COLUMNS = ["file", "class", "one way", "rule", "engine", "verdict", "code", "wall s", "cpu s", "MiB", "what it says", "complaints",
           "left out", "why not one way"]


def tsv(rows):
    yield "\t".join(COLUMNS)
    for r in rows:
        for engine, res in r["results"].items():
            f = r["facts"]
            yield "\t".join(str(c).replace("\t", " ").replace("\n", " ") for c in (
                r["name"], r["class"], "yes" if f["one_way"] else "no", f["rule"], engine, verdict(res, f), res["code"], res["wall"],
                res["cpu"], res["rss"], res.get("odd", "") + res["detail"], " || ".join(res["bad"]), " || ".join(res["left_out"]),
                f["why"]))


def holds(rows, engine, strict):
    """Whether the goals hold; for a part of a folder only those that are no percentages."""
    by = [Figures(rows, engine, c) for c in CLASSES]
    return all(f.holds() if strict else not (f.broken or f.crashes or f.odd) for f in by)


def reason(res):
    """What gsign says, without the name of the file and what only leads up to it."""
    text = res["detail"].removeprefix("gsign: error: ")
    for word in ("cannot be signed: ", "malformed PDF"):
        if word in text:
            text = text[text.index(word):]
            break
    for word in ("cannot be signed: ", "malformed PDF: ", "its objects cannot be recovered: "):
        text = text.removeprefix(word)
    return text


INTRO = """What gsign does with PDFs that it was not written for. Each file of a collection is signed to B-LT against the
sandbox, and every output is judged by programs that are not ours: {versions}. The page is made by
`{command}`; do not edit it. How everything is counted is told at the beginning of scripts/corpus.

**clean**, **warns**, **broken** is what `qpdf --check` says of a file before it is signed.

**Good** means: the output begins with the input, all judges find the new signature valid and the total document signed, earlier
signatures are as valid as before, no judge has more to complain of than before, and the pages are as many and look the same.

A damaged file **reads one way** when qpdf, MuPDF and poppler agree on its pages. Where its objects can be found in more than one way,
and readers come to another document, nobody knows what a signature would be for: such a file is refused, and so is one without a page
tree. Where the objects are beyond doubt and readers only draw a broken or missing part differently, the file is signed; each
shows what it showed before. What gsign refuses it refuses before anything is charged, with the reason and exit code 7; it then writes nothing."""

RULES = {
    "password unknown": "encrypted, and the empty password does not open it; `--password-file` would",
    "password unknown: the owner's": "its permissions forbid to add a field; the owner's password would allow it",
    "public-key handler": "encrypted for certificates instead of a password",
    "usage rights": "signing would take the rights away that Adobe Reader was given by its author",
    "XFA": "a form that viewers make anew from XML; `--drop-xfa` removes it where the form has a copy in AcroForm",
    "certified with P=1": "who signed it allowed no change at all, by DocMDP or by the field's /Lock",
    "not a PDF": "no header, and not every reader finds a page",
}


def page(folders, versions, command):
    """docs/robustness.md."""
    out = ["# Robustness", "", INTRO.format(versions=versions, command=command), ""]
    for folder, rows in folders:
        out += [f"## {folder}: {len(rows)} files", ""]
        for title, figures in tables(rows, goals=True):
            out += [f"**{title}**", "", figures, ""]
        out += refused(rows)
        out += others(rows)
    return "\n".join(out).rstrip() + "\n"


def code(text):
    return text.replace("|", "\\|").replace("<", "\\<")


def group(row):
    """Why a file is refused that no rule is against."""
    text = reason(row["results"]["gsign"])
    if "more than one way" in text or "readers disagree" in text:
        return "Readers understand them differently"
    if not any(row["facts"]["pages"].values()):
        return "No reader finds a page in them"
    if text.startswith("signature ") and "lock" in text:
        return "An earlier signature locks them, and would be broken"
    return "Damaged, and not all readers find the same"


def refused(rows):
    mine = [r for r in rows if verdict(r["results"]["gsign"], r["facts"]) in ("by rule", "refused")]
    if not mine:
        return []
    by_rule, rest = collections.defaultdict(list), collections.defaultdict(list)
    for r in mine:
        if r["facts"]["rule"]:
            by_rule[r["facts"]["rule"]].append(r["name"])
        else:
            rest[group(r)].append(r)
    out = ["### Refused by gsign", ""]
    if by_rule:
        out += [f"By rule ({sum(map(len, by_rule.values()))}), which no percentage counts:", ""]
        for rule, names in sorted(by_rule.items()):
            out += [f"- {rule} ({len(names)}), {RULES.get(rule, '')}: " + ", ".join(f"`{n}`" for n in names)]
        out.append("")
    for title, files in sorted(rest.items()):
        out += [f"{title} ({len(files)}):", "", "| file | qpdf | readers | what gsign says |", "| --- | --- | --- | --- |"]
        for r in files:
            told = "agree" if r["facts"]["one_way"] else r["facts"]["why"]
            out.append(f"| `{r['name']}` | {r['class']} | {code(told)} | {code(reason(r['results']['gsign']))} |")
        out.append("")
    return out


def others(rows):
    """Files that were signed, and where a judge complains, or could not judge."""
    bad = [r for r in rows if r["results"]["gsign"]["bad"] or r["results"]["gsign"]["crash"]]
    out = []
    if bad:
        out += ["### Not good enough", "", "| file | qpdf | what is wrong |", "| --- | --- | --- |"]
        for r in bad:
            res = r["results"]["gsign"]
            out.append(f"| `{r['name']}` | {r['class']} | {code('; '.join(res['bad'] + [res['crash']] * bool(res['crash'])))} |")
        out.append("")
    left = collections.defaultdict(list)
    for r in rows:
        for text in r["results"]["gsign"]["left_out"]:
            left[text.split(" (")[0]].append(r["name"])
    if left:
        out += ["### Judges left out", "", "A judge that cannot judge the file as it was before cannot judge it signed.", ""]
        for judge, names in sorted(left.items()):
            out += [f"{judge} ({len(names)}): " + ", ".join(f"`{n}`" for n in names) + ".", ""]
    return out
