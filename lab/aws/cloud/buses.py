"""EventBridge delivery as AWS has it: the event arrives unchanged at every target, in whatever account it is."""

import copy
import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from jsonpath_ng.ext import parse as parse_path
from moto.core.exceptions import ServiceException
from moto.core.utils import unix_time_millis
from moto.events.models import EventsBackend, Rule, events_backends
from moto.events.utils import EventTemplateParser
from moto.logs.models import logs_backends
from moto.sqs.models import sqs_backends
from moto.utilities.arns import parse_arn

from . import bus_policy
from .policies import trust_decision

Event = dict[str, Any]
# AWS stops an event that goes from bus to bus too often; two hops reach any bus of a sane design.
MOST_HOPS = 2

invoke_function: Callable[[str, Event], None] | None = None
counts: Counter[str] = Counter()
refused: list[str] = []
_lock = threading.Lock()


def iso(moment: datetime | None = None) -> str:
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def count(what: str, by: int = 1) -> None:
    with _lock:
        counts[what] += by


def find_bus(arn_or_name: str | None, account: str, region: str) -> Any | None:
    name = (arn_or_name or "default").split("/")[-1]
    if arn_or_name and arn_or_name.startswith("arn:"):
        parsed = parse_arn(arn_or_name)
        account, region = parsed.account, parsed.region
    return events_backends[account][region].event_buses.get(name)


def deliver(bus: Any, event: Event, hops: int = 0) -> None:
    """Every enabled rule of the bus that matches sends the event to each of its targets."""
    for rule in list(bus.rules.values()):
        if rule.state == "DISABLED" or not rule.event_pattern.get_pattern():
            continue
        if rule.event_pattern.matches_event(event):
            for target in list(rule.targets):
                send(rule, target, event, hops)


def send(rule: Any, target: dict[str, Any], event: Event, hops: int) -> None:
    try:
        _send(rule, target, event, hops)
        count("delivered")
    except (ServiceException, LookupError, PermissionError) as error:
        count("undelivered")
        _send_to_dead_letters(rule, target, event, error)
        with _lock:
            refused.append(f"{rule.arn} -> {target['Arn']}: {error}")
            del refused[:-100]


def _send(rule: Any, target: dict[str, Any], event: Event, hops: int) -> None:
    arn = parse_arn(target["Arn"])
    if arn.service == "events" and arn.resource_type == "event-bus":
        bus = find_bus(target["Arn"], rule.account_id, rule.region_name)
        if bus is None:
            raise LookupError("no such event bus")
        if reason := bus_policy.refusal(bus, rule.account_id, target.get("RoleArn") or rule.role_arn):
            raise PermissionError(reason)
        if hops < MOST_HOPS:
            deliver(bus, event, hops + 1)
        return
    body = _shape(target, event)
    text = body if isinstance(body, str) else json.dumps(body)
    if arn.service == "sqs":
        if reason := queue_refusal(rule, target["Arn"]):
            raise PermissionError(reason)
        group = target.get("SqsParameters", {}).get("MessageGroupId")
        sqs_backends[arn.account][arn.region].send_message(arn.resource_id, text, group_id=group)
    elif arn.service == "lambda" and invoke_function:
        invoke_function(target["Arn"], body)
    elif arn.service == "logs":
        stream = str(uuid.uuid4())
        logs = logs_backends[arn.account][arn.region]
        logs.create_log_stream(arn.resource_id, stream)
        logs.put_log_events(arn.resource_id, stream, [{"timestamp": int(unix_time_millis()), "message": text}])
    elif arn.service == "events" and not arn.resource_type:
        rule._send_to_events_archive(parse_arn(body["archive-arn"]).resource_id, event)
    else:
        raise LookupError(f"targets of {arn.service} are not delivered to")


def queue_refusal(rule: Any, arn: str) -> str | None:
    """Why the queue's policy keeps EventBridge out; a queue without any policy is left open, unlike at AWS."""
    parsed = parse_arn(arn)
    queue = sqs_backends[parsed.account][parsed.region].get_queue(parsed.resource_id)
    if not queue.policy:
        return None
    document = json.loads(queue.policy) if isinstance(queue.policy, str) else queue.policy
    context = {"aws:SourceArn": rule.arn, "aws:SourceAccount": rule.account_id, "aws:SecureTransport": "true"}
    if trust_decision(document, "sqs:SendMessage", "events.amazonaws.com", rule.account_id, context):
        return None
    return f"the policy of {arn} does not let events.amazonaws.com send for {rule.arn}"


def _shape(target: dict[str, Any], event: Event) -> Any:
    """What the target is given: a constant, a part, a filled template or the event as it is."""
    if target.get("Input"):
        return json.loads(target["Input"])
    if target.get("InputPath"):
        found = parse_path(target["InputPath"]).find(event)
        return found[0].value if found else None
    if transformer := target.get("InputTransformer"):
        filled = {**event, "ingestion-time": iso()}
        return EventTemplateParser.parse(transformer["InputTemplate"], transformer.get("InputPathsMap", {}), filled)
    return copy.deepcopy(event)


def _send_to_dead_letters(rule: Any, target: dict[str, Any], event: Event, error: Exception) -> None:
    where = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not where:
        return
    arn = parse_arn(where)
    attributes = {"ERROR_MESSAGE": str(error), "RULE_ARN": rule.arn, "TARGET_ARN": target["Arn"]}
    sqs_backends[arn.account][arn.region].send_message(
        arn.resource_id,
        json.dumps(event),
        message_attributes={k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()},
    )


def _put_events(backend: Any, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """PutEvents of a customer: foreign buses by ARN under their policy, and never in the name of a service."""
    answers: list[dict[str, Any]] = []
    for entry in entries:
        problem = _entry_problem(entry)
        bus = find_bus(entry.get("EventBusName"), backend.account_id, backend.region_name)
        if problem is None and bus is None:
            problem = ("ResourceNotFoundException", f"Event bus {entry.get('EventBusName')} does not exist.")
        elif problem is None and (reason := bus_policy.refusal(bus, backend.account_id, None)):
            problem = ("AccessDeniedException", reason)
        if problem or bus is None:
            code, message = problem or ("InternalFailure", "")
            answers.append({"ErrorCode": code, "ErrorMessage": message})
            continue
        event_id = str(uuid.uuid4())
        moment = entry.get("Time")
        deliver(
            bus,
            {
                "version": "0",
                "id": event_id,
                "detail-type": entry["DetailType"],
                "source": entry["Source"],
                "account": backend.account_id,
                "time": iso(datetime.fromtimestamp(float(moment), UTC) if moment else None),
                "region": backend.region_name,
                "resources": entry.get("Resources", []),
                "detail": json.loads(entry["Detail"]),
            },
        )
        answers.append({"EventId": event_id})
    return answers


def _entry_problem(entry: dict[str, Any]) -> tuple[str, str] | None:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            text = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return ("InvalidArgument", text)
    try:
        if not isinstance(json.loads(entry["Detail"]), dict):
            raise ValueError
    except ValueError:
        return ("MalformedDetail", "Detail is malformed.")
    if entry["Source"].startswith("aws."):
        return ("NotAuthorizedForSource", "Not authorized for the source.")
    return None


def install() -> None:
    put_by_moto = EventsBackend.put_events

    def put_events(backend: Any, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return put_by_moto(backend, events) if len(events) > 10 else _put_events(backend, events)

    def send_to_targets(rule: Any, event: Event, transform_input: bool = True) -> None:
        """Kept for archives' replays, which hand over an event that moto stored."""
        if rule.event_pattern.matches_event(event):
            for target in rule.targets:
                send(rule, target, event, 0)

    EventsBackend.put_events = put_events
    Rule.send_to_targets = send_to_targets
