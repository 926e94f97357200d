# SPDX-License-Identifier: Apache-2.0
"""Takes the newest signature out of a PDF, by its ByteRange alone: no PDF library, so that a judge does not share a reader."""
import dataclasses
import re

from asn1crypto import cms

RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")
SIGNED_ATTRIBUTES = {"content_type", "message_digest", "signing_certificate_v2"}


@dataclasses.dataclass
class Extracted:
    der: bytes      # CMS without the padding
    signed: bytes   # both parts of the ByteRange
    end: int        # end of the signed revision

    def __post_init__(self):
        self.info = cms.ContentInfo.load(self.der)
        self.data = self.info["content"]
        self.signer = self.data["signer_infos"][0]

    def token(self):
        for attr in self.signer["unsigned_attrs"]:
            if attr["type"].native == "signature_time_stamp_token":
                return attr["values"][0]
        return None

    def stamped(self):
        token = self.token()
        return token and token["content"]["encap_content_info"]["content"].parsed["gen_time"].native

    def leaf(self):
        serial = self.signer["sid"].chosen["serial_number"].native
        for c in self.data["certificates"]:
            if c.chosen.serial_number == serial:
                return c.chosen
        raise ValueError("the signing certificate is not in the CMS")


def newest(data):
    """The signature with the longest ByteRange; raises ValueError with what is wrong."""
    found = [tuple(map(int, m.groups())) for m in RANGE.finditer(data)]
    found = [r for r in found if r[2] + r[3] <= len(data) and r[0] == 0 and 0 < r[1] < r[2]]
    if not found:
        raise ValueError("no signature")
    _, b, c, d = max(found, key=lambda r: r[2] + r[3])
    gap = data[b:c]
    if gap[:1] != b"<" or gap[-1:] != b">":
        raise ValueError("the ByteRange gap is not exactly the hex string")
    contents = bytes.fromhex(gap[1:-1].decode("ascii"))
    der = cms.ContentInfo.load(contents).dump()
    if contents[len(der):].strip(b"\0"):
        raise ValueError("something other than zeros after the CMS")
    if not data[:c + d].rstrip().endswith(b"%%EOF"):
        raise ValueError("the ByteRange does not end with a revision")
    return Extracted(der, data[:b] + data[c:c + d], c + d)


def structure(data, original):
    """Checks of structure that no judge below makes; returns a list of complaints."""
    bad = []
    if data[:len(original)] != original:
        bad.append("bytes of the original changed")
    e = newest(data)
    if e.end <= len(original):
        return [*bad, "no new signature"]
    names = [a["type"].native for a in e.signer["signed_attrs"]]
    if set(names) != SIGNED_ATTRIBUTES or len(names) != len(set(names)):
        bad.append(f"signed attributes are {sorted(map(str, names))}")
    if e.info.dump(force=True) != e.der:
        bad.append("the CMS is not DER")
    encoded = [a.dump() for a in e.signer["signed_attrs"]]
    if encoded != sorted(encoded):
        bad.append("signed attributes are not sorted")
    if e.data["encap_content_info"]["content"].native is not None:
        bad.append("the CMS has content")
    stamped, validity = e.stamped(), e.leaf()["tbs_certificate"]["validity"]
    if stamped and not validity["not_before"].native <= stamped <= validity["not_after"].native:
        bad.append("the timestamp is outside the validity of the certificate")
    return bad
