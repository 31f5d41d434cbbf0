"""Scheduled rules and EventBridge Scheduler, which moto keeps and never fires: rate(...), cron(...) and at(...)."""

import re
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from moto.events.models import events_backends
from moto.scheduler.models import scheduler_backends

from . import buses

SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


def _field_holds(field: str, value: int, first: int, names: list[str]) -> bool:
    if field in ("*", "?"):
        return True
    number = lambda text: names.index(text.upper()) + 1 if text.upper() in names else int(text)  # noqa: E731
    for part in field.split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        start = first if low in ("*", "") else number(low)
        end = number(high) if high else (10_000 if step or low == "*" else start)
        if start <= value <= end and (value - start) % int(step or 1) == 0:
            return True
    return False


def cron_holds(fields: list[str], at: datetime) -> bool:
    """Minutes, hours, day of month, month, day of week (Sunday is 1), year; EventBridge's six fields, in UTC."""
    minute, hour, day, month, weekday, year = fields
    return (
        _field_holds(minute, at.minute, 0, [])
        and _field_holds(hour, at.hour, 0, [])
        and _field_holds(day, at.day, 1, [])
        and _field_holds(month, at.month, 1, MONTHS)
        and _field_holds(weekday, at.isoweekday() % 7 + 1, 1, DAYS)
        and _field_holds(year, at.year, 1970, [])
    )


def is_due(expression: str, before: float, now: float, born: float) -> bool:
    """Whether a firing lies in (before, now]."""
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        every = int(rate.group(1)) * SECONDS[rate.group(2)]
        return int((now - born) // every) > max(int((before - born) // every), 0)
    if cron := re.fullmatch(r"cron\((.+)\)", expression):
        minute = int(now // 60)
        at = datetime.fromtimestamp(minute * 60, UTC)
        return minute > int(before // 60) and cron_holds(cron.group(1).split(), at)
    if once := re.fullmatch(r"at\((.+)\)", expression):
        at_time = datetime.fromisoformat(once.group(1)).replace(tzinfo=UTC).timestamp()
        return before < at_time <= now
    return False


class Timetable:
    def __init__(self) -> None:
        self._born: dict[str, float] = {}
        threading.Thread(target=self._run, name="timetable", daemon=True).start()

    def fire(self, name: str | None = None) -> list[str]:
        """Fires now, whatever the expression says: every schedule, or those whose name contains `name`."""
        return [key for key, _, send in self._entries() if (name is None or name in key) and send() is None]

    def _run(self) -> None:
        before = time.time()
        while True:
            time.sleep(0.5)
            now = time.time()
            for key, expression, send in self._entries():
                if is_due(expression, before, now, self._born.setdefault(key, now)):
                    send()
            before = now

    def _entries(self) -> list[tuple[str, str, Any]]:
        return [*self._rules(), *self._schedules()]

    def _rules(self) -> list[tuple[str, str, Any]]:
        return [
            (rule.arn, rule.scheduled_expression, lambda rule=rule: _send_rule(rule))
            for regions in list(events_backends.values())
            for backend in list(regions.values())
            for bus in list(backend.event_buses.values())
            for rule in list(bus.rules.values())
            if rule.scheduled_expression and rule.state == "ENABLED"
        ]

    def _schedules(self) -> list[tuple[str, str, Any]]:
        return [
            (one.arn, one.schedule_expression, lambda one=one: buses.send(_AsRule(one.arn), one.target, {}, 0))
            for regions in list(scheduler_backends.values())
            for backend in list(regions.values())
            for group in list(backend.schedule_groups.values())
            for one in list(group.schedules.values())
            if one.state == "ENABLED"
        ]


class _AsRule:
    """What buses.send needs to know of the sender."""

    def __init__(self, arn: str):
        self.arn = arn
        self.region_name, self.account_id = arn.split(":")[3:5]
        self.role_arn = None


def _send_rule(rule: Any) -> None:
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": rule.account_id,
        "time": buses.iso(),
        "region": rule.region_name,
        "resources": [rule.arn],
        "detail": {},
    }
    for target in list(rule.targets):
        buses.send(rule, target, event, 0)
