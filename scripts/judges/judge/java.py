# SPDX-License-Identifier: Apache-2.0
"""A judge in Java: one JVM answers all questions, each a line, with lines of fields up to an empty one."""
import subprocess


class Java:
    """Use with the statement with; not for several threads at once."""

    def __init__(self, classpath, main, *arguments):
        self.process = subprocess.Popen(
            ["java", "-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=off",
             "-cp", classpath, main, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=120)

    def ask(self, *question):
        """The fields of each line of the answer."""
        self.process.stdin.write("\t".join(str(q) for q in question) + "\n")
        self.process.stdin.flush()
        lines = []
        while line := self.process.stdout.readline():
            if line == "\n":
                return lines
            lines.append(line.rstrip("\n").split("\t"))
        raise RuntimeError("the Java judge ended; run it by hand to see why")
