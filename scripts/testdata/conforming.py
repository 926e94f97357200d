# SPDX-License-Identifier: Apache-2.0
"""Makes PDFs that conform to PDF/A and PDF/UA, with and without forms: WeasyPrint's, changed by pikepdf.

usage: conforming.py OUTDIR
prints lines for the manifest
"""
import importlib.metadata
import io
import pathlib
import re
import sys

import pikepdf
import weasyprint
from pikepdf import Array, Dictionary, Name, String
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields as signature_fields
from pyhanko.sign import signers

from producers import throwaway

OUT = pathlib.Path(sys.argv[1])
LINK = '<a href="https://example.com/">linked</a>'
# The PDF/UA identification in the terms of PDF/A, which wants every property outside its own list declared.
UA = """<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource"><pdfaSchema:schema>PDF/UA</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category><pdfaProperty:description>Part</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
</rdf:RDF>"""


def base(variant, body=f"<p>A {LINK} word.</p>"):
    html = ('<html lang="en"><head><title>conforming</title><style>@page{size:200pt 140pt;margin:10pt}</style></head>'
            f"<body>{body}</body></html>")
    return pikepdf.open(io.BytesIO(weasyprint.HTML(string=html).write_pdf(pdf_variant=variant)))


def xmp(pdf, change):
    pdf.Root.Metadata.write(change(pdf.Root.Metadata.read_bytes().decode()).encode())
    return pdf


def field(pdf, kind, name, says, box, page=0, tagged=False):
    """Adds a field with a widget and an empty appearance; in a tagged document described, and within a Form element."""
    page = pdf.pages[page].obj
    appearance = pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, Resources=Dictionary(),
                                 BBox=Array([0, 0, box[2] - box[0], box[3] - box[1]]))
    widget = pdf.make_indirect(Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=kind, T=String(name), Rect=Array(box), P=page,
        F=132 if kind == Name.Sig else 4, AP=Dictionary(N=appearance)))
    if "/Annots" not in page:
        page.Annots = Array()
    page.Annots.append(widget)
    if "/AcroForm" not in pdf.Root:
        pdf.Root.AcroForm = pdf.make_indirect(Dictionary(Fields=Array(), DR=Dictionary(), DA=String("")))
    pdf.Root.AcroForm.Fields.append(widget)
    if "/StructTreeRoot" not in pdf.Root:
        return
    page.Tabs = Name.S
    if not tagged:
        return
    widget.TU = String(says)
    document, nums = pdf.Root.StructTreeRoot.K[0], pdf.Root.StructTreeRoot.ParentTree.Nums
    widget.StructParent = max(int(nums[i]) for i in range(0, len(nums), 2)) + 1
    element = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Form, P=document, Pg=page,
                                           K=Dictionary(Type=Name.OBJR, Obj=widget, Pg=page)))
    document.K.append(element)
    nums.extend([widget.StructParent, element])


def text(pdf, tagged=False):
    field(pdf, Name.Tx, "name", "Your name", [20, 20, 80, 32], tagged=tagged)


def approval(pdf, tagged=False, visible=True, page=0):
    box = [100, 20, 180, 40] if visible else [-9, -9, -9, -9]
    field(pdf, Name.Sig, "Approval", "Signature", box, page, tagged and visible)


def save(name, pdf, purpose, approve="-", objstm=False):
    mode = pikepdf.ObjectStreamMode.generate if objstm else pikepdf.ObjectStreamMode.disable
    pdf.save(OUT / name, deterministic_id=True, object_stream_mode=mode,
             stream_decode_level=pikepdf.StreamDecodeLevel.none)
    line(name, "weasyprint", purpose, approve)


def line(name, dist, purpose, approve="-"):
    print(name, f"{dist} {importlib.metadata.version(dist)}", purpose, "sign", approve, sep="\t")


def archive():
    save("weasyprint-pdfa-1b.pdf", base("pdf/a-1b"), "PDF/A-1b, untagged")
    p = base("pdf/a-1b")
    approval(p, visible=False)
    save("weasyprint-pdfa-1b-field.pdf", p, "PDF/A-1b, invisible empty signature field Approval", "sign")
    p = base("pdf/a-1a")
    text(p, tagged=True)
    approval(p, tagged=True)
    save("weasyprint-pdfa-1a-form.pdf", p, "PDF/A-1a, tagged form with a text field and an empty signature field Approval", "sign")
    p = base("pdf/a-2b")
    approval(p)
    save("weasyprint-pdfa-2b-field.pdf", p, "PDF/A-2b, untagged, empty signature field Approval", "sign", objstm=True)
    save("weasyprint-pdfa-2u.pdf", base("pdf/a-2u", "<p>No annotation.</p>"), "PDF/A-2u, no annotations", objstm=True)
    p = xmp(base("pdf/a-4e"), lambda s: re.sub(r"\s?pdfaid:conformance=\"E\"|<pdfaid:conformance>E</pdfaid:conformance>", "", s))
    save("weasyprint-pdfa-4.pdf", p, "PDF/A-4, PDF 2.0 without an information dictionary", objstm=True)
    approval(p)
    text(p)
    save("weasyprint-pdfa-4-form.pdf", p, "PDF/A-4, form with a text field and an empty signature field Approval", "sign")


def accessible():
    p = base("pdf/ua-1", "<p>No annotation.</p>")
    p.pages[0].CropBox = Array([-10, -10, 200, 140])
    p.pages[0].MediaBox = Array([-50, -50, 200, 140])
    p.pages[0].Tabs = Name.R
    save("weasyprint-ua-crop.pdf", p, "PDF/UA-1, crop box around the origin, tab order by rows, no annotations")
    save("weasyprint-ua-2.pdf", base("pdf/ua-2", "<p>No annotation.</p>"), "PDF/UA-2, PDF 2.0", objstm=True)


def both():
    def made(*body):
        return xmp(base("pdf/a-2a", *body), lambda s: s.replace("</rdf:RDF>", UA))

    p = made()
    p.pages[0].MediaBox = Array([-50, -50, 200, 140])
    for key in ("/TrimBox", "/BleedBox"):
        if key in p.pages[0]:
            del p.pages[0][key]
    save("weasyprint-pdfa-2a-ua.pdf", p, "PDF/A-2a and PDF/UA-1, page around the origin", objstm=True)
    p = made()
    text(p, tagged=True)
    approval(p, tagged=True)
    save("weasyprint-pdfa-2a-ua-form.pdf", p, "PDF/A-2a and PDF/UA-1, tagged form with a text field and an empty signature field Approval", "sign")
    p = made('<p>First.</p><p style="page-break-before:always">Second.</p>')
    approval(p, visible=False, page=1)
    buf = io.BytesIO()
    p.save(buf, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    meta = signers.PdfSignatureMetadata(field_name="Approval", subfilter=signature_fields.SigSeedSubFilter.PADES)
    signed = signers.sign_pdf(IncrementalPdfFileWriter(buf), meta, throwaway(), bytes_reserved=4096)
    (OUT / "pyhanko-pdfa-2a-ua.pdf").write_bytes(signed.getbuffer())
    line("pyhanko-pdfa-2a-ua.pdf", "pyHanko", "PDF/A-2a and PDF/UA-1, already signed on its second page")


for make in (archive, accessible, both):
    make()
