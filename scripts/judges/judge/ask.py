# SPDX-License-Identifier: Apache-2.0
"""Asks the judges about many files: as many at a time as there are cores, each answer within a time limit, and kept."""
import hashlib
import inspect
import json
import multiprocessing
import os
import pathlib
import queue
import subprocess
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from . import ades, verdict
from .dss import Dss

KEPT = {"corpus-signed", "defects"}  # sets whose bytes are the same in the next run
# A worker that is forked while a thread starts a program holds that program's pipe open, and its end is never seen.
SPAWN = multiprocessing.get_context("spawn")
HERE = pathlib.Path(__file__).resolve().parent


def digest(*parts):
    h = hashlib.sha256()
    for p in parts:
        h.update((p.read_bytes() if isinstance(p, pathlib.Path) else str(p).encode()) + b"\0")
    return h.hexdigest()


class Jvms:
    """One JVM of EU DSS for each core; one that takes too long is ended, and another started."""

    def __init__(self, classpath, roots, count):
        self.start = lambda: Dss(classpath, roots)
        self.free = queue.Queue()
        for _ in range(count):
            self.free.put(self.start())

    def judge(self, task):
        jvm = self.free.get()
        slow = threading.Timer(2 * verdict.PATIENCE, jvm.process.kill)
        slow.start()
        try:
            return verdict.dss(jvm, task)
        except (RuntimeError, OSError):
            jvm.process.kill()
            jvm.process.wait()
            jvm = self.start()
            return f"longer than {2 * verdict.PATIENCE} s, or the JVM ended"
        finally:
            slow.cancel()
            self.free.put(jvm)

    def close(self):
        while not self.free.empty():
            self.free.get().__exit__()


class Judges:
    def __init__(self, gsign, classpath, cache, versions):
        self.gsign, self.classpath, self.cache = gsign, classpath, pathlib.Path(cache)
        source = inspect.getsource
        self.stamps = {"EU DSS": digest(versions, pathlib.Path(classpath.split(":")[0], "DssJudge.class"), source(verdict.dss)),
                       "pyHanko": digest(versions, source(ades), HERE / "hanko.py"),
                       "pdfsig": digest(versions, source(verdict.pdfsig)), "OpenSSL": digest(versions, source(verdict.openssl))}

    def all(self, tasks):
        """For each task, {judge: answer}."""
        cores = os.cpu_count()
        self.nss = self.cache / "nss"  # pdfsig computes nothing without a store of keys
        if not (self.nss / "cert9.db").exists():
            self.nss.mkdir(parents=True, exist_ok=True)
            subprocess.run(["certutil", "-N", "-d", f"sql:{self.nss}", "--empty-password"], check=True)
        self.jvms = Jvms(self.classpath, tasks[0].roots, cores)
        answers = [{} for _ in tasks]
        with ThreadPoolExecutor(2 * cores + 1) as pool, ProcessPoolExecutor(cores, SPAWN) as python:
            self.python = python
            todo = []
            for i, t in enumerate(tasks):
                for name in ("EU DSS", "pyHanko", "pdfsig", "OpenSSL", "gsign"):
                    todo.append(pool.submit(self.one, name, t, answers[i]))
            for t in todo:
                t.result()
        self.jvms.close()
        return answers

    def one(self, name, task, into):
        into[name] = self.kept(name, task) if name != "gsign" else self.ask(name, task)

    def kept(self, name, task):
        if task.set not in KEPT:
            return self.ask(name, task)
        at = self.cache / f"{name}-{digest(self.stamps[name], task.path, task.roots, task.time)}.json"
        try:
            return json.loads(at.read_text())
        except (OSError, ValueError):
            answer = self.ask(name, task)
            part = at.with_suffix(f".{os.getpid()}.part")
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(answer))
            part.replace(at)
            return answer

    def ask(self, name, task):
        try:
            if name == "gsign":
                return verdict.gsign(self.gsign, task)
            if name == "EU DSS":
                return self.jvms.judge(task)
            if name == "pyHanko":
                return self.python.submit(ades.judge, task.path, task.roots, task.time).result()
            return verdict.pdfsig(task, self.nss) if name == "pdfsig" else verdict.openssl(task)
        except Exception as e:
            text = f"{type(e).__name__}: {e}"[:200]
            return (-1, text) if name == "gsign" else text
