"""Publishes what happens to EC2 on each account's default bus, with knobs that make the way there unreliable."""

import random
import threading
import time
import uuid
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from . import buses
from .schedule import Schedule

KEPT = 10_000


@dataclass
class Knobs:
    """Probabilities in 0..1; delays in milliseconds. `reorder` holds an event back so that later ones pass it."""

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    reorder_ms: float = 2000.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0


@dataclass(frozen=True)
class Published:
    at: float
    account: str
    region: str
    event: dict[str, Any]


class EventSource:
    def __init__(self, seed: int, delay: float):
        self._lock = threading.Lock()
        self._schedule = Schedule("events")
        self._random = random.Random(seed)
        self._kept: list[Published] = []
        self._delay = delay
        self.knobs = Knobs()

    def turn(self, wanted: dict[str, Any]) -> None:
        """Unnamed knobs go back to rest; `seed` begins the random sequence anew."""
        unknown = wanted.keys() - {one.name for one in fields(Knobs)} - {"seed"}
        if unknown:
            raise ValueError(f"no such knob: {', '.join(sorted(unknown))}")
        with self._lock:
            self.knobs = Knobs(**{k: v for k, v in wanted.items() if k != "seed"})
            if "seed" in wanted:
                self._random = random.Random(wanted["seed"])

    def publish(
        self, account: str, region: str, source: str, kind: str, resources: list[str], detail: dict[str, Any]
    ) -> None:
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": kind,
            "source": source,
            "account": account,
            "time": buses.iso(datetime.now(UTC)),
            "region": region,
            "resources": resources,
            "detail": detail,
        }
        published = Published(time.time(), account, region, event)
        with self._lock:
            self._kept.append(published)
            del self._kept[:-KEPT]
            delays = self._draw()
        buses.count("published")
        for delay in delays:
            self._later(published, delay)

    def _draw(self) -> list[float]:
        """The delays in seconds of each copy that is sent; none when the event is lost."""
        knobs, chance = self.knobs, self._random.random
        if chance() < knobs.drop:
            buses.count("dropped")
            return []
        copies = 1
        if chance() < knobs.duplicate:
            buses.count("duplicated")
            copies = 2
        delays = []
        for _ in range(copies):
            delay = self._delay + (knobs.delay_ms + chance() * knobs.jitter_ms) / 1000
            if chance() < knobs.reorder:
                buses.count("reordered")
                delay += chance() * knobs.reorder_ms / 1000
            delays.append(delay)
        return delays

    def _later(self, published: Published, delay: float) -> None:
        def arrive() -> None:
            bus = buses.find_bus(None, published.account, published.region)
            buses.deliver(bus, published.event)

        self._schedule.after(delay, arrive)

    def replay(self, since: float = 0, instance: str | None = None, kind: str | None = None, **match: Any) -> int:
        """Sends kept events again, unchanged. `since` in seconds since 1970; `match` compares fields of `detail`."""
        with self._lock:
            chosen = [
                one
                for one in self._kept
                if one.at >= since
                and (kind is None or one.event["detail-type"] == kind)
                and (instance is None or instance in str(one.event))
                and all(one.event["detail"].get(k) == v for k, v in match.items())
            ]
        for one in chosen:
            self._later(one, 0)
        buses.count("replayed", len(chosen))
        return len(chosen)

    def inject(self, account: str, region: str, event: dict[str, Any]) -> None:
        """An event as AWS itself would put it on the bus, with whatever the caller made up inside."""
        bus = buses.find_bus(None, account, region)
        self._schedule.after(0, lambda: buses.deliver(bus, event))

    def recent(self, limit: int) -> list[dict[str, Any]]:
        with self._lock:
            return [one.event for one in self._kept[-limit:]]
