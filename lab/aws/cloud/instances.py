"""Look-up of instances by id through an index, and the errors EC2 gives for ids it does not know."""

import itertools
import re
import threading
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.responses.instances import InstanceResponse

from .calls import Refusal

WELL_FORMED = re.compile(r"i-[0-9a-f]{8}(?:[0-9a-f]{9})?")


def check_ids(instance_ids: list[str]) -> None:
    for one in instance_ids:
        if not WELL_FORMED.fullmatch(one):
            raise Refusal("InvalidInstanceID.Malformed", f'Invalid id: "{one}"')


def find_all(backend: Any, instance_ids: list[str]) -> list[Any]:
    """In the order asked for; every unknown id is named in one error, as EC2 does."""
    check_ids(instance_ids)
    unknown = [one for one in instance_ids if one not in backend.lab_instances]
    if unknown:
        raise InvalidInstanceIdError(unknown)
    return [backend.lab_instances[one] for one in dict.fromkeys(instance_ids)]


def _prepare(backend: Any) -> None:
    backend.lab_instances = {}
    backend.lab_order = itertools.count(1)
    backend.lab_lock = threading.RLock()
    backend.lab_epoch = 0


def _get_instance_by_id(backend: Any, instance_id: str) -> Any:
    return find_all(backend, [instance_id])[0]


def _get_multi(backend: Any, instance_ids: list[str], filters: Any = None) -> list[Any]:
    return [one for one in find_all(backend, instance_ids) if one.applies(filters)]


def _changing(verb: str, key: str) -> Any:
    """StartInstances and its kin: all ids are looked up before any changes, and states are told as they are."""

    def answer(response: InstanceResponse) -> ActionResult:
        instance_ids = response._get_param("InstanceIds", [])
        backend = response.ec2_backend
        find_all(backend, instance_ids)
        response.error_on_dryrun()
        with backend.lab_lock:
            changed = getattr(backend, f"{verb}_instances")(instance_ids)
            return ActionResult(
                {
                    key: [
                        {
                            "InstanceId": instance.id,
                            "CurrentState": {"Code": instance.lab_told.code, "Name": instance.lab_told.name},
                            "PreviousState": {"Code": previous.code, "Name": previous.name},
                        }
                        for instance, previous in changed
                    ]
                }
            )

    return answer


def install() -> None:
    make = EC2Backend.__init__

    def init(backend: Any, *args: Any, **kwargs: Any) -> None:
        _prepare(backend)
        make(backend, *args, **kwargs)

    make_instance = Instance.__init__

    def init_instance(instance: Any, backend: Any, *args: Any, **kwargs: Any) -> None:
        make_instance(instance, backend, *args, **kwargs)
        instance.lab_order = next(backend.lab_order)
        backend.lab_instances[instance.id] = instance

    EC2Backend.__init__ = init
    Instance.__init__ = init_instance
    InstanceBackend.get_instance = _get_instance_by_id
    InstanceBackend.get_instance_by_id = _get_instance_by_id
    InstanceBackend.get_multi_instances_by_id = _get_multi
    InstanceResponse.start_instances = _changing("start", "StartingInstances")
    InstanceResponse.stop_instances = _changing("stop", "StoppingInstances")
    terminate = _changing("terminate", "TerminatingInstances")

    def terminate_instances(response: InstanceResponse) -> ActionResult:
        answer = terminate(response)
        _tell_groups(response)
        return answer

    InstanceResponse.terminate_instances = terminate_instances


def _tell_groups(response: InstanceResponse) -> None:
    """Auto Scaling groups and target groups learn of the end, as in moto's own answer."""
    from moto.autoscaling.models import autoscaling_backends
    from moto.elbv2.models import elbv2_backends

    instance_ids = response._get_param("InstanceIds", [])
    for backends in (autoscaling_backends, elbv2_backends):
        backends[response.current_account][response.region].notify_terminate_instances(instance_ids)
