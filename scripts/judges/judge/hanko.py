# SPDX-License-Identifier: Apache-2.0
"""pyHanko by its API. Its command line prints VALID for results that are INDETERMINATE, so only ades_subindic counts.

pyHanko accepts some things that it should not, hence the own
checks: the timestamp within the certificate's validity, OCSP answers not older than the certificate they speak of.
"""
import asyncio
import datetime
import io
import logging
import pathlib
import sys

from asn1crypto import pem, x509
from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import AuthStatus
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation.ades import ades_with_time_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.policy_decl import (LocalKnowledge, RevinfoOnlineFetchingRule, RevocationInfoGatheringSpec,
                                                 SignatureValidationSpec)
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from . import secret

logging.disable(logging.CRITICAL)
sys.setrecursionlimit(8000)  # deep page trees are no fault of the signature


def load_roots(folder):
    roots = []
    for f in sorted(folder.glob("*.pem")):
        roots += [x509.Certificate.load(der) for _, _, der in pem.unarmor(f.read_bytes(), multiple=True)]
    if not roots:
        raise ValueError(f"no roots in {folder}")
    return roots


class Unreadable(Exception):
    """pyHanko cannot read the original either, so it cannot judge the signed file."""


def clear(handler):
    """Whether strings and streams are not encrypted, so that no password is needed."""
    config = handler.crypt_filter_config
    return config.stream_filter_name == config.string_filter_name == "/Identity"


def opened(path, strict):
    reader = PdfFileReader(io.BytesIO(pathlib.Path(path).read_bytes()), strict=strict)
    if strict and reader.xrefs.hybrid_xrefs_present:
        raise PdfReadError("strict mode does not take hybrid files")
    if reader.encrypted and not clear(reader.security_handler):
        if reader.decrypt(secret.of(path)).status is AuthStatus.FAILED:
            raise PdfReadError("the password is wrong")
    return reader


def open_signatures(path, strict):
    """Signatures in the order of their revisions."""
    reader = opened(path, strict)
    return reader, sorted(reader.embedded_regular_signatures, key=lambda s: s.signed_revision)


def flaw(path, strict):
    """What hinders pyHanko from reading each object of a file, None for nothing."""
    try:
        reader = opened(path, strict)
        for revision in range(reader.xrefs.total_revisions):
            for ref in reader.xrefs.explicit_refs_in_revision(revision):
                obj = reader.get_object(generic.Reference(ref.idnum, ref.generation, reader))
                if isinstance(obj, generic.StreamObject):
                    obj.encoded_data
        for sig in reader.embedded_signatures:
            sig.compute_integrity_info()
        reader.root["/Pages"]["/Kids"]
    except Exception as e:
        return f"{type(e).__name__}: {e}"
    return None


def store(reader):
    try:
        dss = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return LocalKnowledge()
    return LocalKnowledge(
        known_ocsps=[c for r in dss.ocsps for c in OCSPContainer.load_multi(OCSPResponse.load(r.get_object().data))],
        known_crls=[CRLContainer(crl_data=CertificateList.load(r.get_object().data)) for r in dss.crls],
        known_certs=list(dss.load_certs()))


def judge(path, original, roots=None, minutes=(), left_out=None):
    """Digests, signatures and the analysis of changes for every signature; and, for each of the minutes from now, the
    newest signature by the file alone. Returns a list of complaints.

    pyHanko refuses flaws of some producers, in strict mode more of them. What it cannot read in the signed file must be a
    flaw of the original: then it is asked again leniently, then without the analysis of changes, which left_out (judge →
    why) is told; and at last Unreadable is raised where the original has the very same flaw.
    """
    for strict in (True, False):
        try:
            return judge_mode(path, strict, roots, minutes)
        except Exception as e:
            why = flaw(original, strict)
            if why is None:
                return [f"{type(e).__name__}: {e}"]
    try:
        bad = judge_mode(path, False, roots, minutes, changes=False)
    except Exception as e:
        if why == f"{type(e).__name__}: {e}":
            raise Unreadable(why) from e
        return [f"{type(e).__name__}: {e}"]
    if left_out is None:
        return [*bad, f"no analysis of changes: {why}"]
    left_out["pyHanko's analysis of changes"] = why
    return bad


def judge_mode(path, strict, roots, minutes, changes=True):
    reader, signatures = open_signatures(path, strict)
    if not signatures:
        return ["no signature"]
    bad, newest = [], signatures[-1]
    # pyHanko keeps no history of objects that are known by /XRefStm alone: its analysis of changes fails for hybrid files,
    # those that it signed itself included.
    changes = changes and not reader.xrefs.hybrid_xrefs_present
    for sig in signatures:
        name = sig.field_name
        sig.compute_integrity_info(skip_diff=not changes)
        info = sig.summarise_integrity_info()
        status = asyncio.run(validate(sig, info, LocalKnowledge(), [])).api_status
        if not (status.intact and status.valid):
            bad.append(f"{name}: not intact")
        if not info["docmdp_ok"] and changes:
            bad.append(f"{name}: forbidden changes after it ({info['diff_result']})")
        if sig is newest:
            level = getattr(info["diff_result"], "modification_level", ModificationLevel.NONE)
            if info["coverage"] < SignatureCoverageLevel.ENTIRE_REVISION:
                bad.append(f"{name}: covers {info['coverage'].name}")
            if level > ModificationLevel.LTA_UPDATES:
                bad.append(f"{name}: changes after it of level {level.name}")
    if minutes:
        knowledge = store(reader)
        info = newest.summarise_integrity_info()
        for m in minutes:
            result = asyncio.run(validate(newest, info, knowledge, roots, m))
            if result.ades_subindic != AdESPassed.OK:
                bad.append(f"+{m} min: {result.ades_subindic}: {result.failure_msg}")
        bad += too_old(knowledge, [*roots, *knowledge.known_certs, newest.signer_cert, *newest.other_embedded_certs])
    return bad


def validate(sig, info, knowledge, roots, minutes=0, at=None, rules=CertRevTrustPolicy(REQUIRE_REVINFO)):
    policy = CertValidationPolicySpec(trust_manager=SimpleTrustManager.build(trust_roots=roots),
                                      revinfo_policy=rules)
    spec = SignatureValidationSpec(
        cert_validation_policy=policy, local_knowledge=knowledge,
        revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY))
    moment = at or datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    return ades_with_time_validation(
        sig.signed_data, spec, timing_info=ValidationTimingInfo(moment, moment, minutes != 0 or at is not None),
        raw_digest=sig.compute_digest(), extra_status_kwargs=info, status_cls=PdfSignatureStatus)


def too_old(knowledge, certs):
    """OCSP answers made before the certificate they speak of, and responders that cannot be found."""
    bad = []
    by_serial = {(c.serial_number): c for c in certs}
    subjects = {c.subject.hashable for c in certs}
    keys = {c.public_key.sha1 for c in certs}
    for container in knowledge.known_ocsps:
        basic = container.ocsp_response_data["response_bytes"]["response"].parsed
        data = basic["tbs_response_data"]
        responder = data["responder_id"]
        embedded = list(basic["certs"]) if basic["certs"].native else []
        known = responder.chosen.hashable in subjects if responder.name == "by_name" else responder.native in keys
        if not known and not embedded:
            bad.append("an OCSP responder's certificate is missing")
        for r in data["responses"]:
            cert = by_serial.get(r["cert_id"]["serial_number"].native)
            if cert and r["this_update"].native < cert["tbs_certificate"]["validity"]["not_before"].native:
                bad.append(f"OCSP answer older than {cert.subject.human_friendly}")
            if r["next_update"].native is None:
                bad.append("OCSP answer without nextUpdate")
    return bad


def store_certificates(path):
    reader, _ = open_signatures(path, strict=False)
    return store(reader).known_certs
