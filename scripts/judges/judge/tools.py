# SPDX-License-Identifier: Apache-2.0
"""The programs that judge, run within limits."""
import hashlib
import pathlib
import re
import subprocess

PATIENCE = 60  # seconds for one program


class Tools:
    def __init__(self, runner, nss):
        self.runner, self.nss = runner, nss
        self.slow = False  # a program took too long: what depends on it is not kept

    def run(self, *args):
        r = self.runner.run(*args, timeout=PATIENCE)
        self.slow = self.slow or r.killed == "time"
        return r

    def bytes(self, *args):
        """Standard output of a program that draws; empty when it draws nothing."""
        try:
            return subprocess.run([str(a) for a in args], capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL).stdout
        except subprocess.TimeoutExpired:
            self.slow = True
            return b""

    def pdfsig(self, path):
        """What pdfsig says of each signature: {end of the signed range: [verdict, total]}; None when it does not answer."""
        p = self.run("pdfsig", "-nocert", "-nssdir", f"sql:{self.nss}", path)
        if p.code not in (0, 2) or p.killed:
            return None
        found = {}
        for part in re.split(r"^Signature #\d+:$", p.out, flags=re.M)[1:]:
            end = re.search(r"Signed Ranges: .*- (\d+)\]", part)
            verdict = re.search(r"Signature Validation: (.*)", part)
            key = end.group(1) if end else "?"
            found[key] = [verdict.group(1) if verdict else "", "Total document signed" in part and "Not total" not in part]
        return found


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
