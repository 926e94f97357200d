# SPDX-License-Identifier: Apache-2.0
"""Runs programs and measures them, from a process of its own that is small: what a process inherits counts as its memory."""
import dataclasses
import json
import os
import resource
import signal
import tempfile
import time

MIB = 1 << 20
KEPT = 1 << 20  # of each stream
NOT_THERE = 127  # exit code of a program that cannot be started


@dataclasses.dataclass
class Run:
    code: int        # negative for a signal
    wall: float      # seconds
    cpu: float       # seconds
    rss: float       # MiB
    killed: str      # "time" or "memory" when we ended it
    out: str
    err: str


class Runner:
    """Start it before anything large is imported; with functions, after what they need is."""

    def __init__(self, functions=None):
        self.functions = functions or {}
        self.requests, child_in = os.pipe()[::-1]
        child_out, self.answers = os.pipe()[::-1]
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.requests)
            os.close(self.answers)
            self._serve(os.fdopen(child_in), os.fdopen(child_out, "w"))
            os._exit(0)
        os.close(child_in)
        os.close(child_out)
        self.requests, self.answers = os.fdopen(self.requests, "w"), os.fdopen(self.answers)

    def run(self, *args, timeout=60, memory=2048):
        """A program, or the name of a function, with its arguments; limits in seconds and MiB."""
        self.requests.write(json.dumps([[str(a) for a in args], timeout, memory]) + "\n")
        self.requests.flush()
        answer = self.answers.readline()
        if not answer:
            raise RuntimeError("the process that measures has ended")
        r = Run(*json.loads(answer))
        if r.code == NOT_THERE:
            raise RuntimeError(r.err)
        return r

    def _serve(self, requests, answers):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for line in requests:
            answers.write(json.dumps(self._run(*json.loads(line))) + "\n")
            answers.flush()

    def _run(self, args, timeout, memory):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            start = time.monotonic()
            pid = os.fork()
            if pid == 0:
                self._child(args, out, err)
            killed, pause = "", 0.001
            while True:
                done, status, usage = os.wait4(pid, os.WNOHANG)
                if done:
                    break
                if not killed:
                    killed = "time" if time.monotonic() - start > timeout else "memory" if resident(pid) > memory else ""
                    if killed:
                        os.killpg(pid, signal.SIGKILL)
                time.sleep(pause)
                pause = min(pause * 1.3, 0.05)
            wall = time.monotonic() - start
            texts = []
            for f in (out, err):
                f.seek(0)
                texts.append(f.read(KEPT).decode("utf-8", "replace"))
        return (os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, killed, *texts)

    def _child(self, args, out, err):
        code = 1
        try:
            os.setsid()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096 * MIB, 4096 * MIB))
            if args[0] in self.functions:
                code = self.functions[args[0]](*args[1:])
            else:
                code = NOT_THERE
                os.execvp(args[0], args)
        except BaseException as e:  # noqa: the child must not return
            os.write(2, f"{type(e).__name__}: {e}\n".encode())
            code = NOT_THERE if code == NOT_THERE else 1
        finally:
            os._exit(code)


def resident(pid):
    """MiB that the process holds now."""
    try:
        with open(f"/proc/{pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB
    except (OSError, IndexError, ValueError):
        return 0
