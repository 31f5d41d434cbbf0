"""What RunInstances asks of IAM: itself on everything that it touches or makes, and what it does in the caller's name.

Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2"; EC2 User Guide, "Grant
permission to tag resources during creation" and "Example policies", launching instances.
"""

from collections.abc import Iterator
from typing import Any

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from .calls import Call
from .launching import BY_PARAMETER
from .policies import Context

RUN, TAG, PASS, READ = "ec2:RunInstances", "ec2:CreateTags", "iam:PassRole", "ssm:GetParameters"
Question = tuple[str, str, Context]


def _tags(asked: dict[str, Any], kind: str) -> Context:
    given = [one for spec in asked.get("TagSpecifications") or [] if spec["ResourceType"] == kind for one in spec["Tags"]]
    context: Context = {f"aws:RequestTag/{one['Key']}": one["Value"] for one in given}
    return {**context, "aws:TagKeys": [one["Key"] for one in given]} if given else {}


def _subnet(asked: dict[str, Any]) -> str | None:
    cards = asked.get("NetworkInterfaces") or []
    return cards[0].get("SubnetId") if cards else asked.get("SubnetId")


def _groups(asked: dict[str, Any]) -> list[str]:
    cards = asked.get("NetworkInterfaces") or []
    return (cards[0].get("Groups") if cards else asked.get("SecurityGroupIds")) or []


def _profile(asked: dict[str, Any], account: str, region: str) -> Any:
    given = asked.get("IamInstanceProfile") or {}
    profiles = iam_backends[account][get_partition(region)].instance_profiles.values()
    return next((one for one in profiles if given.get("Name") == one.name or given.get("Arn") == one.arn), None)


def questions(call: Call) -> Iterator[Question]:
    asked: dict[str, Any] = call.response.params
    account, region = call.account, call.region
    partition = get_partition(region)
    own = f"arn:{partition}:ec2:{region}:{account}"
    metadata, disk = asked.get("MetadataOptions") or {}, {}
    for mapping in asked.get("BlockDeviceMappings") or []:
        disk = mapping.get("Ebs") or disk
    instance: Context = {
        "ec2:InstanceType": asked.get("InstanceType", "m1.small"),
        "ec2:MetadataHttpTokens": metadata.get("HttpTokens", "optional"),
        "ec2:MetadataHttpPutResponseHopLimit": str(metadata.get("HttpPutResponseHopLimit", 1)),
        **_tags(asked, "instance"),
    }
    profile = _profile(asked, account, region)
    if profile:
        instance["ec2:InstanceProfile"] = profile.arn
    yield RUN, f"{own}:instance/*", instance
    volume = {"ec2:Encrypted": str(disk.get("Encrypted", False)).lower(), "ec2:VolumeSize": str(disk.get("VolumeSize", 8))}
    yield RUN, f"{own}:volume/*", {**volume, **_tags(asked, "volume")}
    yield RUN, f"{own}:network-interface/*", _tags(asked, "network-interface")
    if subnet := _subnet(asked):
        yield RUN, f"{own}:subnet/{subnet}", {}
    for group in _groups(asked):
        yield RUN, f"{own}:security-group/{group}", {}
    image = asked.get("ImageId") or ""
    if image.startswith(BY_PARAMETER):
        yield READ, f"arn:{partition}:ssm:{region}::parameter{image.removeprefix(BY_PARAMETER)}", {}
        yield RUN, f"arn:{partition}:ec2:{region}::image/*", {"ec2:Owner": "amazon"}
    else:
        known = ec2_backends[account][region].amis.get(image)
        yield RUN, f"arn:{partition}:ec2:{region}::image/{image}", {"ec2:Owner": getattr(known, "owner_id", "")}
    for spec in asked.get("TagSpecifications") or []:
        kind = spec["ResourceType"]
        yield TAG, f"{own}:{kind}/*", {"ec2:CreateAction": "RunInstances", **_tags(asked, kind)}
    if profile:
        for role in profile.roles:
            yield PASS, role.arn, {"iam:PassedToService": "ec2.amazonaws.com"}
