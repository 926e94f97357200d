# SPDX-License-Identifier: Apache-2.0
"""EU DSS: the strictest judge of levels. One JVM answers all questions."""
import dataclasses

from judge import java


@dataclasses.dataclass
class Verdict:
    end: int
    level: str
    indication: str
    reason: str
    intact: bool
    text: str

    def __str__(self):
        return " ".join(filter(None, [self.level, self.indication, self.reason, self.text.strip(" /")]))


class Dss(java.Java):
    def __init__(self, classpath, roots):
        super().__init__(classpath, "DssJudge", str(roots))

    def judge(self, path, online=False, minutes=0, policy=None, moment="", roots=None):
        """Verdicts of all signatures, newest first; a text when the judge could not read the file."""
        verdicts, error = [], None
        for f in self.ask("online" if online else "offline", moment or minutes, policy or "-", path, *([roots] if roots else [])):
            if f[1] == "ERROR":
                error = f[2]
            else:
                verdicts.append(Verdict(int(f[1]), f[2], f[3], "" if f[4] == "null" else f[4], f[5] == "true", f[6]))
        if error:
            return error
        return sorted(verdicts, key=lambda v: -v.end)
