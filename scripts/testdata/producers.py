# SPDX-License-Identifier: Apache-2.0
"""Makes PDFs with the Python producers: ReportLab, fpdf2, WeasyPrint, pypdf, pikepdf, pyHanko.

usage: producers.py OUTDIR    (OUTDIR holds handmade.py's files already)
prints lines for the manifest
"""
import datetime
import importlib.metadata
import io
import pathlib
import sys

import pikepdf
import pypdf
import weasyprint
from asn1crypto import keys as asn1_keys, x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fpdf import FPDF
from pyhanko.pdf_utils import crypt, generic
from pyhanko.pdf_utils.crypt.pubkey import RecipientEncryptionPolicy
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign import fields, signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec
from pyhanko_certvalidator.registry import SimpleCertificateStore
from reportlab.pdfgen import canvas

OUT = pathlib.Path(sys.argv[1])
WHEN = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)


def line(name, dist, purpose, expect="sign", approval="-"):
    print(name, f"{dist} {importlib.metadata.version(dist)}", purpose, expect, approval, sep="\t")


def reportlab():
    c = canvas.Canvas(str(OUT / "reportlab.pdf"), pagesize=(200, 140), invariant=1)
    c.drawString(20, 110, "reportlab")
    c.showPage()
    c.drawString(20, 110, "page two")
    c.save()
    line("reportlab.pdf", "reportlab", "classic table, ASCII85 streams, two pages")

    c = canvas.Canvas(str(OUT / "reportlab-form.pdf"), pagesize=(200, 140), invariant=1)
    c.drawString(20, 110, "reportlab-form")
    c.acroForm.textfield(name="name", value="value", x=20, y=60, width=100, height=16)
    c.acroForm.checkbox(name="agree", x=20, y=30, size=16, checked=True)
    c.save()
    line("reportlab-form.pdf", "reportlab", "form with a text field and a check box")


def fpdf2():
    p = FPDF(format=(70, 50))
    p.set_creation_date(WHEN)
    p.add_page()
    p.set_font("helvetica", size=12)
    p.cell(text="fpdf2")
    p.output(str(OUT / "fpdf2.pdf"))
    line("fpdf2.pdf", "fpdf2", "classic table, PDF 1.3")


HTML = ('<html lang="en"><head><title>weasyprint</title><style>@page{size:200pt 140pt;margin:10pt}</style></head>'
        "<body><h1>weasyprint</h1></body></html>")


def weasy():
    d = weasyprint.HTML(string=HTML)
    d.write_pdf(OUT / "weasyprint.pdf")
    line("weasyprint.pdf", "weasyprint", "PDF 1.7 from HTML")
    d.write_pdf(OUT / "weasyprint-ua.pdf", pdf_variant="pdf/ua-1")
    line("weasyprint-ua.pdf", "weasyprint", "tagged, PDF/UA-1")
    d.write_pdf(OUT / "weasyprint-pdfa-3b.pdf", pdf_variant="pdf/a-3b")
    line("weasyprint-pdfa-3b.pdf", "weasyprint", "PDF/A-3b")


def rewriters():
    w = pypdf.PdfWriter(clone_from=OUT / "classic-table.pdf")
    w.write(OUT / "pypdf.pdf")
    line("pypdf.pdf", "pypdf", "rewritten, classic table")
    with pikepdf.open(OUT / "form-direct.pdf") as p:
        p.save(OUT / "pikepdf.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    line("pikepdf.pdf", "pikepdf", "rewritten with object streams, form")


def throwaway():
    """A self-signed signer, made anew each time: it signs test files and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST throwaway signer")])
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(WHEN)
            .not_valid_after(WHEN + datetime.timedelta(days=36500))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(True, True, False, False, False, True, False, False, False), critical=True)
            .sign(key, hashes.SHA256()))
    c = asn1_x509.Certificate.load(cert.public_bytes(serialization.Encoding.DER))
    k = asn1_keys.PrivateKeyInfo.load(key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    store = SimpleCertificateStore()
    store.register(c)
    return signers.SimpleSigner(signing_cert=c, signing_key=k, cert_registry=store)


def pyhanko():
    signer = throwaway()
    table, stream = (OUT / "classic-table.pdf").read_bytes(), (OUT / "object-stream-all.pdf").read_bytes()

    def sign(name, purpose, src=table, expect="sign", **meta):
        w = IncrementalPdfFileWriter(io.BytesIO(src))
        data = signers.sign_pdf(w, signers.PdfSignatureMetadata(field_name="First", **meta), signer, bytes_reserved=4096)
        (OUT / name).write_bytes(data.getbuffer())
        line(name, "pyHanko", purpose, expect)

    cades = {"subfilter": fields.SigSeedSubFilter.PADES}
    sign("pyhanko-approved.pdf", "already signed (approval, PAdES): a second signature, both stay valid", **cades)
    sign("pyhanko-approved-stream.pdf", "already signed (adbe.pkcs7.detached), cross-reference streams", src=stream)
    sign("pyhanko-certified-p1.pdf", "certified, DocMDP P=1: no changes allowed", expect="refuse:DocMDP",
         certify=True, docmdp_permissions=MDPPerm.NO_CHANGES, **cades)
    sign("pyhanko-certified-p2.pdf", "certified, DocMDP P=2: signing allowed",
         certify=True, docmdp_permissions=MDPPerm.FILL_FORMS, **cades)
    sign("pyhanko-certified-p3.pdf", "certified, DocMDP P=3: signing allowed", src=stream,
         certify=True, docmdp_permissions=MDPPerm.ANNOTATE, **cades)

    def field(name, purpose, spec, approval="sign", src=table):
        w = IncrementalPdfFileWriter(io.BytesIO(src))
        fields.append_signature_field(w, spec)
        buf = io.BytesIO()
        w.write(buf)
        (OUT / name).write_bytes(buf.getbuffer())
        line(name, "pyHanko", purpose, approval=approval)

    box = (20, 20, 120, 50)
    field("field-empty.pdf", "empty signature field Approval, visible box",
          SigFieldSpec("Approval", box=box))
    field("field-empty-stream.pdf", "empty signature field Approval in a file with object streams",
          SigFieldSpec("Approval", box=box), src=stream)
    field("field-sv.pdf", "empty signature field Approval with /SV (seed value)",
          SigFieldSpec("Approval", box=box, seed_value_dict=fields.SigSeedValueSpec(
              flags=fields.SigSeedValFlags.REASONS, reasons=["one"])), approval="refuse:/SV")
    field("field-lock.pdf", "empty signature field Approval with /Lock, action All",
          SigFieldSpec("Approval", box=box, field_mdp_spec=fields.FieldMDPSpec(fields.FieldMDPAction.ALL)),
          approval="sign")


def encrypted():
    """Crypt filters that qpdf does not write: only strings, only streams, only attached files; and a handler for keys."""
    src = (OUT / "classic-table.pdf").read_bytes()

    def write(name, purpose, handler, expect="sign"):
        w = copy_into_new_writer(PdfFileReader(io.BytesIO(src)))
        w._assign_security_handler(handler)  # no public way takes a handler with filters of its own
        buf = io.BytesIO()
        w.write(buf)
        (OUT / name).write_bytes(buf.getbuffer())
        line(name, "pyHanko", purpose, expect)

    def standard(user, **use):
        filters = crypt.CryptFilterConfiguration(crypt_filters={generic.NameObject("/StdCF"): crypt.StandardAESCryptFilter(keylen=32)}, **use)
        return crypt.StandardSecurityHandler.build_from_pw("owner", user, pdf_mac=False, crypt_filter_config=filters)

    clear, aes = generic.NameObject("/Identity"), generic.NameObject("/StdCF")
    write("pyhanko-encrypted-strings.pdf", "encrypted AES-256: strings only, streams by /Identity",
          standard("", default_string_filter=aes, default_stream_filter=clear))
    write("pyhanko-encrypted-streams.pdf", "encrypted AES-256: streams only, strings by /Identity",
          standard("", default_string_filter=clear, default_stream_filter=aes))
    write("pyhanko-encrypted-files.pdf", "encrypted AES-256: attached files only (/EFF), for which alone a password is needed",
          standard("user", default_string_filter=clear, default_stream_filter=clear, default_file_filter=aes))
    write("pyhanko-encrypted-mac.pdf", "encrypted AES-256 with a MAC over the file (ISO/TS 32004)",
          crypt.StandardSecurityHandler.build_from_pw("owner", ""), "refuse:ISO/TS 32004")
    write("pyhanko-encrypted-pubkey.pdf", "encrypted for a certificate (Adobe.PubSec)",
          crypt.PubKeySecurityHandler.build_from_certs([throwaway().signing_cert], pdf_mac=False,
                                                       policy=RecipientEncryptionPolicy(ignore_key_usage=True)),
          "refuse:Adobe.PubSec")


if __name__ == "__main__":
    for make in (reportlab, fpdf2, weasy, rewriters, pyhanko, encrypted):
        make()
