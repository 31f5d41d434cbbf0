"""A SAML response as STS reads one: signature, audience, recipient, times and attributes. What is not signed is not read."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml import etree
from signxml import SignatureConfiguration, XMLVerifier

from .calls import Refusal

NAMESPACES = {
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
}
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
# IAM User Guide, "Configure SAML assertions for the authentication response": the sign-in addresses of each partition.
SIGN_IN = re.compile(
    r"https://([a-z0-9-]+\.)?signin\.(aws\.amazon\.com|amazonaws-us-gov\.com|amazonaws\.cn)/saml(/acs/[\w-]+)?"
)
AUDIENCES = ("https://signin.aws.amazon.com/saml", "urn:amazon:webservices", "urn:amazon:webservices:govcloud")
AUDIENCES_CHINA = ("https://signin.amazonaws.cn/saml", "urn:amazon:webservices:cn-north-1")
# "Token must be redeemed within 5 minutes of issuance".
REDEEM_WITHIN = timedelta(minutes=5)
SKEW = timedelta(seconds=60)


@dataclass(frozen=True)
class Assertion:
    issuer: str
    subject: str
    subject_type: str
    audience: str
    recipient: str
    session_ends: datetime | None
    attributes: dict[str, list[str]]

    def one(self, name: str) -> str | None:
        return next(iter(self.attributes.get(ATTRIBUTES + name, [])), None)


def _invalid(text: str) -> Refusal:
    return Refusal("InvalidIdentityToken", text, 400)


def _parse(document: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(document, parser)
    if root.getroottree().docinfo.doctype:
        raise ValueError("a document type declaration")
    return root


def certificates_of(metadata: str) -> list[str]:
    """What the provider's metadata in IAM says that it signs with, base64 DER."""
    keys = _parse(metadata.encode()).findall("md:IDPSSODescriptor/md:KeyDescriptor", NAMESPACES)
    return [
        "".join((certificate.text or "").split())
        for key in keys
        if key.get("use") in (None, "signing")
        for certificate in key.iterfind(".//ds:X509Certificate", NAMESPACES)
    ]


def issuer_of(metadata: str) -> str:
    return _parse(metadata.encode()).get("entityID") or ""


def _verified(document: Any, certificates: list[str]) -> Any:
    """The signed part, parsed anew from the bytes that the signature covers: a wrapped assertion is never seen."""
    signatures = document.findall(".//ds:Signature", NAMESPACES)
    if not signatures or len(document.findall(".//saml:Assertion", NAMESPACES)) != 1:
        raise _invalid("Response must contain one assertion, which is signed")
    for certificate in certificates:
        pem = f"-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n"
        for place in ("./saml:Assertion/", "./"):
            location = place.replace("saml:", f"{{{NAMESPACES['saml']}}}")
            if document.find(f"{location}{{{NAMESPACES['ds']}}}Signature") is None:
                continue
            try:
                # Only the certificate of the metadata counts, whatever the document says of its own key.
                done = XMLVerifier().verify(
                    document,
                    x509_cert=pem,
                    id_attribute="ID",
                    expect_config=SignatureConfiguration(location=location, require_x509=True),
                )
            except Exception:
                continue
            return done.signed_xml
    raise _invalid("Response signature invalid")


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC) if text else None


def read(encoded: str, metadata: str, partition: str) -> Assertion:
    now = datetime.now(UTC)
    try:
        document = _parse(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError, etree.XMLSyntaxError) as error:
        raise _invalid("Invalid base64 SAMLResponse") from error
    if document.tag != f"{{{NAMESPACES['samlp']}}}Response":
        raise _invalid("Invalid SAML response")
    status = document.find("samlp:Status/samlp:StatusCode", NAMESPACES)
    if status is None or status.get("Value") != SUCCESS:
        raise Refusal("IDPRejectedClaim", "The identity provider reported that authentication failed", 403)
    signed = _verified(document, certificates_of(metadata))
    assertion = signed if signed.tag.endswith("}Assertion") else signed.find("saml:Assertion", NAMESPACES)
    if assertion is None:
        raise _invalid("Response signature invalid")

    def text(path: str) -> str:
        found = assertion.find(path, NAMESPACES)
        return "" if found is None else "".join(found.itertext())

    issuer = text("saml:Issuer").strip()
    if issuer != issuer_of(metadata):
        raise _invalid("Issuer not present in specified provider")

    confirmations = assertion.findall("saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData", NAMESPACES)
    if len(confirmations) != 1:
        raise _invalid("Exactly one SubjectConfirmation is required")
    recipient = confirmations[0].get("Recipient") or ""
    if not SIGN_IN.fullmatch(recipient):
        raise _invalid(f"Recipient {recipient} is not an AWS sign-in address")
    conditions = assertion.find("saml:Conditions", NAMESPACES)
    audience = text("saml:Conditions/saml:AudienceRestriction/saml:Audience").strip()
    known = AUDIENCES_CHINA if partition == "aws-cn" else AUDIENCES
    if audience not in known and not SIGN_IN.fullmatch(audience):
        raise _invalid("Audience is not valid for this provider")

    issued = _moment(assertion.get("IssueInstant"))
    ends = [_moment(one.get("NotOnOrAfter")) for one in (confirmations[0], conditions) if one is not None]
    begins = _moment(conditions.get("NotBefore")) if conditions is not None else None
    if issued is None or now - issued > REDEEM_WITHIN or any(one is not None and now >= one + SKEW for one in ends):
        raise Refusal("ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance", 400)
    if issued - now > SKEW or (begins is not None and begins - now > SKEW):
        raise _invalid("Assertion is not yet valid")

    statement = assertion.find("saml:AuthnStatement", NAMESPACES)
    name = assertion.find("saml:Subject/saml:NameID", NAMESPACES)
    return Assertion(
        issuer=issuer,
        subject=text("saml:Subject/saml:NameID"),
        subject_type=(name.get("Format") or "").rsplit(":", 1)[-1] if name is not None else "",
        audience=audience,
        recipient=recipient,
        session_ends=_moment(statement.get("SessionNotOnOrAfter")) if statement is not None else None,
        attributes={
            attribute.get("Name"): ["".join(value.itertext()).strip() for value in attribute]
            for attribute in assertion.findall("saml:AttributeStatement/saml:Attribute", NAMESPACES)
        },
    )
