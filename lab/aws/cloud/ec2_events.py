"""What AWS itself tells of an instance: its changes of state and of tags.

Shapes: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html
and https://docs.aws.amazon.com/tag-editor/latest/userguide/monitor-tag-changes.html
"""

import itertools
from typing import Any

from . import lifecycle, tags
from .event_source import EventSource

_versions = itertools.count(1)


def instance_arn(backend: Any, instance_id: str) -> str:
    return f"arn:{backend.partition}:ec2:{backend.region_name}:{backend.account_id}:instance/{instance_id}"


def install(source: EventSource) -> None:
    def tell_state(instance: Any, state: str) -> None:
        backend = instance.ec2_backend
        source.publish(
            backend.account_id,
            backend.region_name,
            "aws.ec2",
            "EC2 Instance State-change Notification",
            [instance_arn(backend, instance.id)],
            {"instance-id": instance.id, "state": state},
        )

    def tell_tags(backend: Any, resource_id: str, keys: set[str]) -> None:
        if not resource_id.startswith("i-"):
            return
        source.publish(
            backend.account_id,
            backend.region_name,
            "aws.tag",
            "Tag Change on Resource",
            [instance_arn(backend, resource_id)],
            {
                "changed-tag-keys": sorted(keys),
                "service": "ec2",
                "resource-type": "instance",
                "version": next(_versions),
                "tags": tags.tags_of(backend, resource_id),
            },
        )

    lifecycle.on_state(tell_state)
    tags.on_change(tell_tags)
