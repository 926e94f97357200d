# SPDX-License-Identifier: Apache-2.0
"""Verifies the signatures of one PDF with pyHanko, started for it: integrity, later changes, AdES validation by the file alone.

usage: hanko_verify.py ROOTS FILE
"""
import asyncio
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "judges"))
from judge import hanko  # noqa: E402
from pyhanko.sign.ades.report import AdESPassed  # noqa: E402


def main():
    roots, path = map(pathlib.Path, sys.argv[1:])
    reader, signatures = hanko.open_signatures(path, strict=True)
    knowledge, trusted = hanko.store(reader), hanko.load_roots(roots)
    passed = bool(signatures)
    for sig in signatures:
        sig.compute_integrity_info()
        result = asyncio.run(hanko.validate(sig, sig.summarise_integrity_info(), knowledge, trusted))
        print(f"{sig.field_name}: {result.ades_subindic}")
        passed = passed and result.ades_subindic == AdESPassed.OK
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
