"""What a role may do, by action: so that a permission missing in a deployment fails here too, not only at AWS.

Only sessions of roles are held to it. Resources in policies are not compared (the call's are not known here), but
conditions on the instance's tags and on the operating system's user are.
"""

import json
from typing import Any

from moto.ec2.models import ec2_backends

from . import calls, tags
from .bus_policy import organisation_of
from .callers import find_caller, policies_of
from .calls import Call, Refusal
from .policies import Context, identity_decision

# Services whose actions have the names that policies use; S3, CloudFormation and IAM are left alone.
HELD = ("ec2", "sqs", "ec2-instance-connect", "organizations", "ssm", "secretsmanager", "kms", "logs", "events")
# Batches need the permission of the single action.
SINGLE = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}


def _instance_context(call: Call) -> Context:
    asked: dict[str, Any] = getattr(call.response, "params", None) or {}
    if call.service == "ec2-instance-connect":
        asked = json.loads(call.response.body)
    ids = asked.get("InstanceIds") or [asked.get("InstanceId")]
    context: Context = {"ec2:osuser": asked["InstanceOSUser"]} if "InstanceOSUser" in asked else {}
    if len(ids) == 1 and ids[0]:
        backend = ec2_backends[call.account][call.region]
        for key, value in tags.tags_of(backend, ids[0]).items():
            context[f"ec2:ResourceTag/{key}"] = context[f"aws:ResourceTag/{key}"] = value
    return context


def _hold(call: Call) -> None:
    if call.service not in HELD or not call.access_key.startswith("ASIA"):
        return
    caller = find_caller(call.access_key, call.account, call.region)
    policies = policies_of(caller, call.region) if caller.kind == "AssumedRole" else None
    if policies is None:
        return
    action = f"{call.service}:{SINGLE.get(call.action, call.action)}"
    context: Context = {
        "aws:PrincipalArn": caller.principal_arn,
        "aws:PrincipalAccount": caller.account,
        "aws:RequestedRegion": call.region,
        "aws:SecureTransport": "true",
        **_instance_context(call),
    }
    if organisation := organisation_of(caller.account):
        context["aws:PrincipalOrgID"] = organisation
    if identity_decision(policies, action, "*", context):
        return
    text = f"User: {caller.arn} is not authorized to perform: {action} because no identity-based policy allows it"
    if call.service == "ec2":
        raise Refusal("UnauthorizedOperation", f"You are not authorized to perform this operation. {text}", 403)
    if call.service == "sqs":
        raise Refusal("AccessDenied", text, 403)
    raise Refusal("AccessDeniedException", text, 400)


def install() -> None:
    calls.before(_hold)
