# SPDX-License-Identifier: Apache-2.0
"""Signs a PDF through the sandbox with a public client of the service, used as its documentation shows.

usage: sign.py SANDBOX_DIR IN OUT

Nothing of the client is changed or replaced; it is given the sandbox's address, credentials and CA. Without a licence
key it works and marks its output as made for evaluation.
"""
import io
import json
import pathlib
import sys
import tomllib

from pdftools_sdk.crypto import ValidationInformation
from pdftools_sdk.crypto.providers.global_sign_dss import Session
from pdftools_sdk.http_client_handler import HttpClientHandler
from pdftools_sdk.pdf import Document
from pdftools_sdk.sdk import Sdk
from pdftools_sdk.sign import Signer


def main(folder, source, target):
    Sdk.set_usage_tracking(False)
    config = tomllib.loads((folder / "config.toml").read_text())
    secret = pathlib.Path(config["api_secret_file"]).read_text().strip()
    handler = HttpClientHandler()
    with io.FileIO(config["ca_file"]) as ca:
        handler.add_trusted_certificate(ca)
    with io.FileIO(config["client_cert"]) as cert, io.FileIO(config["client_key"]) as key:
        handler.set_client_certificate_and_key(cert, key, None)
    # This client wants the address without the version.
    url = config["base_url"].removesuffix("/v2")
    with Session(url, config["api_key"], secret, handler) as session:
        identity = json.dumps({"subject_dn": {"common_name": "TEST Public Client"}})
        signature = session.create_signature_for_dynamic_identity(identity)
        signature.add_timestamp = True
        signature.validation_information = ValidationInformation.EMBED_IN_DOCUMENT
        with io.FileIO(source) as data, Document.open(data) as document, io.FileIO(target, "wb+") as out:
            Signer().sign(document, signature, out)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3])
