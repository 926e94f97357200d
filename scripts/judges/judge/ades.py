# SPDX-License-Identifier: Apache-2.0
"""What pyHanko says of each signature of a file by EN 319 102-1, for processes that are asked again and again.

Evidence is required about the signer and about timestamp authorities; about CAs where their certificates say where it is:
pyHanko knows neither the extension validity-assured nor noRevAvail.
"""
import asyncio
import datetime
import signal
from pathlib import Path

from asn1crypto import pem, x509
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed
from pyhanko_certvalidator.ltv.poe import POEManager
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule

from . import hanko as api
from .verdict import PATIENCE, word



def rules(required):
    return CertRevTrustPolicy(RevocationCheckingPolicy(
        ee_certificate_rule=required, intermediate_ca_cert_rule=RevocationCheckingRule.CHECK_IF_DECLARED))


# It looks at OCSP answers only for certificates that name a responder, unless OCSP is what is required.
RULES = [rules(RevocationCheckingRule.CRL_OR_OCSP_REQUIRED), rules(RevocationCheckingRule.OCSP_REQUIRED)]


class known:
    """pyHanko takes what is in the file as there since the day of the run, and no earlier; here since the time judged at."""
    at = None
    init = POEManager.__init__

    def since(self, current_dt_override=None):
        known.init(self, current_dt_override or known.at)


POEManager.__init__ = known.since


class Slow(Exception):
    """A judge took longer than its limit."""


def judge(path, roots, moment):
    """For a process of its own: AdES of EN 319 102-1 by the API, and the analysis of changes."""
    def ring(*_):
        raise Slow(f"longer than {PATIENCE} s")

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(PATIENCE)
    try:
        return _judge(path, roots, moment)
    except RecursionError:
        return "RecursionError"
    except Exception as e:
        return f"{type(e).__name__}: {e}"[:300]
    finally:
        signal.alarm(0)


def _judge(path, roots, moment):
    anchors = [x509.Certificate.load(der) for _, _, der in pem.unarmor(Path(roots).read_bytes(), multiple=True)]
    now = datetime.datetime.fromisoformat(moment) if moment else datetime.datetime.now(datetime.timezone.utc)
    known.at = now
    reader, signatures = api.open_signatures(path, strict=False)
    found = {}
    for sig in signatures:
        end = str(int(sig.byte_range[-2]) + int(sig.byte_range[-1]))
        changes = ""
        try:
            sig.compute_integrity_info()
            changes = "allowed" if sig.summarise_integrity_info()["docmdp_ok"] else "forbidden"
        except Slow:
            raise
        except Exception as e:
            changes = f"{type(e).__name__}"
            sig.compute_integrity_info(skip_diff=True)
        info = sig.summarise_integrity_info()
        try:
            for rule in RULES:
                result = asyncio.run(api.validate(sig, info, api.store(reader), anchors, at=now, rules=rule))
                if result.ades_subindic != AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE:
                    break
        except Slow:
            raise
        except Exception as e:
            found[end] = word("unread", f"{type(e).__name__}: {e}"[:200], changes=changes)
            continue
        kind = result.ades_subindic
        indication = ("TOTAL-PASSED" if kind == AdESPassed.OK else
                      "TOTAL-FAILED" if isinstance(kind, AdESFailure) else "INDETERMINATE")
        found[end] = word(indication, "" if kind == AdESPassed.OK else kind.name, changes=changes, text=str(result.failure_msg or ""))
    return found or "no signature"
