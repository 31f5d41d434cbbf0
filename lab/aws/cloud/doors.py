"""The lab's own doors beside AWS's: what a world needs to know and what a test may do to it. All of it is JSON."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qs

from moto.ec2.models import ec2_backends

from . import buses, instance_view, stack_resources
from .console import Hosts, find_instance
from .event_source import EventSource
from .faults import Faults
from .lifecycle import Lifecycle
from .permissions import Asked
from .sessions import Sessions
from .stats import Stats
from .timetable import Timetable


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"null")


class DoorError(Exception):
    def __init__(self, status: int, text: str):
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Doors:
    faults: Faults
    stats: Stats
    sessions: Sessions
    asked: Asked
    events: EventSource
    hosts: Hosts
    lifecycle: Lifecycle
    dismantle: Callable[[Any], Any]
    timetable: Timetable

    def answer(self, request: Request) -> Any:
        parts = request.path.removeprefix("/lab/").split("/")
        door = getattr(self, f"_{request.method.lower()}_{parts[0].replace('-', '_')}", None)
        if door is None:
            raise DoorError(404, f"no such door: {request.method} {request.path}")
        try:
            return door(request, *parts[1:])
        except (TypeError, ValueError, KeyError) as error:
            raise DoorError(400, f"{type(error).__name__}: {error}") from error

    def _get_faults(self, _: Request) -> Any:
        return self.faults.describe()

    def _post_faults(self, request: Request) -> Any:
        body = request.json()
        wanted = body if isinstance(body, list) else body.get("faults", [])
        self.faults.replace(wanted, None if isinstance(body, list) else body.get("seed"))
        return self.faults.describe()

    def _delete_faults(self, _: Request) -> Any:
        self.faults.replace([])
        return []

    def _get_stats(self, _: Request) -> Any:
        return self.stats.describe()

    def _delete_stats(self, _: Request) -> Any:
        self.stats.reset()
        return {}

    def _get_assumed(self, _: Request) -> Any:
        return self.sessions.describe()

    def _get_permissions(self, _: Request) -> Any:
        return self.asked.describe()

    def _delete_permissions(self, _: Request) -> Any:
        self.asked.reset()
        return {}

    def _get_events(self, request: Request) -> Any:
        limit = int(request.query.get("limit", "100"))
        return {
            "knobs": asdict(self.events.knobs),
            "counts": dict(buses.counts),
            "refused": list(buses.refused),
            "recent": self.events.recent(limit),
        }

    def _post_events(self, request: Request, verb: str = "") -> Any:
        body = request.json() or {}
        if verb == "replay":
            return {"replayed": self.events.replay(**body)}
        if verb == "inject":
            self.events.inject(**body)
            return {}
        if verb:
            raise DoorError(404, f"no such verb: {verb}")
        self.events.turn(body)
        return asdict(self.events.knobs)

    def _get_instances(self, request: Request, instance_id: str = "", verb: str = "") -> Any:
        if verb == "credentials":
            return instance_view.credentials_of(self._find(instance_id))
        if instance_id:
            return instance_view.describe(self._find(instance_id))
        wanted = request.query.get("state")
        return [
            told
            for regions in list(ec2_backends.values())
            for backend in list(regions.values())
            for told in instance_view.describe_all(backend, wanted)
        ]

    def _post_instances(self, request: Request, instance_id: str, verb: str) -> Any:
        """What the host itself did: it powered off, or (`state`) was stopped or terminated from within."""
        instance = self._find(instance_id)
        if verb != "state":
            raise DoorError(404, f"no such verb: {verb}")
        state = request.json()["state"]
        if state == "powered-off":
            behaviour = instance.instance_initiated_shutdown_behavior
            state = "terminated" if behaviour == "terminate" else "stopped"
        with instance.ec2_backend.lab_lock:
            if state == "stopped":
                self.lifecycle.stop(instance, by_guest=True)
            elif state == "terminated":
                self.lifecycle.terminate(instance, self.dismantle, by_guest=True)
            else:
                raise ValueError(f"a host cannot become {state} by itself")
        return instance_view.describe(instance)

    def _put_console(self, request: Request, instance_id: str) -> Any:
        self.hosts.put_console(self._find(instance_id).id, request.body.decode(errors="replace"))
        return {}

    def _put_password(self, request: Request, instance_id: str) -> Any:
        self.hosts.put_password(self._find(instance_id).id, request.body.decode().strip())
        return {}

    def _get_instance_connect(self, request: Request) -> Any:
        keys = self.hosts.keys(request.query["instance"], request.query.get("user"))
        return [asdict(one) for one in keys]

    def _get_ignored(self, _: Request) -> Any:
        return sorted(stack_resources.ignored)

    def _post_schedules(self, request: Request, verb: str) -> Any:
        if verb != "fire":
            raise DoorError(404, f"no such verb: {verb}")
        return {"fired": self.timetable.fire((request.json() or {}).get("name"))}

    def _find(self, instance_id: str) -> Any:
        instance = find_instance(instance_id)
        if instance is None:
            raise DoorError(404, f"no such instance: {instance_id}")
        return instance


def parse(environ: dict[str, Any]) -> Request:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    query = {k: v[0] for k, v in parse_qs(environ.get("QUERY_STRING", "")).items()}
    return Request(environ["REQUEST_METHOD"], environ["PATH_INFO"], query, environ["wsgi.input"].read(length))
