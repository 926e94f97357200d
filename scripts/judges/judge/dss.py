# SPDX-License-Identifier: Apache-2.0
"""EU DSS: the strictest judge of levels. One JVM answers all questions."""
import dataclasses
import subprocess


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


class Dss:
    def __init__(self, classpath, roots):
        self.process = subprocess.Popen(
            ["java", "-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=off",
             "-cp", classpath, "DssJudge", str(roots)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=120)

    def judge(self, path, online=False, minutes=0, policy=None):
        """Verdicts of all signatures, newest first; a text when the judge could not read the file."""
        self.process.stdin.write(f"{'online' if online else 'offline'}\t{minutes}\t{policy or '-'}\t{path}\n")
        self.process.stdin.flush()
        verdicts, error = [], None
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError("the Java judge ended; run it by hand to see why")
            line = line.rstrip("\n")
            if not line:
                break
            f = line.split("\t")
            if f[1] == "ERROR":
                error = f[2]
            else:
                verdicts.append(Verdict(int(f[1]), f[2], f[3], "" if f[4] == "null" else f[4], f[5] == "true", f[6]))
        if error:
            return error
        return sorted(verdicts, key=lambda v: -v.end)
