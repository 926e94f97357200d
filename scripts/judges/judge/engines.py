# SPDX-License-Identifier: Apache-2.0
"""The programs that sign: gsign, and its peers with a key of their own."""
import pathlib
import re
import subprocess

HANG = 10     # seconds
MEMORY = 256  # MiB
PATIENCE = 60
PANIC = re.compile(r"panic:|recovered panic|runtime error|goroutine \d+ \[|fatal error:|SIGSEGV|stack overflow")


class Gsign:
    """B-LT by the sandbox."""

    def __init__(self, program, config):
        self.program, self.config = program, config

    def sign(self, runner, src, dst):
        return runner.run(self.program, "sign", "--config", self.config, "--json", src, dst, timeout=PATIENCE)


class Pdfsign:
    """digitorus/pdfsign: an approval signature."""

    def __init__(self, program, cert, key):
        self.args = program, cert, key

    def sign(self, runner, src, dst):
        return runner.run(*self.args, src, dst, timeout=PATIENCE)


class Pyhanko:
    """pyHanko's incremental writer, leniently; in a child of a process that has it loaded."""

    def __init__(self, cert, key):
        self.cert, self.key = cert, key

    def sign(self, runner, src, dst):
        return runner.run("pyhanko", src, dst, self.cert, self.key, timeout=PATIENCE)


def pyhanko(src, dst, cert, key):
    from . import integrity
    signed = integrity.sign(pathlib.Path(src).read_bytes(), cert, key)
    pathlib.Path(dst).write_bytes(signed)
    return 0


def local_key(folder):
    """A certificate and a key for the peers."""
    cert, key = folder / "peer.pem", folder / "peer-key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "30",
                    "-subj", "/CN=gsign corpus peer", "-addext", "keyUsage=digitalSignature,nonRepudiation"],
                   check=True, capture_output=True)
    return cert, key


def crash(r):
    """What must never happen; empty for nothing. Time is that of the program: a machine that is busy is no hang."""
    if PANIC.search(r.err) or PANIC.search(r.out):
        return "panic"
    if r.killed == "memory":
        return "memory"
    if r.killed == "time" or r.cpu > HANG:
        return "hang"
    if r.code < 0:
        return "killed"
    return "memory" if r.rss > MEMORY else ""
