"""DescribeInstances filters: moto's own, those it lacks, and EC2's wildcards in all of them."""

import fnmatch
from typing import Any

from moto.ec2.utils import filter_dict_attribute_mapping, get_object_value

from .calls import Refusal


def _profile_arn(instance: Any) -> str | None:
    found = instance.ec2_backend.iam_instance_profile_associations.get(instance.id)
    return found.iam_instance_profile.arn if found else None


def _tags(instance: Any) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in instance.get_tags()}


# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
OWN = {
    "client-token": lambda i: i.client_token,
    "iam-instance-profile.arn": _profile_arn,
    "instance-lifecycle": lambda i: i.lifecycle,
    "instance-state-code": lambda i: str(i._state.code),
    "launch-time": lambda i: i.launch_time.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    "metadata-options.http-tokens": lambda i: i.metadata_options.http_tokens,
    "network-interface.network-interface-id": lambda i: [nic.id for nic in i.nics.values()],
    "network-interface.addresses.private-ip-address": lambda i: [nic.private_ip_address for nic in i.nics.values()],
    "network-interface.subnet-id": lambda i: [nic.subnet.id for nic in i.nics.values()],
    "network-interface.vpc-id": lambda i: [nic.subnet.vpc_id for nic in i.nics.values()],
    "platform": lambda i: i.platform,
    "reservation-id": lambda i: i.lab_reservation_id,
    "tag-key": lambda i: list(_tags(i)),
}


def _values(instance: Any, name: str) -> Any:
    if name in OWN:
        return OWN[name](instance)
    if name in filter_dict_attribute_mapping:
        return get_object_value(instance, filter_dict_attribute_mapping[name])
    if name.startswith("tag:"):
        return _tags(instance).get(name.removeprefix("tag:"))
    raise Refusal("InvalidParameterValue", f"The filter '{name}' is invalid")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def passes(instance: Any, wanted: dict[str, list[str]]) -> bool:
    """`*` and `?` are EC2's only wildcards; fnmatch's brackets are made plain."""
    for name, patterns in wanted.items():
        value = _values(instance, name)
        have = [_text(one) for one in (value if isinstance(value, list) else [value]) if one is not None]
        plain = [pattern.replace("[", "[[]") for pattern in patterns]
        if not any(fnmatch.fnmatchcase(one, pattern) for one in have for pattern in plain):
            return False
    return True
