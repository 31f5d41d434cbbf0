"""What a role may do, by action: so that a permission missing in a deployment fails here too, not only at AWS.

Only sessions of roles are held to it. Resources are compared where the call's are known here: for launches, instances
named one by one, and log groups. Conditions on tags, on who the session says it is, and on the operating system's user
are, too. What was asked, and which statement allowed it, is kept for whoever wants to know whether a policy is too wide.
"""

import json
import threading
from collections.abc import Iterable
from typing import Any

from moto.ec2.models import ec2_backends
from moto.utilities.utils import get_partition

from . import calls, tags
from .bus_policy import organisation_of
from .callers import find_caller, policies_of
from .calls import Call, Refusal
from .launch_permissions import questions
from .policies import Context, applying

# Services whose actions have the names that policies use; S3, CloudFormation and IAM are left alone.
HELD = ("ec2", "sqs", "ec2-instance-connect", "organizations", "ssm", "secretsmanager", "kms", "logs", "events")
# Batches need the permission of the single action.
SINGLE = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}


class Asked:
    """By role, action and the statement that allowed it (its Sid); no Sid where it was refused."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: set[tuple[str, str, bool, str]] = set()

    def note(self, role: str, action: str, allowed: bool, statements: list[str]) -> None:
        with self._lock:
            self._seen |= {(role, action, allowed, one) for one in statements or [""]}

    def describe(self) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(zip(("role", "action", "allowed", "sid"), one, strict=True)) for one in sorted(self._seen)]

    def reset(self) -> None:
        with self._lock:
            self._seen.clear()


def _instance_context(call: Call) -> tuple[str, Context]:
    asked: dict[str, Any] = getattr(call.response, "params", None) or {}
    if call.service == "ec2-instance-connect":
        asked = json.loads(call.response.body)
    ids = asked.get("InstanceIds") or asked.get("Resources") or [asked.get("InstanceId")]
    context: Context = {"ec2:osuser": asked["InstanceOSUser"]} if "InstanceOSUser" in asked else {}
    if call.action == "CreateTags":
        given = asked.get("Tags") or []
        context["aws:TagKeys"] = [one["Key"] for one in given]
        context |= {f"aws:RequestTag/{one['Key']}": one["Value"] for one in given}
    if len(ids) != 1 or not str(ids[0]).startswith("i-"):
        return "*", context
    backend = ec2_backends[call.account][call.region]
    for key, value in tags.tags_of(backend, ids[0]).items():
        context[f"ec2:ResourceTag/{key}"] = context[f"aws:ResourceTag/{key}"] = value
    named = call.service == "ec2" and not call.action.startswith("Describe")
    own = f"arn:{get_partition(call.region)}:ec2:{call.region}:{call.account}"
    return (f"{own}:instance/{ids[0]}" if named else "*"), context


def _questions(call: Call) -> Iterable[tuple[str, str, Context]]:
    if (call.service, call.action) == ("ec2", "RunInstances"):
        yield from questions(call)
        return
    action = f"{call.service}:{SINGLE.get(call.action, call.action)}"
    resource, context = _instance_context(call)
    if call.service == "logs" and (group := json.loads(call.response.body or "{}").get("logGroupName")):
        # With or without `:*` behind the name, as policies have it.
        resource = f"arn:{get_partition(call.region)}:logs:{call.region}:{call.account}:log-group:{group}:*"
    yield action, resource, context


def _decide(policies: list[dict[str, Any]], action: str, resource: str, context: Context) -> tuple[bool, list[str]]:
    found = applying(policies, action, resource, context)
    if not found and action.startswith("logs:"):
        found = applying(policies, action, resource.removesuffix(":*"), context)
    effects = {one.get("Effect") for one in found}
    return "Allow" in effects and "Deny" not in effects, [one.get("Sid") or "" for one in found]


def _hold(call: Call, noted: Asked) -> None:
    if call.service not in HELD or not call.access_key.startswith("ASIA"):
        return
    caller = find_caller(call.access_key, call.account, call.region)
    policies = policies_of(caller, call.region) if caller.kind == "AssumedRole" else None
    if policies is None:
        return
    about: Context = {
        "aws:PrincipalArn": caller.principal_arn,
        "aws:PrincipalAccount": caller.account,
        "aws:RequestedRegion": call.region,
        "aws:SecureTransport": "true",
    }
    if organisation := organisation_of(caller.account):
        about["aws:PrincipalOrgID"] = organisation
    if identity := getattr(caller.session, "lab_source_identity", None):
        about["aws:SourceIdentity"] = identity
    for action, resource, context in _questions(call):
        allowed, statements = _decide(policies, action, resource, {**about, **context})
        noted.note(caller.principal_arn, action, allowed, statements if allowed else [])
        if not allowed:
            _refuse(call, f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource}")


def _refuse(call: Call, who: str) -> None:
    text = f"{who} because no identity-based policy allows it"
    if call.service == "ec2":
        raise Refusal("UnauthorizedOperation", f"You are not authorized to perform this operation. {text}", 403)
    if call.service == "sqs":
        raise Refusal("AccessDenied", text, 403)
    raise Refusal("AccessDeniedException", text, 400)


def install(noted: Asked) -> None:
    calls.before(lambda call: _hold(call, noted))
