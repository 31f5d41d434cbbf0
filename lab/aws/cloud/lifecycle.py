"""An instance's life as EC2 has it: states take time, a wrong order is refused, what ended gives back its address."""

import time
from collections.abc import Callable
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.instances import Instance, InstanceState, StateReason

from .calls import Refusal
from .schedule import Schedule
from .settings import Settings

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html
CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
ENDED = ("shutting-down", "terminated")

_watchers: list[Callable[[Any, str], None]] = []


def on_state(watcher: Callable[[Any, str], None]) -> None:
    """`watcher` is called with (instance, its new state) after each change."""
    _watchers.append(watcher)


def mark_changed(instance: Any) -> None:
    """Whoever keeps a picture of this instance must draw it anew."""
    instance.lab_version = getattr(instance, "lab_version", 0) + 1


def set_state(instance: Any, name: str) -> None:
    # A new object, never a changed one: replies hold on to the previous state.
    instance._state = InstanceState(name, CODES[name])
    instance.lab_states = [*getattr(instance, "lab_states", []), (time.monotonic(), name)]
    mark_changed(instance)
    for watcher in _watchers:
        watcher(instance, name)


def refuse_unless(instance: Any, allowed: tuple[str, ...], verb: str) -> None:
    if instance._state.name not in allowed:
        raise Refusal(
            "IncorrectInstanceState",
            f"The instance '{instance.id}' is not in a state from which it can be {verb}.",
        )


class Lifecycle:
    def __init__(self, settings: Settings, schedule: Schedule):
        self._settings = settings
        self._schedule = schedule

    def launched(self, instance: Any) -> None:
        self._turn(instance, "pending")
        self._become(instance, "pending", "running", self._settings.pending)

    def start(self, instance: Any) -> InstanceState:
        refuse_unless(instance, ("stopped", "running", "pending"), "started")
        previous = instance.lab_told = instance._state
        if previous.name == "stopped":
            for nic in instance.nics.values():
                nic.start()
            _give_reason(instance, "", "")
            self.launched(instance)
        return previous

    def stop(self, instance: Any, by_guest: bool = False) -> InstanceState:
        refuse_unless(instance, ("running", "stopping", "stopped"), "stopped")
        previous = instance.lab_told = instance._state
        if previous.name == "running":
            for nic in instance.nics.values():
                nic.stop()
            _give_end_reason(instance, by_guest)
            self._turn(instance, "stopping")
            self._become(instance, "stopping", "stopped", self._settings.stopping)
        return previous

    def terminate(self, instance: Any, dismantle: Callable[[Any], Any], by_guest: bool = False) -> InstanceState:
        """`dismantle` is moto's own terminate: volumes, fleets and profile associations."""
        previous = instance.lab_told = instance._state
        if previous.name not in ENDED:
            # The interfaces go when it is terminated; moto would free their addresses now.
            kept = [(nic, nic.delete_on_termination) for nic in instance.nics.values()]
            for nic, _ in kept:
                nic.delete_on_termination = False
            dismantle(instance)
            for nic, deletes in kept:
                nic.delete_on_termination = deletes
            _give_end_reason(instance, by_guest)
            self._turn(instance, "shutting-down")
            self._become(instance, "shutting-down", "terminated", self._settings.stopping)
        return previous

    def _turn(self, instance: Any, name: str) -> None:
        """The first step, which the reply to the call tells even when the second follows at once."""
        set_state(instance, name)
        instance.lab_told = instance._state

    def _become(self, instance: Any, now: str, then: str, seconds: float) -> None:
        begun = instance._state

        def turn() -> None:
            with instance.ec2_backend.lab_lock:
                if instance._state is not begun:
                    return
                if then == "terminated":
                    _release_addresses(instance)
                    self._schedule.after(self._settings.purge, lambda: _forget(instance))
                set_state(instance, then)

        if seconds <= 0:
            turn()
        else:
            self._schedule.after(seconds, turn)


def _give_reason(instance: Any, code: str, text: str) -> None:
    instance._reason = text and f"{text} ({utcnow().strftime('%Y-%m-%d %H:%M:%S')} GMT)"
    instance.state_reason = StateReason(f"{code}: {text}", code) if code else StateReason()


def _give_end_reason(instance: Any, by_guest: bool) -> None:
    if by_guest:
        _give_reason(instance, "Client.InstanceInitiatedShutdown", "Instance initiated shutdown")
    else:
        _give_reason(instance, "Client.UserInitiatedShutdown", "User initiated shutdown")


def _release_addresses(instance: Any) -> None:
    """What EC2 does between shutting-down and terminated; the next launch may be given the same address."""
    instance.lab_network_before = (dict(instance.nics), instance._subnet_id)
    if instance._subnet_id:
        subnet = instance.ec2_backend.get_subnet(instance._subnet_id)
        for address in instance._private_ips:
            subnet.del_subnet_ip(address)
    for nic in instance.nics.values():
        instance.ec2_backend.enis.pop(nic.id, None)
    instance._private_ips = set()
    instance.nics = {}
    instance._subnet_id = None


def _forget(instance: Any) -> None:
    backend = instance.ec2_backend
    with backend.lab_lock:
        reservation = backend.reservations.get(instance.lab_reservation_id)
        if reservation and instance in reservation.instances:
            reservation.instances.remove(instance)
            if not reservation.instances:
                backend.reservations.pop(reservation.id, None)
        backend.lab_instances.pop(instance.id, None)
        backend.tags.pop(instance.id, None)


def _without_network(name: str) -> None:
    """moto reads the first interface without asking whether there is one; a terminated instance has none."""
    original = getattr(Instance, name).fget
    setattr(Instance, name, property(lambda instance: original(instance) if instance.nics else None))


def install(lifecycle: Lifecycle) -> Callable[[Any], Any]:
    """Gives back moto's own terminate, which Lifecycle.terminate needs to take volumes and the like apart."""
    dismantle = Instance.terminate
    Instance.start = lambda instance: lifecycle.start(instance)
    Instance.stop = lambda instance: lifecycle.stop(instance)
    Instance.terminate = lambda instance: lifecycle.terminate(instance, dismantle)
    Instance.reboot = lambda instance: refuse_unless(instance, ("running", "pending"), "rebooted")
    for name in ("private_ip", "private_ip_address", "private_dns_name", "public_ip", "public_ip_address"):
        _without_network(name)
    return dismantle
