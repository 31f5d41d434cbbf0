"""RunInstances as EC2 has it: counts, idempotency, checks, defaults and everything a launch template may say."""

import base64
import json
import threading
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.responses.instances import InstanceResponse
from moto.ssm.models import ssm_backends

from . import tags
from .calls import Refusal
from .lifecycle import Lifecycle, mark_changed
from .networks import default_subnet_id

USER_DATA_LIMIT = 16_384
# EC2 looks an image up by the name of a public parameter (EC2 User Guide, "Reference AMIs using Systems Manager parameters").
BY_PARAMETER = "resolve:ssm:"
# What moto takes from the request alone although a template may carry it.
FROM_TEMPLATE = (
    "IamInstanceProfile",
    "InstanceInitiatedShutdownBehavior",
    "MetadataOptions",
    "Monitoring",
    "NetworkInterfaces",
    "DisableApiTermination",
    "ImageId",
    "UserData",
)


class Launches:
    """The launches that carried a ClientToken: EC2 answers a repeated one with the instances it made at first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str, str], tuple[str, Any]] = {}
        self._busy: dict[tuple[str, str, str], threading.Lock] = {}

    def run(self, response: InstanceResponse, launch: Any) -> Any:
        token = response._get_param("ClientToken")
        if not token:
            return launch()
        key = (response.current_account, response.region, token)
        asked = json.dumps(
            {k: v for k, v in response.params.items() if k != "ClientToken"}, sort_keys=True, default=str
        )
        with self._lock:
            busy = self._busy.setdefault(key, threading.Lock())
        with busy:
            if key in self._made:
                made_for, reservation = self._made[key]
                if made_for != asked:
                    raise Refusal(
                        "IdempotentParameterMismatch",
                        "Arguments on this idempotent request are inconsistent with those of an earlier one.",
                    )
                return reservation
            reservation = launch()
            self._made[key] = (asked, reservation)
            return reservation


def _merge_template(response: InstanceResponse) -> None:
    wanted = response._get_param("LaunchTemplate")
    if not wanted:
        return
    template = response.ec2_backend._get_template_from_args(wanted).data
    for name in FROM_TEMPLATE:
        if response._get_param(name) is None and template.get(name) is not None:
            response.params[name] = template[name]


def _resolve_image(response: InstanceResponse) -> None:
    image = response._get_param("ImageId") or ""
    if not image.startswith(BY_PARAMETER):
        return
    name = image.removeprefix(BY_PARAMETER)
    found = ssm_backends[response.current_account][response.region].get_parameter(name)
    if found is None:
        raise Refusal("InvalidParameterValue", f"The parameter {name} does not exist")
    response.params["ImageId"] = found.value


def _check_counts(response: InstanceResponse) -> int:
    least, most = response._get_param("MinCount"), response._get_param("MaxCount")
    for name, count in (("MinCount", least), ("MaxCount", most)):
        if count is None:
            raise Refusal("MissingParameter", f"The request must contain the parameter {name}")
        if int(count) < 1:
            raise Refusal("InvalidParameterValue", f"Value ({count}) for parameter {name} is invalid. Minimum is 1.")
    if int(least) > int(most):
        raise Refusal("InvalidParameterValue", f"Value ({least}) for parameter minCount is invalid.")
    return int(most)


def _check_request(response: InstanceResponse) -> None:
    backend = response.ec2_backend
    image = response._get_param("ImageId")
    if not image:
        raise Refusal("MissingParameter", "The request must contain the parameter ImageId")
    if image not in backend.amis:
        raise Refusal("InvalidAMIID.NotFound", f"The image id '[{image}]' does not exist")
    key = response._get_param("KeyName")
    if key and key not in backend.key_pairs:
        raise Refusal("InvalidKeyPair.NotFound", f"The key pair '{key}' does not exist")
    behaviour = response._get_param("InstanceInitiatedShutdownBehavior")
    if behaviour not in (None, "stop", "terminate"):
        raise Refusal(
            "InvalidParameterValue",
            f"Value ({behaviour}) for parameter instanceInitiatedShutdownBehavior is invalid.",
        )
    user_data = response._get_param("UserData")
    if user_data and len(base64.b64decode(user_data, validate=False)) > USER_DATA_LIMIT:
        raise Refusal("InvalidParameterValue", f"User data is limited to {USER_DATA_LIMIT} bytes")
    for spec in response._get_param("TagSpecifications", []):
        keys = [tag["Key"] for tag in spec.get("Tags", [])]
        for name in keys:
            if keys.count(name) > 1:
                raise Refusal("InvalidParameterValue", f"Duplicate tag key '{name}' specified.")
            if name.startswith("aws:"):
                raise Refusal("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")


def _choose_subnet(response: InstanceResponse, count: int) -> None:
    nics = response._get_param("NetworkInterfaces", [])
    if nics:
        return
    chosen = response._get_param("SubnetId")
    if not chosen:
        zone = response._get_param("Placement.AvailabilityZone")
        chosen = default_subnet_id(response.ec2_backend, zone)
        if not chosen:
            raise Refusal("VPCIdNotSpecified", "No default VPC for this user")
        response.params["SubnetId"] = chosen
    subnet = response.ec2_backend.get_subnet(chosen)
    if subnet.cidr.num_addresses - 5 - len(subnet._subnet_ips) < count:
        raise Refusal(
            "InsufficientFreeAddressesInSubnet",
            f"There are not enough free addresses in subnet '{chosen}' to satisfy the requested number of instances.",
        )


def _share_profile(backend: Any, instances: list[Any]) -> None:
    """moto gives the profile to the first instance of a launch only."""
    first = backend.iam_instance_profile_associations.get(instances[0].id)
    for instance in instances[1:] if first else []:
        profile = first.iam_instance_profile
        backend.associate_iam_instance_profile(instance.id, iam_instance_profile_name=profile.name)


def install(lifecycle: Lifecycle) -> None:
    answer_by_moto = InstanceResponse.run_instances
    run_by_moto = InstanceBackend.run_instances
    launches = Launches()

    def run_instances(response: InstanceResponse) -> ActionResult:
        _merge_template(response)
        _resolve_image(response)
        count = _check_counts(response)
        _check_request(response)

        def launch() -> Any:
            _choose_subnet(response, count)
            # moto makes MinCount instances, EC2 as many as it can up to MaxCount.
            response.params["MinCount"] = count
            reservation = answer_by_moto(response)._result
            _share_profile(response.ec2_backend, reservation.instances)
            for instance in reservation.instances:
                mark_changed(instance)
            return reservation

        return ActionResult(launches.run(response, launch))

    def run(backend: Any, *args: Any, **kwargs: Any) -> Any:
        if not kwargs.get("subnet_id") and not kwargs.get("nics"):
            # Auto Scaling and CloudFormation come this way, without a request that was looked over.
            kwargs["subnet_id"] = default_subnet_id(backend, kwargs.get("placement"))
        with backend.lab_lock:
            with tags.gathering(backend):
                reservation = run_by_moto(backend, *args, **kwargs)
                for instance in reservation.instances:
                    instance.lab_reservation_id = reservation.id
            for instance in reservation.instances:
                instance.nics[0].delete_on_termination = True
                lifecycle.launched(instance)
        return reservation

    InstanceResponse.run_instances = run_instances
    InstanceBackend.run_instances = run
