"""Launches and ends that a service makes on a customer's behalf, told as CloudTrail does: the service is the caller."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.ec2.models.instances import InstanceBackend

from . import tags
from .calls import Call, current_call
from .cloudtrail import caller_identity, publish, record, service_identity
from .event_source import EventSource

# Services whose calls lead to EC2 calls of their own; moto makes those without a request.
ON_BEHALF = ("autoscaling", "cloudformation")
_acting = threading.local()


@contextmanager
def _acting_as(service: str) -> Iterator[None]:
    earlier = getattr(_acting, "service", None)
    _acting.service = service
    try:
        yield
    finally:
        _acting.service = earlier


def _service(call: Call | None) -> str | None:
    acting = getattr(_acting, "service", None)
    return acting or (call.service if call and call.service in ON_BEHALF else None)


def _identity(call: Call, service: str) -> dict[str, Any]:
    if service == "autoscaling":
        return service_identity(call.account, service)
    return {**caller_identity(call), "invokedBy": f"{service}.amazonaws.com"}


def _launched(instance: Any) -> dict[str, Any]:
    backend = instance.ec2_backend
    named = [{"key": k, "value": v} for k, v in tags.tags_of(backend, instance.id).items()]
    return {
        "instanceId": instance.id,
        "imageId": instance.image_id,
        "instanceState": {"code": 0, "name": "pending"},
        "instanceType": instance.instance_type,
        "launchTime": int(instance.launch_time.timestamp() * 1000),
        "placement": {"availabilityZone": instance.placement.zone},
        "subnetId": instance.subnet_id,
        "vpcId": instance.vpc_id,
        "privateIpAddress": instance.private_ip,
        "tagSet": {"items": named},
    }


def install(source: EventSource) -> None:
    run, terminate = InstanceBackend.run_instances, InstanceBackend.terminate_instances

    def tell(action: str, asked: dict[str, Any], items: list[dict[str, Any]]) -> None:
        call = current_call()
        service = _service(call)
        if call and service:
            outcome = {"responseElements": {"instancesSet": {"items": items}}}
            publish(source, call, record(call, action, _identity(call, service), asked, outcome))

    def run_instances(backend: Any, image_id: str, count: int, *rest: Any, **kwargs: Any) -> Any:
        reservation = run(backend, image_id, count, *rest, **kwargs)
        asked = {"ImageId": image_id, "MinCount": count, "MaxCount": count, "InstanceType": kwargs.get("instance_type")}
        tell("RunInstances", asked, [_launched(one) for one in reservation.instances])
        return reservation

    def terminate_instances(backend: Any, instance_ids: list[str]) -> Any:
        ended = terminate(backend, instance_ids)
        items = [
            {
                "instanceId": instance.id,
                "currentState": {"code": instance.lab_told.code, "name": instance.lab_told.name},
                "previousState": {"code": previous.code, "name": previous.name},
            }
            for instance, previous in ended
        ]
        tell("TerminateInstances", {"InstanceIds": instance_ids}, items)
        return ended

    def by_group(original: Callable[..., Any]) -> Callable[..., Any]:
        def act(*args: Any, **kwargs: Any) -> Any:
            with _acting_as("autoscaling"):
                return original(*args, **kwargs)

        return act

    InstanceBackend.run_instances = run_instances
    InstanceBackend.terminate_instances = terminate_instances
    FakeAutoScalingGroup.set_desired_capacity = by_group(FakeAutoScalingGroup.set_desired_capacity)
    AutoScalingBackend.notify_terminate_instances = by_group(AutoScalingBackend.notify_terminate_instances)
