# SPDX-License-Identifier: Apache-2.0
"""pyHanko as a peer of gsign in scripts/bench: signs the same file again and again with a local key and prints the cost.

usage: hanko.py N CERT.pem KEY.pem IN OUT

The first signature is not counted: it loads what the others use.
"""
import json
import os
import sys
import time

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers


def one(signer, src, dst):
    with open(src, "rb") as f, open(dst, "wb") as out:
        meta = signers.PdfSignatureMetadata(field_name="Signature1", md_algorithm="sha256",
                                            subfilter=fields.SigSeedSubFilter.PADES)
        signers.sign_pdf(IncrementalPdfFileWriter(f), meta, signer=signer, output=out)


def main():
    n, cert, key, src, dst = int(sys.argv[1]), *sys.argv[2:]
    signer = signers.SimpleSigner.load(key, cert)
    one(signer, src, dst)
    start, before = time.monotonic(), os.times()
    for _ in range(n):
        one(signer, src, dst)
    after = os.times()
    print(json.dumps({"Documents": n, "User": after.user - before.user, "Sys": after.system - before.system,
                      "Wall": time.monotonic() - start}))


if __name__ == "__main__":
    main()
