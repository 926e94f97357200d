# SPDX-License-Identifier: Apache-2.0
"""Makes PDFs that no ordinary producer writes: one shape each, correct by the letter of ISO 32000.

usage: handmade.py OUTDIR
"""
import hashlib
import pathlib
import sys
import zlib

HELV = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def content(text):
    return (f"0.2 0.4 0.8 rg 20 20 60 12 re f 0 g BT /F1 12 Tf 20 110 Td ({text}) Tj ET").encode()


class Writer:
    """Objects by number; sections are appended to buf."""

    def __init__(self, version="1.7", eol=b"\n"):
        self.eol = eol
        self.buf = b"%PDF-" + version.encode() + eol + b"%\xe2\xe3\xcf\xd3" + eol
        self.offsets = {}
        self.size = 1
        self.prev = None

    def obj(self, num, body, stream=None):
        self.size = max(self.size, num + 1)
        self.offsets[num] = len(self.buf)
        e = self.eol
        self.buf += b"%d 0 obj" % num + e
        if stream is None:
            self.buf += body + e
        else:
            # The keyword stream must end in LF or CR LF, never in CR alone (ISO 32000-2, 7.3.8.1).
            after = b"\r\n" if e == b"\r" else e
            self.buf += body.replace(b"<<", b"<</Length %d" % len(stream), 1)
            self.buf += e + b"stream" + after + stream + e + b"endstream" + e
        self.buf += b"endobj" + e

    def table(self, trailer, free=()):
        """A classic table over the objects written since the last section."""
        e = self.eol
        entry_eol = b"\r\n" if e == b"\r\n" else b" " + e
        rows = dict(self.offsets)
        if self.prev is None:
            rows[0] = None
        for f in free:
            rows[f] = None
        start = len(self.buf)
        out = b"xref" + e
        nums = sorted(rows)
        while nums:
            run = [nums.pop(0)]
            while nums and nums[0] == run[-1] + 1:
                run.append(nums.pop(0))
            out += b"%d %d" % (run[0], len(run)) + e
            for n in run:
                if rows[n] is None:
                    gen = 65535 if n == 0 else 1
                    out += b"%010d %05d f" % (0, gen) + entry_eol
                else:
                    out += b"%010d 00000 n" % rows[n] + entry_eol
        prev = b"" if self.prev is None else b"/Prev %d" % self.prev
        out += b"trailer" + e + b"<</Size %d" % self.size + prev + trailer + b">>" + e
        self.buf += out
        self._end(start)

    def xref_stream(self, num, trailer, compressed=None, prev=True, end=True, only=None):
        """A cross-reference stream; compressed maps object number to (object stream, index)."""
        compressed = compressed or {}
        self.size = max([self.size, *(n + 1 for n in compressed)])
        self.size = max(self.size, num + 1)
        start = len(self.buf)
        rows = dict(self.offsets) if only is None else {n: self.offsets[n] for n in only}
        rows[num] = start
        if self.prev is None and only is None:
            rows[0] = None
        nums = sorted(set(rows) | set(compressed))
        index, data, i = [], b"", 0
        while i < len(nums):
            j = i
            while j + 1 < len(nums) and nums[j + 1] == nums[j] + 1:
                j += 1
            index += [nums[i], j - i + 1]
            i = j + 1
        for n in nums:
            if n in compressed:
                stm, idx = compressed[n]
                data += bytes([2]) + stm.to_bytes(4, "big") + idx.to_bytes(2, "big")
            elif rows[n] is None:
                data += bytes([0]) + bytes(4) + (65535).to_bytes(2, "big")
            else:
                data += bytes([1]) + rows[n].to_bytes(4, "big") + bytes(2)
        d = b"<</Type/XRef/Size %d/W[1 4 2]/Index[%s]" % (self.size, b" ".join(b"%d" % v for v in index))
        if prev and self.prev is not None:
            d += b"/Prev %d" % self.prev
        self.obj(num, d + b"/Filter/FlateDecode" + trailer + b">>", zlib.compress(data))
        if end:
            self._end(start)
        return start

    def _end(self, start):
        e = self.eol
        self.buf += b"startxref" + e + b"%d" % start + e + b"%%EOF" + e
        self.prev = start
        self.offsets = {}


def objstm(objs, extra=b""):
    """Dictionary and data of an object stream with the given (number, body) pairs."""
    head, body = b"", b""
    for num, b in objs:
        head += b"%d %d " % (num, len(body))
        body += b + b" "
    data = zlib.compress(head + body)
    return b"<</Type/ObjStm/N %d/First %d%s/Filter/FlateDecode>>" % (len(objs), len(head), extra), data


def ident(name):
    h = hashlib.md5(name.encode()).hexdigest().upper().encode()
    return b"/ID[<" + h + b"><" + h + b">]"


def page(extra=b"", parent=2, contents=4, font=5):
    return (b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 200 140]/Contents %d 0 R"
            b"/Resources<</Font<</F1 %d 0 R>>>>%s>>" % (parent, contents, font, extra))


def base(w, text, catalog=b"", page_extra=b""):
    """One page: 1 catalog, 2 pages, 3 page, 4 contents, 5 font."""
    w.obj(1, b"<</Type/Catalog/Pages 2 0 R" + catalog + b">>")
    w.obj(2, b"<</Type/Pages/Kids[3 0 R]/Count 1>>")
    w.obj(3, page(page_extra))
    w.obj(4, b"<<>>", content(text))
    w.obj(5, HELV)


def trailer(name, extra=b""):
    return b"/Root 1 0 R" + ident(name) + extra


FILES = {}


def file(purpose, expect="sign"):
    def add(fn):
        FILES[fn.__name__.replace("_", "-")] = (fn, purpose, expect)
        return fn
    return add


@file("classic cross-reference table, PDF 1.4")
def classic_table(name):
    w = Writer("1.4")
    base(w, name)
    w.table(trailer(name))
    return w.buf


@file("PDF 1.0 header, no stream filters, no /ID")
def version_1_0(name):
    w = Writer("1.0")
    base(w, name)
    w.table(b"/Root 1 0 R")
    return w.buf


@file("PDF 2.0 header")
def version_2_0(name):
    w = Writer("2.0")
    base(w, name)
    w.table(trailer(name))
    return w.buf


@file("header 1.4, catalog /Version 1.7 wins")
def version_in_catalog(name):
    w = Writer("1.4")
    base(w, name, b"/Version/1.7")
    w.table(trailer(name))
    return w.buf


@file("carriage return as the only line end")
def line_ends_cr(name):
    w = Writer("1.5", b"\r")
    base(w, name)
    w.table(trailer(name))
    return w.buf


@file("CR LF line ends")
def line_ends_crlf(name):
    w = Writer("1.5", b"\r\n")
    base(w, name)
    w.table(trailer(name))
    return w.buf


@file("no end of line after %%EOF")
def no_final_eol(name):
    w = Writer()
    base(w, name)
    w.table(trailer(name))
    return w.buf.rstrip(b"\n")


@file("500 bytes of padding and text after %%EOF")
def junk_after_eof(name):
    w = Writer()
    base(w, name)
    w.table(trailer(name))
    return w.buf + b"\0" * 480 + b"appended by a mailer"


@file("trailer without /ID: a signer creates one")
def no_id(name):
    w = Writer()
    base(w, name)
    w.table(b"/Root 1 0 R")
    return w.buf


@file("page with /Rotate 90")
def rotated_page(name):
    w = Writer()
    base(w, name, page_extra=b"/Rotate 90")
    w.table(trailer(name))
    return w.buf


@file("/MediaBox, /Resources and /Rotate inherited over two levels of the page tree")
def inherited_page_attributes(name):
    w = Writer()
    w.obj(1, b"<</Type/Catalog/Pages 2 0 R>>")
    w.obj(2, b"<</Type/Pages/Kids[6 0 R]/Count 2/MediaBox[0 0 200 140]/Rotate 180>>")
    w.obj(6, b"<</Type/Pages/Parent 2 0 R/Kids[3 0 R 7 0 R]/Count 2/Resources<</Font<</F1 5 0 R>>>>>>")
    w.obj(3, b"<</Type/Page/Parent 6 0 R/Contents 4 0 R>>")
    w.obj(7, b"<</Type/Page/Parent 6 0 R/Contents 4 0 R/Rotate 0>>")
    w.obj(4, b"<<>>", content(name))
    w.obj(5, HELV)
    w.table(trailer(name))
    return w.buf


@file("page /Annots is a reference to an array of its own")
def annots_indirect(name):
    w = Writer()
    base(w, name, page_extra=b"/Annots 6 0 R")
    w.obj(6, b"[7 0 R]")
    w.obj(7, b"<</Type/Annot/Subtype/Link/Rect[20 100 100 122]/Border[0 0 0]/A<</S/URI/URI(urn:example:test)>>>>")
    w.table(trailer(name))
    return w.buf


@file("two pages share one /Annots array: the widget belongs to one page only")
def annots_shared(name):
    w = Writer()
    w.obj(1, b"<</Type/Catalog/Pages 2 0 R>>")
    w.obj(2, b"<</Type/Pages/Kids[3 0 R 8 0 R]/Count 2>>")
    w.obj(3, page(b"/Annots 6 0 R"))
    w.obj(4, b"<<>>", content(name))
    w.obj(5, HELV)
    w.obj(6, b"[7 0 R]")
    w.obj(7, b"<</Type/Annot/Subtype/Link/Rect[20 100 100 122]/Border[0 0 0]/A<</S/URI/URI(urn:example:test)>>>>")
    w.obj(8, page(b"/Annots 6 0 R"))
    w.table(trailer(name))
    return w.buf


@file("everything but streams in an object stream, catalog included")
def object_stream_all(name):
    w = Writer("1.5")
    d, data = objstm([(1, b"<</Type/Catalog/Pages 2 0 R>>"), (2, b"<</Type/Pages/Kids[3 0 R]/Count 1>>"),
                      (3, page()), (5, HELV)])
    w.obj(4, b"<<>>", content(name))
    w.obj(6, d, data)
    w.xref_stream(7, trailer(name), {1: (6, 0), 2: (6, 1), 3: (6, 2), 5: (6, 3)})
    return w.buf


@file("object stream with /Extends")
def object_stream_extends(name):
    w = Writer("1.5")
    d1, s1 = objstm([(1, b"<</Type/Catalog/Pages 2 0 R>>"), (2, b"<</Type/Pages/Kids[3 0 R]/Count 1>>")])
    d2, s2 = objstm([(3, page()), (5, HELV)], b"/Extends 6 0 R")
    w.obj(4, b"<<>>", content(name))
    w.obj(6, d1, s1)
    w.obj(8, d2, s2)
    w.xref_stream(7, trailer(name), {1: (6, 0), 2: (6, 1), 3: (8, 0), 5: (8, 1)})
    return w.buf


FORM = b"<</Fields[8 0 R]/DA(/Helv 0 Tf 0 g)/DR<</Font<</Helv 5 0 R>>>>>>"
TEXTFIELD = (b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(value)/DA(/Helv 10 Tf 0 g)/F 4"
             b"/Rect[20 60 120 76]/P 3 0 R>>")


@file("form dictionary and fields inside an object stream")
def form_in_object_stream(name):
    w = Writer("1.5")
    objs = [(1, b"<</Type/Catalog/Pages 2 0 R/AcroForm 9 0 R>>"), (2, b"<</Type/Pages/Kids[3 0 R]/Count 1>>"),
            (3, page(b"/Annots[8 0 R]")), (5, HELV), (8, TEXTFIELD), (9, FORM)]
    d, data = objstm(objs)
    w.obj(4, b"<<>>", content(name))
    w.obj(6, d, data)
    w.xref_stream(7, trailer(name), {n: (6, i) for i, (n, _) in enumerate(objs)})
    return w.buf


@file("form as a direct value of the catalog, /Fields a reference")
def form_direct(name):
    w = Writer()
    base(w, name, b"/AcroForm<</Fields 9 0 R/DA(/Helv 0 Tf 0 g)/DR<</Font<</Helv 5 0 R>>>>>>", b"/Annots[8 0 R]")
    w.obj(8, TEXTFIELD)
    w.obj(9, b"[8 0 R]")
    w.table(trailer(name))
    return w.buf


@file("a text field is already called Signature1: a free name is found")
def form_name_taken(name):
    w = Writer()
    base(w, name, b"/AcroForm " + FORM, b"/Annots[8 0 R]")
    w.obj(8, TEXTFIELD.replace(b"(name)", b"(Signature1)"))
    w.table(trailer(name))
    return w.buf


@file("hybrid: table for old readers, /XRefStm for the form in an object stream")
def hybrid(name):
    w = Writer("1.5")
    base(w, name, b"/AcroForm 9 0 R", b"/Annots[8 0 R]")
    d, data = objstm([(8, TEXTFIELD), (9, FORM)])
    w.obj(6, d, data)
    pos = w.xref_stream(7, trailer(name), {8: (6, 0), 9: (6, 1)}, end=False, only=[6])
    del w.offsets[7], w.offsets[6]
    w.size = 10
    w.table(trailer(name, b"/XRefStm %d" % pos), free=[6, 7, 8, 9])
    return w.buf


@file("table section first, then an update with a cross-reference stream")
def mixed_table_then_stream(name):
    w = Writer("1.5")
    base(w, "first")
    w.table(trailer(name))
    d, data = objstm([(3, page(contents=6))])
    w.obj(6, b"<<>>", content(name))
    w.obj(8, d, data)
    w.xref_stream(7, trailer(name), {3: (8, 0)})
    return w.buf


@file("three table sections, an object freed in the last one")
def three_revisions(name):
    w = Writer("1.5")
    base(w, "first")
    w.table(trailer(name))
    w.obj(6, b"<<>>", content("second"))
    w.obj(3, page(contents=6))
    w.table(trailer(name))
    w.obj(7, b"<<>>", content(name))
    w.obj(3, page(contents=7))
    w.table(trailer(name), free=[6])
    return w.buf


XDP = (b"<?xml version=\"1.0\"?><xdp:xdp xmlns:xdp=\"http://ns.adobe.com/xdp/\"><template "
       b"xmlns=\"http://www.xfa.org/schema/xfa-template/3.3/\"><subform name=\"form1\"/></template></xdp:xdp>")


@file("dynamic XFA form, no AcroForm fields", "refuse:XFA")
def xfa_only(name):
    w = Writer()
    base(w, name, b"/NeedsRendering true/AcroForm<</Fields[]/XFA 8 0 R>>")
    w.obj(8, b"<<>>", XDP)
    w.table(trailer(name))
    return w.buf


@file("usage rights signature (UR3) in /Perms", "refuse:usage rights")
def usage_rights(name):
    w = Writer()
    base(w, name, b"/Perms<</UR3 8 0 R>>")
    w.obj(8, b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/adbe.pkcs7.detached/ByteRange[0 0 0 0]/Contents<00>"
             b"/Reference[<</Type/SigRef/TransformMethod/UR3/TransformParams<</Type/TransformParams/V/2.2"
             b"/Document[/FullSave]/Form[/FillIn/Add]/P false>>>>]>>")
    w.table(trailer(name))
    return w.buf


@file("/Prev points at itself", "sign")
def xref_loop(name):
    w = Writer()
    base(w, name)
    pos = len(w.buf)
    w.table(trailer(name, b"/Prev %010d" % pos))
    return w.buf


@file("startxref points into the middle of an object", "sign")
def xref_offset_wrong(name):
    w = Writer()
    base(w, name)
    w.table(trailer(name))
    head, sep, _ = w.buf.rpartition(b"startxref")
    return head + sep + b"\n123\n%%EOF\n"


@file("cut off in the middle: no cross-reference, no trailer", "sign")
def truncated(name):
    w = Writer()
    base(w, name)
    w.table(trailer(name))
    return w.buf[:420]


@file("every offset is wrong: text was put in after the header", "sign")
def offsets_shifted(name):
    w = Writer()
    base(w, name)
    w.table(trailer(name))
    head, sep, rest = w.buf.partition(b"\n")
    return head + sep + b"%% put in later\n" + rest


@file("a cross-reference stream whose startxref is wrong, objects in an object stream", "sign")
def xref_stream_lost(name):
    head, sep, _ = object_stream_all("object-stream-all").rpartition(b"startxref")
    return head + sep + b"\n17\n%%EOF\n"


@file("no cross-reference, and two trailers that name different catalogs", "refuse:more than one way")
def two_trailers(name):
    w = Writer()
    base(w, name)
    first = b"trailer\n<</Root 1 0 R/Size 8>>\n"
    w.buf += first
    w.obj(11, b"<</Type/Catalog/Pages 12 0 R>>")
    w.obj(12, b"<</Type/Pages/Kids[13 0 R]/Count 1>>")
    w.obj(13, b"<</Type/Page/Parent 12 0 R/MediaBox[0 0 99 99]>>")
    return w.buf + b"trailer\n<</Root 11 0 R/Size 14>>\nstartxref\n5\n%%EOF\n"


@file("no cross-reference, and the data of a stream has the page once more", "refuse:more than one way")
def page_in_stream(name):
    w = Writer()
    base(w, name)
    w.obj(9, b"<<>>", b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>\nendobj")
    w.table(trailer(name))
    head, sep, _ = w.buf.rpartition(b"startxref")
    return head + sep + b"\n5\n%%EOF\n"


@file("a text file with the name of a PDF", "refuse:PDF")
def not_a_pdf(name):
    return b"This is plain text. It has no header, no trailer and no pages.\n" * 4


@file("page tree that contains itself", "refuse:page tree")
def page_tree_loop(name):
    w = Writer()
    w.obj(1, b"<</Type/Catalog/Pages 2 0 R>>")
    w.obj(2, b"<</Type/Pages/Kids[6 0 R]/Count 1>>")
    w.obj(6, b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 1>>")
    w.table(trailer(name))
    return w.buf


def main(out):
    out = pathlib.Path(out)
    for name, (fn, purpose, expect) in FILES.items():
        (out / f"{name}.pdf").write_bytes(fn(name))
        print(f"{name}.pdf", "handmade.py", purpose, expect, "-", sep="\t")


if __name__ == "__main__":
    main(sys.argv[1])
