"""AssumeRole as AWS guards it, what every session was opened with, and the end of what has expired."""

import json
import re
import threading
import time
from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.organizations.models import organizations_backends
from moto.sts.models import AssumedRole, sts_backends
from moto.sts.responses import TokenResponse
from moto.utilities.utils import get_partition

from . import calls
from .bus_policy import organisation_of
from .callers import find_caller, find_session, policies_of
from .calls import Call, Refusal
from .policies import Context, identity_decision, trust_decision

SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
ROLE_ARN = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/(.+)")


class Sessions:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: list[dict[str, Any]] = []

    def note(self, **row: Any) -> None:
        with self._lock:
            self._opened.append({"at": time.time(), **{k: v for k, v in row.items() if v is not None}})
            del self._opened[:-10_000]

    def describe(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._opened)


def _is_suspended(account: str) -> bool:
    return any(
        one.id == account and one.status == "SUSPENDED"
        for backends in list(organizations_backends.values())
        for backend in backends.values()
        for one in backend.accounts
    )


def _refuse(caller_arn: str, action: str, role_arn: str) -> Refusal:
    text = f"User: {caller_arn} is not authorized to perform: {action} on resource: {role_arn}"
    return Refusal("AccessDenied", text, 403)


def _tag_context(tags: list[dict[str, str]]) -> Context:
    return {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in tags}


def _check(call: Call) -> None:
    """The caller's own policy and the role's trust policy must both admit it, as for any other account's role."""
    if (call.service, call.action) != ("sts", "AssumeRole"):
        return
    response: Any = call.response
    role_arn, name = response._get_param("RoleArn"), response._get_param("RoleSessionName") or ""
    if not SESSION_NAME.fullmatch(name):
        raise Refusal("ValidationError", f"Value '{name}' at 'roleSessionName' failed to satisfy constraint", 400)
    parsed = ROLE_ARN.fullmatch(role_arn or "")
    if not parsed:
        raise Refusal("ValidationError", f"{role_arn} is invalid", 400)
    partition, account, _ = parsed.groups()
    caller = find_caller(response.access_key, response.current_account, response.region)
    refusal = _refuse(caller.arn, "sts:AssumeRole", role_arn)
    roles = iam_backends[account][partition].roles.values()
    role = next((one for one in roles if one.arn == role_arn), None)
    if role is None or _is_suspended(account):
        raise refusal
    tags = response._get_param("Tags", []) or []
    source_identity = response._get_param("SourceIdentity")
    context: Context = {
        "aws:PrincipalArn": caller.principal_arn,
        "aws:PrincipalAccount": caller.account,
        "aws:PrincipalType": caller.kind,
        "sts:RoleSessionName": name,
        **_tag_context(tags),
    }
    for key, value in (
        ("aws:PrincipalOrgID", organisation_of(caller.account)),
        ("sts:ExternalId", response._get_param("ExternalId")),
        ("sts:SourceIdentity", source_identity),
        ("aws:SourceIdentity", getattr(caller.session, "lab_source_identity", None)),
    ):
        if value is not None:
            context[key] = value
    needed = ["sts:AssumeRole"]
    needed += ["sts:SetSourceIdentity"] if source_identity else []
    needed += ["sts:TagSession"] if tags else []
    trust = json.loads(role.assume_role_policy_document)
    own = policies_of(caller, response.region)
    for action in needed:
        refusal = _refuse(caller.arn, action, role_arn)
        if not trust_decision(trust, action, caller.principal_arn, caller.account, context):
            raise refusal
        if own is not None and not identity_decision(own, action, role_arn, context):
            raise refusal


def open_for_service(role_arn: str, session_name: str, region: str) -> AssumedRole:
    """A session that AWS itself opens, for a Lambda function or an instance profile."""
    account = role_arn.split(":")[4]
    backend = sts_backends[account][get_partition(region)]
    return backend.assume_role(region, session_name, role_arn, "", 43_200, "")


def _refuse_expired(call: Call) -> None:
    session = find_session(call.access_key, call.account, call.region) if call.access_key.startswith("ASIA") else None
    if session and session.expiration <= utcnow():
        raise (
            Refusal("RequestExpired", "Request has expired.", 400)
            if call.service == "ec2"
            else Refusal("ExpiredToken", "The security token included in the request is expired", 403)
        )


def install(sessions: Sessions) -> None:
    make = AssumedRole.__init__

    def init(role: AssumedRole, *args: Any, **kwargs: Any) -> None:
        make(role, *args, **kwargs)
        role.lab_begun = utcnow()
        role.lab_source_identity = None

    assume_by_moto = TokenResponse.assume_role

    def assume_role(response: TokenResponse) -> Any:
        result = assume_by_moto(response)
        session = result._result["Credentials"]
        caller = find_caller(response.access_key, response.current_account, response.region)
        inherited = getattr(caller.session, "lab_source_identity", None)
        session.lab_source_identity = response._get_param("SourceIdentity") or inherited
        if session.lab_source_identity:
            result._result["SourceIdentity"] = session.lab_source_identity
        sessions.note(
            role=session.role_arn,
            sessionName=session.session_name,
            sourceIdentity=session.lab_source_identity,
            externalId=response._get_param("ExternalId"),
            caller=caller.arn,
            accessKeyId=session.access_key_id,
            durationSeconds=response._get_int_param("DurationSeconds", 3600),
        )
        return result

    AssumedRole.__init__ = init
    TokenResponse.assume_role = assume_role
    calls.before(_refuse_expired)
    calls.before(_check)
