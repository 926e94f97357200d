# SPDX-License-Identifier: Apache-2.0
"""One worker of scripts/corpus: reads a task a line (JSON), signs and judges, answers a line.

usage: worker.py SETTINGS.json
"""
import json
import pathlib
import shutil
import sys
import tempfile

from judge import engines, inputs, measure, tools


class Worker:
    def __init__(self, settings, work):
        self.settings, self.work = settings, work
        self.runner = measure.Runner()  # before anything large is imported
        self.tools = tools.Tools(self.runner, settings["nss"])
        self.cache = pathlib.Path(settings["cache"])
        made = {"gsign": lambda: engines.Gsign(settings["gsign"], settings["config"]),
                "pdfsign": lambda: engines.Pdfsign(settings["pdfsign"], settings["cert"], settings["key"]),
                "pyhanko": lambda: engines.Pyhanko(settings["cert"], settings["key"])}
        self.engines = {name: made[name]() for name in settings["engines"]}
        self.runners = dict.fromkeys(self.engines, self.runner)
        from judge import outputs  # pyHanko with it
        self.outputs = outputs
        if "pyhanko" in self.engines:
            self.runners["pyhanko"] = measure.Runner({"pyhanko": engines.pyhanko})

    def cached(self, kind, key, make):
        """An answer that depends on the file and on versions only."""
        at = self.cache / kind / key[:2] / f"{key}.json"
        try:
            return json.loads(at.read_text())
        except (OSError, ValueError):
            pass
        self.tools.slow = False
        answer = make()
        if not self.tools.slow:
            at.parent.mkdir(parents=True, exist_ok=True)
            part = at.with_suffix(f".{self.settings['name']}.part")
            part.write_text(json.dumps(answer))
            part.replace(at)
        return answer

    def do(self, path):
        path = pathlib.Path(path)
        key = tools.digest(path)
        facts = self.cached(f"inputs-{self.settings['versions']}", key, lambda: inputs.facts(path, self.tools))
        results = {}
        for name in self.engines:
            make = lambda n=name: self.sign(n, path, facts)  # noqa: E731
            kept = self.settings["keep"] and name == "gsign"
            results[name] = make() if kept else self.cached(f"{name}-{self.settings['ids'][name]}", key, make)
        return {"facts": facts, "results": results}

    def sign(self, name, path, facts):
        out, cut = self.work / "signed.pdf", self.work / "cut.pdf"
        for f in (out, cut):
            f.unlink(missing_ok=True)
        r = self.engines[name].sign(self.runners[name], path, out)
        if r.wall > engines.HANG > r.cpu and r.killed != "memory":  # it waited: perhaps for a busy machine
            out.unlink(missing_ok=True)
            r = self.engines[name].sign(self.runners[name], path, out)
        result = {"code": r.code, "wall": round(r.wall, 2), "cpu": round(r.cpu, 2), "rss": round(r.rss, 1),
                  "crash": engines.crash(r), "detail": detail(r, path), "bad": [], "left_out": [], "signed": False}
        if r.code == 0 and out.exists():
            result["signed"] = True
            j = self.outputs.Judgement(path, out, facts, self.tools, cut, (self.settings["cert"], self.settings["key"]))
            try:
                j.judge()
            except Exception as e:
                j.bad.append(f"judge: {type(e).__name__}: {e}")
            result["bad"], result["left_out"] = j.bad, j.left_out
            if j.bad or self.settings["keep"]:
                kept = pathlib.Path(self.settings["out"]) / name / tools.digest(path)[:8]
                kept.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(out, kept / path.name)
                result["kept"] = str(kept / path.name)
        elif name == "gsign" and out.exists():
            result["bad"] = ["gsign: an output, and exit code " + str(r.code)]
        elif name == "gsign" and r.code != 7 and not result["crash"]:
            result["odd"] = f"exit code {r.code}"
        return result


def detail(r, path):
    """The first line of what it says; for a panic, the line that says so."""
    if r.code == 0 and not engines.PANIC.search(r.err):
        return ""
    lines = [s.strip() for s in r.err.replace(str(path), path.name).splitlines() if s.strip()]
    told = [s for s in lines if engines.PANIC.search(s)] or [s for s in lines if "error:" in s] or lines
    return (r.killed and f"ended by us for {r.killed}; " or "") + (told[0][:600] if told else f"exit code {r.code}")


def main():
    settings = json.loads(pathlib.Path(sys.argv[1]).read_text())
    settings["name"] = sys.argv[2]
    with tempfile.TemporaryDirectory(dir=settings["work"]) as work:
        w = Worker(settings, pathlib.Path(work))
        for line in sys.stdin:
            try:
                answer = w.do(json.loads(line))
            except Exception as e:
                answer = {"error": f"{type(e).__name__}: {e}"}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
