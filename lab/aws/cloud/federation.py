"""AssumeRoleWithSAML as STS decides it: the provider exists, its assertion holds, the role is named in it and trusts the provider."""

import base64
import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.sts.responses import TokenResponse

from . import assertions
from .assertions import ATTRIBUTES, Assertion
from .calls import Refusal
from .policies import Context, as_list, conditions_hold, names_action
from .sessions import ROLE_ARN, SESSION_NAME, Sessions

PROVIDER_ARN = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):saml-provider/([\w._-]+)")
LEAST, MOST, USUAL = 900, 43_200, 3_600


def _names(pair: str, role_arn: str, provider_arn: str) -> bool:
    """Either order occurs in practice; names are case-sensitive."""
    return {one.strip() for one in pair.split(",")} == {role_arn, provider_arn}


def _trusts(document: dict[str, Any], action: str, provider_arn: str, context: Context) -> bool:
    effects = {
        one.get("Effect")
        for one in as_list(document.get("Statement"))
        if names_action(one, action)
        and isinstance(one.get("Principal"), dict)
        and provider_arn in as_list(one["Principal"].get("Federated"))
        and conditions_hold(one, context)
    }
    return "Allow" in effects and "Deny" not in effects


def _seconds(asked: int | None, role: Any, assertion: Assertion) -> int:
    seconds = USUAL if asked is None else asked
    if not LEAST <= seconds <= MOST:
        raise Refusal("ValidationError", f"Value '{seconds}' at 'durationSeconds' failed to satisfy constraint", 400)
    if seconds > int(role.max_session_duration or USUAL):
        text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise Refusal("ValidationError", text, 400)
    if assertion.session_ends:
        seconds = min(seconds, int((assertion.session_ends - datetime.now(UTC)).total_seconds()))
    return seconds


def _tags(assertion: Assertion) -> dict[str, str]:
    prefix = f"{ATTRIBUTES}PrincipalTag:"
    return {
        name.removeprefix(prefix): values[0]
        for name, values in assertion.attributes.items()
        if name.startswith(prefix) and values
    }


def install(sessions: Sessions) -> None:
    def assume_role_with_saml(response: TokenResponse) -> Any:
        ask = response._get_param
        role_arn, provider_arn = ask("RoleArn") or "", ask("PrincipalArn") or ""
        encoded = ask("SAMLAssertion") or ""
        if not 4 <= len(encoded) <= 100_000:
            raise Refusal("ValidationError", "Value at 'sAMLAssertion' must have length between 4 and 100000", 400)
        parsed, provider_parsed = ROLE_ARN.fullmatch(role_arn), PROVIDER_ARN.fullmatch(provider_arn)
        if not parsed or not provider_parsed:
            raise Refusal("ValidationError", f"{role_arn if not parsed else provider_arn} is invalid", 400)
        partition, account, _ = parsed.groups()
        refusal = Refusal("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", 403)
        owner = iam_backends[provider_parsed[2]][provider_parsed[1]]
        provider = next((one for one in owner.saml_providers.values() if one.arn == provider_arn), None)
        if provider is None or provider_parsed[2] != account:
            raise Refusal("InvalidIdentityToken", f"Specified provider doesn't exist: {provider_arn}", 400)
        assertion = assertions.read(encoded, provider.saml_metadata_document, partition)

        name = assertion.one("RoleSessionName") or ""
        if not SESSION_NAME.fullmatch(name):
            raise Refusal("InvalidIdentityToken", "RoleSessionName is required in AuthnResponse", 400)
        pairs = assertion.attributes.get(f"{ATTRIBUTES}Role", [])
        role = next((one for one in iam_backends[account][partition].roles.values() if one.arn == role_arn), None)
        if role is None or not any(_names(pair, role_arn, provider_arn) for pair in pairs):
            raise refusal
        source_identity = assertion.one("SourceIdentity")
        context: Context = {
            "saml:aud": assertion.recipient,
            "saml:iss": assertion.issuer,
            "saml:sub": assertion.subject,
            "sts:RoleSessionName": name,
            **{f"aws:RequestTag/{key}": value for key, value in _tags(assertion).items()},
        }
        needed = ["sts:AssumeRoleWithSAML"]
        if source_identity:
            context["sts:SourceIdentity"] = source_identity
            needed.append("sts:SetSourceIdentity")
        needed += ["sts:TagSession"] if _tags(assertion) else []
        trust = json.loads(role.assume_role_policy_document)
        for action in needed:
            if not _trusts(trust, action, provider_arn, context):
                raise Refusal("AccessDenied", f"Not authorized to perform {action}", 403)

        seconds = _seconds(response._get_int_param("DurationSeconds"), role, assertion)
        backend = sts_backends[account][partition]
        session = backend.assume_role(response.region, name, role_arn, "", seconds, "")
        session.lab_source_identity = source_identity
        sessions.note(
            role=role_arn,
            sessionName=name,
            sourceIdentity=source_identity,
            caller=assertion.subject,
            accessKeyId=session.access_key_id,
            durationSeconds=seconds,
        )
        qualifier = hashlib.sha1(f"{assertion.issuer}{account}/{provider_parsed[3]}".encode()).digest()
        return ActionResult(
            {
                "Credentials": session,
                "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
                "Subject": assertion.subject,
                "SubjectType": assertion.subject_type,
                "Issuer": assertion.issuer,
                "Audience": assertion.recipient,
                "NameQualifier": base64.b64encode(qualifier).decode(),
                **({"SourceIdentity": source_identity} if source_identity else {}),
            }
        )

    TokenResponse.assume_role_with_saml = assume_role_with_saml
