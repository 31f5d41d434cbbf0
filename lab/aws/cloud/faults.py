"""Failures on demand: errors, throttling, delays, lost replies, short pages, stale reads, regions switched off."""

import random
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from . import calls
from .calls import Call, Refusal, Reply


class Target(Protocol):
    @property
    def action(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def region(self) -> str: ...


@dataclass
class Fault:
    action: str | None = None
    service: str | None = None
    account: str | None = None
    region: str | None = None
    count: int | None = None
    every: int = 1
    probability: float = 1.0
    delay_ms: float = 0
    code: str | None = None
    message: str = "The lab was told to fail this call."
    status: int | None = None
    lost_reply: bool = False
    rate: float | None = None
    burst: float = 1
    short_page: int | None = None
    stale_ms: float | None = None
    switched_off: list[str] = field(default_factory=list)
    seen: int = 0
    hits: int = 0
    buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def matches(self, call: Target) -> bool:
        wanted = (self.action, self.service, self.account, self.region)
        given = (call.action, call.service, call.account, call.region)
        return all(want in (None, "*", have) for want, have in zip(wanted, given, strict=True))

    def has_token(self, key: str) -> bool:
        """A token bucket for each account and region, as EC2 keeps them: `rate` tokens a second, `burst` at most."""
        now = time.monotonic()
        level, at = self.buckets.get(key, (self.burst, now))
        level = min(self.burst, level + (now - at) * (self.rate or 0))
        self.buckets[key] = (level - 1 if level >= 1 else level, now)
        return level >= 1


class Faults:
    def __init__(self, seed: int):
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._random = random.Random(seed)

    def replace(self, wanted: list[dict[str, Any]], seed: int | None = None) -> None:
        faults = [Fault(**one) for one in wanted]
        with self._lock:
            self._faults = faults
            if seed is not None:
                self._random = random.Random(seed)

    def describe(self) -> list[dict[str, Any]]:
        with self._lock:
            return [{k: v for k, v in asdict(one).items() if k != "buckets"} for one in self._faults]

    def draw(self, call: Target) -> list[Fault]:
        """The faults that strike this call; each one's `count` goes down."""
        with self._lock:
            return [one for one in self._faults if one.matches(call) and self._strikes(one, call)]

    def _strikes(self, fault: Fault, call: Target) -> bool:
        if fault.count is not None and fault.hits >= fault.count:
            return False
        fault.seen += 1
        if fault.seen % fault.every or self._random.random() >= fault.probability:
            return False
        if fault.rate is not None and fault.has_token(f"{call.account}/{call.region}"):
            return False
        fault.hits += 1
        return True


def install(faults: Faults) -> None:
    def strike(call: Call) -> Reply | None:
        struck = faults.draw(call)
        for fault in struck:
            if fault.delay_ms:
                time.sleep(fault.delay_ms / 1000)
            if fault.short_page is not None:
                call.notes["short_page"] = fault.short_page
            if fault.stale_ms is not None:
                call.notes["stale_s"] = fault.stale_ms / 1000
            if fault.switched_off:
                call.notes["switched_off"] = fault.switched_off
            if fault.rate is not None and fault.code is None:
                raise Refusal("RequestLimitExceeded", "Request limit exceeded.", 503)
            if fault.code and fault.lost_reply:
                call.notes["lost_reply"] = Refusal(fault.code, fault.message, fault.status)
            elif fault.code:
                raise Refusal(fault.code, fault.message, fault.status)
        return None

    def lose_reply(call: Call, reply: Reply) -> Reply | None:
        lost = call.notes.get("lost_reply")
        return call.refuse(lost) if lost else None

    calls.before(strike)
    calls.after(lose_reply)
