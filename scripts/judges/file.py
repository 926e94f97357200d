# SPDX-License-Identifier: Apache-2.0
"""Judges one signed file: B-LT, offline, now and later, by EU DSS and pyHanko.

usage: file.py CLASSPATH ROOTS ORIGINAL SIGNED
"""
import pathlib
import sys

from judge import hanko, pdf
from judge.dss import Dss

LATER = 20


def main():
    classpath, roots, original, signed = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
    bad = pdf.structure(signed.read_bytes(), original.read_bytes())
    bad += [f"pyHanko: {b}" for b in hanko.judge(signed, original, hanko.load_roots(roots), (0, LATER))]
    with Dss(classpath, roots) as dss:
        for minutes in (0, LATER):
            verdicts = dss.judge(signed, minutes=minutes)
            if isinstance(verdicts, str) or not verdicts:
                bad.append(f"EU DSS: {verdicts or 'no signature'}")
            elif (verdicts[0].level, verdicts[0].indication) != ("PAdES-BASELINE-LT", "TOTAL_PASSED"):
                bad.append(f"EU DSS +{minutes} min: {verdicts[0]}")
    print(f"{signed.name}: {'; '.join(bad) if bad else 'B-LT, good for EU DSS and pyHanko'}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
