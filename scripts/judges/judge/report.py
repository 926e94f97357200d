# SPDX-License-Identifier: Apache-2.0
"""The tables of verdicts: for people on standard output, whole in a file, in short in docs/verification.md."""
import collections

COLUMNS = ("gsign", "EU DSS", "pyHanko", "pdfsig", "OpenSSL")
SHORT = {"TOTAL-PASSED": "PASSED", "TOTAL-FAILED": "FAILED", "INDETERMINATE": "INDET"}


def short(w):
    if w is None:
        return "-"
    name = SHORT.get(w["indication"], w["indication"])
    sub = w["sub"] if w["indication"] in SHORT else ""
    return " ".join(filter(None, [name, sub, w.get("level", "")]))


def rows(tasks, answers):
    for t, said in zip(tasks, answers):
        code, ours = said["gsign"]
        both = {**said, "gsign": ours}
        ends = sorted({e for v in both.values() if isinstance(v, dict) for e in v}, key=int)
        for end in ends or ["-"]:
            yield (t.name, end, str(code), *("unread" if isinstance(both[c], str) else short(both[c].get(end)) for c in COLUMNS))


def table(tasks, answers, out):
    lines = [("file", "signed bytes", "exit", *COLUMNS), *rows(tasks, answers)]
    text = "".join("\t".join(r) + "\n" for r in lines)
    if out:
        with open(out, "w") as f:
            f.write(text)
    print(text)


def percent(count, *key):
    yes, no = count[*key, True], count[*key, False]
    return f"{yes} of {yes + no} ({100 * yes / (yes + no):.1f} %)" if yes + no else "-"


def summed(counts):
    total = collections.Counter()
    for c in counts.values():
        total.update(c)
    return total


QUESTIONS = (("EU DSS", "indication"), ("EU DSS", "level"), ("EU DSS", "sub-indication"), ("pyHanko", "indication"),
             ("pyHanko", "changes"), ("pdfsig", "intact"), ("OpenSSL", "intact"))


def summary(counts, found):
    print("\n".join(agreement(counts)))
    kinds = collections.Counter((d.judge, d.question, d.entry.right if d.entry else "?") for d in found)
    for k, n in sorted(kinds.items()):
        print(f"differences: {', '.join(k)}: {n}")


def agreement(counts):
    names = [n for n in ("own", "defects", "attacks", "corpus-signed") if n in counts]
    yield "| judge, question | " + " | ".join(names) + " |"
    yield "|---|" + "---:|" * len(names)
    for judge, question in QUESTIONS:
        yield f"| {judge}, {question} | " + " | ".join(percent(counts[n], judge, question) for n in names) + " |"


def below(counts, found, goal):
    """The goal is for the signatures of others that both can read, but for what the default policy of EU DSS switches off."""
    bad, count = [], counts["corpus-signed"]
    for question in ("indication", "level"):
        left = but_policy(count, found, question)
        yes, no = left["EU DSS", question, True], left["EU DSS", question, False]
        print(f"corpus-signed, EU DSS, {question}: {percent(count, 'EU DSS', question)}; without what its policy switches off: "
              f"{percent(left, 'EU DSS', question)}")
        if not yes + no or 100 * yes / (yes + no) < goal:
            bad.append(f"agreement with EU DSS on {question}: {percent(left, 'EU DSS', question)}, below {goal} %")
    return bad


def but_policy(count, found, question):
    left = collections.Counter(count)
    left["EU DSS", question, False] -= sum(
        1 for d in found if (d.judge, d.question) == ("EU DSS", question) and d.file.startswith("corpus-signed/")
        and d.entry and d.entry.right == "policy")
    return left


def docs(path, tasks, counts, found, versions):
    sizes = collections.Counter(t.set for t in tasks)
    lines = [", ".join(f"{n} files of {s}" for s, n in sizes.items()) + f". {versions}.", "", *agreement(counts), ""]
    lines += ["| judge, question | files | theirs | ours | right | clause | why |", "|---|---|---|---|---|---|---|"]
    groups = collections.defaultdict(set)
    for d in found:
        e = d.entry
        groups[e.judge, e.question, e.theirs, e.ours, e.right, e.clause, e.why].add(d.file)
    for (judge, question, theirs, ours, right, clause, why), files in sorted(groups.items()):
        named = ", ".join(f"`{f}`" for f in sorted(files)) if len(files) <= 3 else f"{len(files)} files"
        cells = [f"{judge}, {question}", named, theirs, ours, right, clause, why]
        lines.append("| " + " | ".join(c.replace("|", " or ").rstrip("*: ") for c in cells) + " |")
    text = path.read_text()
    start, end = "<!-- verdicts -->\n", "<!-- /verdicts -->\n"
    a, b = text.index(start) + len(start), text.index(end)
    path.write_text(text[:a] + "\n" + "\n".join(lines) + "\n\n" + text[b:])


def headers(tasks, answers):
    """What the judges say of the files with one defect, in the headers beside them."""
    names = {"EU DSS": "EU-DSS", "pyHanko": "pyHanko", "pdfsig": "pdfsig", "OpenSSL": "OpenSSL"}
    for t, said in zip(tasks, answers):
        if t.set != "defects":
            continue
        at = t.path.with_suffix(".txt")
        lines = [s for s in at.read_text().splitlines() if s.split(":")[0] not in names.values()]
        for judge, name in names.items():
            v = said[judge]
            lines.append(f"{name}: " + ("cannot read it" if isinstance(v, str) else ", ".join(short(w) for w in v.values())))
        at.write_text("\n".join(lines) + "\n")
