"""Runs things later, in due order, on one thread: thousands of pending transitions cost one heap, not a thread each."""

import heapq
import itertools
import sys
import threading
import time
import traceback
from collections.abc import Callable


class Schedule:
    def __init__(self, name: str):
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Equal due times keep the order in which they were asked for."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + max(seconds, 0), next(self._order), action))
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due or self._due[0][0] > time.monotonic():
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                action = heapq.heappop(self._due)[2]
            try:
                action()
            except Exception:
                traceback.print_exc(file=sys.stderr)
