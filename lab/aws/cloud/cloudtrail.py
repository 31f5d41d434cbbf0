"""CloudTrail's account of EC2 calls, as EventBridge carries it: "AWS API Call via CloudTrail", failed ones included.

Shape: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference.html. EC2 puts lists as
`{"items": [...]}`, prefixes error codes with Client. or Server., and hides user data.
"""

import re
import uuid
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from . import buses, calls
from .callers import find_caller
from .calls import Call, Reply
from .event_source import EventSource

ACTIONS = ("RunInstances", "TerminateInstances", "StartInstances", "StopInstances", "CreateTags", "DeleteTags")
NUMBERS = ("code", "amiLaunchIndex", "minCount", "maxCount", "httpPutResponseHopLimit")
# The role and session name of a service that acts by itself.
SERVICE_LINKED = {"autoscaling": ("AWSServiceRoleForAutoScaling", "AutoScaling")}


def _items(rows: list[Any]) -> dict[str, Any]:
    return {"items": rows}


def _tag_items(tags: list[dict[str, Any]]) -> dict[str, Any]:
    return _items([{k: v for k, v in (("key", t["Key"]), ("value", t.get("Value"))) if v is not None} for t in tags])


def request_parameters(action: str, asked: dict[str, Any]) -> dict[str, Any]:
    if action in ("CreateTags", "DeleteTags"):
        resources = [{"resourceId": one} for one in asked.get("Resources", [])]
        return {"resourcesSet": _items(resources), "tagSet": _tag_items(asked.get("Tags", []))}
    if action != "RunInstances":
        ids = _items([{"instanceId": one} for one in asked.get("InstanceIds", [])])
        return {"instancesSet": ids, **({"force": bool(asked.get("Force"))} if action == "StopInstances" else {})}
    what = {"imageId": asked.get("ImageId"), "minCount": asked.get("MinCount"), "maxCount": asked.get("MaxCount")}
    told: dict[str, Any] = {
        "instancesSet": _items([{k: v for k, v in {**what, "keyName": asked.get("KeyName")}.items() if v is not None}]),
        "groupSet": _items([{"groupId": one} for one in asked.get("SecurityGroupIds", [])]),
        "instanceType": asked.get("InstanceType", "m1.small"),
        "blockDeviceMapping": {},
        "monitoring": {"enabled": bool((asked.get("Monitoring") or {}).get("Enabled"))},
        "disableApiTermination": bool(asked.get("DisableApiTermination")),
        "disableApiStop": bool(asked.get("DisableApiStop")),
    }
    for name in ("SubnetId", "ClientToken", "InstanceInitiatedShutdownBehavior"):
        if asked.get(name):
            told[name[0].lower() + name[1:]] = asked[name]
    if asked.get("UserData"):
        told["userData"] = "<sensitiveDataRemoved>"
    if specs := asked.get("TagSpecifications"):
        rows = [{"resourceType": one["ResourceType"], "tags": _tag_items(one["Tags"])["items"]} for one in specs]
        told["tagSpecificationSet"] = _items(rows)
    return told


def _from_xml(element: ElementTree.Element) -> Any:
    name = element.tag.split("}")[-1]
    children = list(element)
    if children and all(child.tag.endswith("}item") for child in children):
        return _items([_from_xml(child) for child in children])
    if children:
        return {_name(child): _from_xml(child) for child in children}
    text = element.text
    if text is None:
        return {}
    if text in ("true", "false"):
        return text == "true"
    if name == "launchTime":
        return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)
    return int(text) if name in NUMBERS else text


def _name(element: ElementTree.Element) -> str:
    name = element.tag.split("}")[-1]
    return "_return" if name == "return" else name


def caller_identity(call: Call) -> dict[str, Any]:
    caller = find_caller(call.access_key, call.account, call.region)
    identity: dict[str, Any] = {
        "type": caller.kind,
        "principalId": caller.principal_id,
        "arn": caller.arn,
        "accountId": caller.account,
        "accessKeyId": call.access_key,
    }
    if caller.user:
        identity["userName"] = caller.user.name
    if caller.session:
        role_arn = caller.session.role_arn
        identity["sessionContext"] = {
            "sessionIssuer": {
                "type": "Role",
                "principalId": caller.principal_id.split(":")[0],
                "arn": role_arn,
                "accountId": caller.account,
                "userName": role_arn.split("/")[-1],
            },
            "attributes": {"creationDate": buses.iso(caller.session.lab_begun), "mfaAuthenticated": "false"},
        }
        if caller.session.lab_source_identity:
            identity["sessionContext"]["sourceIdentity"] = caller.session.lab_source_identity
    return identity


def service_identity(account: str, service: str) -> dict[str, Any]:
    role, session = SERVICE_LINKED[service]
    principal = f"{service}.amazonaws.com"
    return {
        "type": "AssumedRole",
        "principalId": f"AROA{'0' * 17}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        "accountId": account,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": f"AROA{'0' * 17}",
                "arn": f"arn:aws:iam::{account}:role/aws-service-role/{principal}/{role}",
                "accountId": account,
                "userName": role,
            },
            "attributes": {"creationDate": buses.iso(), "mfaAuthenticated": "false"},
        },
        "invokedBy": principal,
    }


def _outcome(reply: Reply) -> dict[str, Any]:
    status, body = int(reply[0]), reply[2]
    text = body.decode() if isinstance(body, bytes) else body
    if status < 400:
        return {"responseElements": _from_xml(ElementTree.fromstring(text))}
    code = re.search(r"<Code>(.*?)</Code>", text)
    message = re.search(r"<Message>(.*?)</Message>", text)
    side = "Server" if status >= 500 else "Client"
    return {
        "errorCode": f"{side}.{code.group(1) if code else 'InternalError'}",
        "errorMessage": message.group(1) if message else "",
        "responseElements": None,
    }


def record(
    call: Call, action: str, identity: dict[str, Any], asked: dict[str, Any], outcome: dict[str, Any]
) -> dict[str, Any]:
    request = call.response.normalized_request
    by_service = identity.get("invokedBy")
    request_id = str(uuid.uuid4())
    if outcome["responseElements"] is not None:
        outcome = {"responseElements": {"requestId": request_id, **outcome["responseElements"]}}
    return {
        "eventVersion": "1.10",
        "userIdentity": identity,
        "eventTime": buses.iso(),
        "eventSource": "ec2.amazonaws.com",
        "eventName": action,
        "awsRegion": call.region,
        "sourceIPAddress": by_service or request.remote_addr or "127.0.0.1",
        "userAgent": by_service or request.headers.get("User-Agent", ""),
        "requestParameters": request_parameters(action, asked),
        **outcome,
        "requestID": request_id,
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": call.account,
        "eventCategory": "Management",
    }


def publish(source: EventSource, call: Call, detail: dict[str, Any]) -> None:
    source.publish(call.account, call.region, "aws.ec2", "AWS API Call via CloudTrail", [], detail)


def install(source: EventSource) -> None:
    def remember(call: Call) -> None:
        if call.service == "ec2" and call.action in ACTIONS:
            # As it was asked: launching changes the parameters on the way.
            call.notes["asked"] = dict(call.response.params)

    def tell(call: Call, reply: Reply) -> None:
        if "asked" in call.notes:
            detail = record(call, call.action, caller_identity(call), call.notes["asked"], _outcome(reply))
            publish(source, call, detail)

    calls.before(remember)
    calls.after(tell)
