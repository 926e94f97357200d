# SPDX-License-Identifier: Apache-2.0
"""Signing with gsign at a running sandbox."""
import json
import pathlib
import signal
import subprocess
import time


class Sandbox:
    """A running `gsign sandbox`; use with the statement with."""

    def __init__(self, gsign, folder, profile="trial"):
        self.gsign, self.dir, self.profile = gsign, pathlib.Path(folder), profile

    def __enter__(self):
        self.process = subprocess.Popen([self.gsign, "sandbox", "--dir", self.dir, "--profile", self.profile],
                                        stdout=subprocess.DEVNULL)
        config = self.dir / "config.toml"
        deadline = time.monotonic() + 120
        while not (config.exists() and (self.dir / "roots" / "tsa-root.pem").exists()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the sandbox did not start")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        if self.process.wait(timeout=120) not in (0, 130):
            raise RuntimeError(f"the sandbox ended with {self.process.returncode}")

    @property
    def roots(self):
        return self.dir / "roots"

    def sign(self, src, dst, *flags):
        """Returns exit code, standard error and the JSON result (None when there is none)."""
        p = subprocess.run([self.gsign, "sign", "--config", self.dir / "config.toml", "--json", *flags, src, dst],
                           capture_output=True, text=True, timeout=300)
        try:
            result = json.loads(p.stdout)
        except ValueError:
            result = None
        return p.returncode, p.stderr.strip(), result
