"""What a host says of itself (console, Windows password), and the SSH keys that EC2 Instance Connect sent it."""

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.ec2.responses.general import General
from moto.ec2.responses.windows import Windows
from moto.ec2instanceconnect.responses import Ec2InstanceConnectResponse

from .calls import Refusal

# https://docs.aws.amazon.com/ec2-instance-connect/latest/APIReference/API_SendSSHPublicKey.html
KEY_LIFE = 60.0
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html: the last 64 KB are kept.
CONSOLE_LIMIT = 65_536


@dataclass(frozen=True)
class SentKey:
    instance: str
    user: str
    key: str
    zone: str | None
    account: str
    at: float
    until: float


class Hosts:
    """What hosts posted and were sent, by instance id."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._consoles: dict[str, tuple[str, Any]] = {}
        self._passwords: dict[str, str] = {}
        self._keys: list[SentKey] = []

    def put_console(self, instance_id: str, text: str) -> None:
        with self._lock:
            self._consoles[instance_id] = (text[-CONSOLE_LIMIT:], utcnow())

    def console(self, instance_id: str) -> tuple[str, Any] | None:
        return self._consoles.get(instance_id)

    def put_password(self, instance_id: str, encrypted: str) -> None:
        self._passwords[instance_id] = encrypted

    def password(self, instance_id: str) -> str:
        return self._passwords.get(instance_id, "")

    def send_key(self, key: SentKey) -> None:
        with self._lock:
            self._keys.append(key)

    def keys(self, instance_id: str, user: str | None) -> list[SentKey]:
        now = time.time()
        with self._lock:
            self._keys = [one for one in self._keys if one.until > now]
            return [one for one in self._keys if one.instance == instance_id and user in (None, one.user)]


def find_instance(instance_id: str) -> Any | None:
    for regions in list(ec2_backends.values()):
        for backend in list(regions.values()):
            if instance_id in backend.lab_instances:
                return backend.lab_instances[instance_id]
    return None


def install(hosts: Hosts) -> None:
    def get_console_output(response: General) -> ActionResult:
        instance = response.ec2_backend.get_instance(response._get_param("InstanceId"))
        said = hosts.console(instance.id)
        result: dict[str, Any] = {"InstanceId": instance.id, "Timestamp": said[1] if said else utcnow()}
        if said:
            result["Output"] = Base64EncodedString.from_raw_string(said[0])
        return ActionResult(result)

    def get_password_data(response: Windows) -> ActionResult:
        instance = response.ec2_backend.get_instance(response._get_param("InstanceId"))
        data = hosts.password(instance.id)
        return ActionResult({"InstanceId": instance.id, "Timestamp": utcnow(), "PasswordData": data})

    def send_ssh_public_key(response: Ec2InstanceConnectResponse) -> str:
        asked = json.loads(response.body)
        instance_id = asked["InstanceId"]
        backend = ec2_backends[response.current_account][response.region]
        instance = backend.lab_instances.get(instance_id)
        if instance is None:
            raise Refusal("EC2InstanceNotFoundException", "Instance not found", 404)
        if instance._state.name != "running":
            raise Refusal("EC2InstanceStateInvalidException", "Instance is not running", 400)
        zone = asked.get("AvailabilityZone")
        if zone and zone != instance.placement.zone:
            raise Refusal("InvalidArgsException", "The instance is not in that Availability Zone", 400)
        if not asked["SSHPublicKey"].startswith(("ssh-rsa ", "ssh-ed25519 ")):
            raise Refusal("InvalidArgsException", "The public key is not of a kind that is taken", 400)
        now = time.time()
        hosts.send_key(
            SentKey(
                instance_id,
                asked["InstanceOSUser"],
                asked["SSHPublicKey"].strip(),
                zone,
                response.current_account,
                now,
                now + KEY_LIFE,
            )
        )
        return json.dumps({"RequestId": f"{int(now * 1000):x}", "Success": True})

    General.get_console_output = get_console_output
    Windows.get_password_data = get_password_data
    Ec2InstanceConnectResponse.send_ssh_public_key = send_ssh_public_key
