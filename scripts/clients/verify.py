# SPDX-License-Identifier: Apache-2.0
"""Verifies a PDF with pyHanko against the sandbox's roots: signature, timestamp, and revocation of every certificate.

usage: verify.py ROOTS_DIR PDF
"""
import asyncio
import pathlib
import sys

import aiohttp
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.fetchers.aiohttp_fetchers import AIOHttpFetcherBackend


async def main(roots, path):
    anchors = [load_cert_from_pemder(p) for p in sorted(roots.glob("*.pem"))]
    with open(path, "rb") as f:
        reader = PdfFileReader(f)
        signatures = reader.embedded_signatures
        if len(signatures) != 1:
            sys.exit(f"{path}: {len(signatures)} signatures")
        try:
            others = list(DocumentSecurityStore.read_dss(reader).load_certs())
        except NoDSSFoundError:
            others = []
        async with aiohttp.ClientSession() as session:
            # The running sandbox answers for what the client did not embed.
            context = ValidationContext(trust_roots=anchors, other_certs=others, allow_fetching=True,
                                        fetcher_backend=AIOHttpFetcherBackend(session), revocation_mode="require")
            status = await async_validate_pdf_signature(signatures[0], signer_validation_context=context)
    for what, good in {
        "signature": status.bottom_line,
        "timestamp": status.timestamp_validity is not None and status.timestamp_validity.valid and status.timestamp_validity.trusted,
        "whole document": status.coverage.name == "ENTIRE_FILE",
        "signer": status.signing_cert.subject.native["common_name"] == "TEST Public Client",
    }.items():
        if not good:
            sys.exit(f"{path}: {what} is not good\n{status.pretty_print_details()}")
    print(f"{pathlib.Path(path).name}: {status.summary()}")


if __name__ == "__main__":
    asyncio.run(main(pathlib.Path(sys.argv[1]), sys.argv[2]))
