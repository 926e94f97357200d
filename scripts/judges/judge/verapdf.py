# SPDX-License-Identifier: Apache-2.0
"""veraPDF: whether a file that declares PDF/A or PDF/UA still conforms. One JVM answers all questions."""
import dataclasses

from judge import java


class Unreadable(Exception):
    """veraPDF cannot read the file."""


@dataclasses.dataclass
class Verdict:
    passed: bool
    failed: dict  # rule (clause-test) → message


class VeraPdf(java.Java):
    def __init__(self, classpath):
        super().__init__(classpath, "VeraJudge")
        self.originals = {}

    def verdicts(self, path, profiles=()):
        """Profile → Verdict, for the given profiles or those that the file declares itself (none: it declares nothing)."""
        found, error = {}, None
        for profile, verdict, *rest in self.ask(",".join(profiles) or "-", path):
            if verdict == "ERROR":
                error = " ".join(rest)
            else:
                found[profile] = Verdict(verdict == "PASS", dict(r.split("=", 1) for r in rest))
        if error is not None:
            raise Unreadable(error)
        return found

    def original(self, path):
        """Verdicts of a file before signing; an empty answer when there is nothing to keep."""
        if path not in self.originals:
            try:
                self.originals[path] = self.verdicts(path)
            except Unreadable:
                self.originals[path] = {}
        return self.originals[path]

    def judge(self, signed, original):
        """Complaints: rules that fail after signing and did not before, in each profile that the original declares."""
        before = self.original(original)
        if not before:
            return []
        try:
            after = self.verdicts(signed, before)
        except Unreadable as e:
            return [f"cannot be read: {e}"]
        bad = []
        for profile, was in before.items():
            now = after[profile]
            bad += [f"{profile} {rule}: {text}" for rule, text in now.failed.items() if rule not in was.failed]
            if was.passed and not now.passed and not now.failed:
                bad.append(f"{profile}: no longer conforms")
        return bad
