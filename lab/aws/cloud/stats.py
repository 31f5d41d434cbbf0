"""How often each action was called, by account and region."""

import threading
from collections import Counter
from typing import Any

from . import calls
from .calls import Call, Reply
from .faults import Target


class Stats:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[tuple[str, str, str, str]] = Counter()
        self._failed: Counter[tuple[str, str, str, str]] = Counter()

    def count(self, call: Target, status: int) -> None:
        key = (call.account, call.region, call.service, call.action)
        with self._lock:
            self._calls[key] += 1
            if status >= 400:
                self._failed[key] += 1

    def describe(self) -> dict[str, Any]:
        with self._lock:
            rows = [
                {
                    **dict(zip(("account", "region", "service", "action"), key, strict=True)),
                    "calls": n,
                    "failed": self._failed[key],
                }
                for key, n in sorted(self._calls.items())
            ]
            return {"calls": rows}

    def reset(self) -> None:
        with self._lock:
            self._calls.clear()
            self._failed.clear()


def install(stats: Stats) -> None:
    def count(call: Call, reply: Reply) -> None:
        stats.count(call, int(reply[0]))

    calls.after(count)
