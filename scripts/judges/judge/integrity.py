# SPDX-License-Identifier: Apache-2.0
"""pyHanko's verdict about the integrity of every signature in a file: no trust, no revocation."""
import io
import signal

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import AuthStatus
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.diff_analysis import ModificationLevel, SuspiciousModification
from pyhanko.sign.diff_analysis.rules.metadata_rules import MetadataUpdateRule
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from . import hanko

PATIENCE = 60


PEER = "corpus-peer"  # name of pyHanko's own signature field


class TooSlow(BaseException):
    """Not an Exception: pyHanko catches those."""


class patience:
    def __enter__(self):
        def late(*_):
            raise TooSlow
        signal.signal(signal.SIGALRM, late)
        signal.alarm(PATIENCE)

    def __exit__(self, *_):
        signal.alarm(0)


def reader_of(data, strict):
    r = PdfFileReader(io.BytesIO(data), strict=strict)
    if r.encrypted and r.decrypt("").status == AuthStatus.FAILED:
        raise hanko.Unreadable("pyHanko wants a password")
    return r


def verdicts(data, strict):
    """{end of the signed range: [intact, valid, coverage, changes after it are allowed, their level]}"""
    r = reader_of(data, strict)
    if strict and r.xrefs.hybrid_xrefs_present:
        raise ValueError("strict mode does not take hybrid files")
    found = {}
    for sig in r.embedded_signatures:
        b = [int(n) for n in sig.byte_range]
        key = str(b[-2] + b[-1])
        try:
            # pyHanko keeps no history of objects that are known by /XRefStm alone: its analysis of changes fails for hybrid
            # files, those that it signed itself included.
            sig.compute_integrity_info(skip_diff=r.xrefs.hybrid_xrefs_present)
            info = sig.summarise_integrity_info()
            allowed = r.xrefs.hybrid_xrefs_present or info["docmdp_ok"] is not False
            if str(sig.sig_object_type) == "/DocTimeStamp":
                found[key] = [None, None, info["coverage"].name, allowed, ""]
                continue
            intact, valid = validate_sig_integrity(sig.signer_info, sig.signer_cert, "data", sig.compute_digest())
            diff = info["diff_result"]
            level = getattr(diff, "modification_level", ModificationLevel.NONE) if not isinstance(diff, Exception) else diff
            found[key] = [intact, valid, info["coverage"].name, allowed,
                          level.name if isinstance(level, ModificationLevel) else str(level)[:200]]
        except Exception as e:
            found[key] = [f"{type(e).__name__}: {e}"[:200]]
    return found


def judged(data):
    """Verdicts, strictly read or else leniently; or a text with what hinders pyHanko.

    pyHanko refuses flaws of some producers, in strict mode more of them, and often only when it compares revisions.
    """
    best, why = None, ""
    for strict in (True, False):
        try:
            with patience():
                found = verdicts(data, strict)
        except TooSlow:
            why = "pyHanko is too slow"
            continue
        except Exception as e:
            why = f"{type(e).__name__}: {e}"[:200]
            continue
        if best is None or errors(found) < errors(best):
            best = found
        if not errors(best):
            break
    return why if best is None else best


def errors(found):
    return sum(len(v) == 1 for v in found.values())


def flaw(path):
    """Why pyHanko cannot read each object of a file, leniently; None for nothing."""
    try:
        with patience():
            return hanko.flaw(path, False)
    except TooSlow:
        return "pyHanko is too slow"


def sign(data, cert, key):
    """Signed by pyHanko itself, leniently."""
    w = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    if w.prev.encrypted:
        w.encrypt(b"")
    meta = signers.PdfSignatureMetadata(field_name=PEER, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES)
    return signers.sign_pdf(w, meta, signer=signers.SimpleSigner.load(key, cert)).getvalue()


def metadata(data):
    """What pyHanko has against the metadata of an input, which it reads anew for each revision; empty for nothing.

    Its own signature is no control for that: it writes the metadata anew.
    """
    try:
        with patience():
            MetadataUpdateRule.is_well_formed_xml(reader_of(data, False).root.get_value_as_reference("/Metadata"))
    except SuspiciousModification as e:
        return str(e)[:200]
    except TooSlow:
        return "pyHanko is too slow"
    except Exception:
        return ""  # there is none
    return ""


def control(data, cert, key):
    """What pyHanko has against its own signature of an input, followed by its own empty security store; empty for nothing."""
    try:
        with patience():
            w = IncrementalPdfFileWriter(io.BytesIO(sign(data, cert, key)), strict=False)
            if w.prev.encrypted:
                w.encrypt(b"")
            w.root["/DSS"] = w.add_object(generic.DictionaryObject({generic.pdf_name("/Type"): generic.pdf_name("/DSS")}))
            w.update_root()
            out = io.BytesIO()
            w.write(out)
    except TooSlow:
        return "pyHanko is too slow"
    except Exception as e:
        return f"it cannot sign it itself: {type(e).__name__}: {e}"[:200]
    found = judged(out.getvalue())
    if isinstance(found, str):
        return found
    ours = found[max(found, key=int)]
    if len(ours) == 1:
        return ours[0]
    return "" if ours[0] and ours[1] and ours[3] else f"intact {ours[0]}, valid {ours[1]}, {ours[4]}"
