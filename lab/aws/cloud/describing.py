"""DescribeInstances: pages of instances with stable tokens, pictures kept until something changes, and stale reads."""

import base64
import binascii
import copy
import json
import re
import time
from typing import Any
from xml.sax.saxutils import escape

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import InstanceState
from moto.ec2.responses.instances import InstanceResponse

from . import calls, tags
from .calls import Call, Refusal, Reply, current_call
from .filters import passes
from .instances import check_ids
from .lifecycle import CODES, mark_changed

LARGEST_PAGE = 1000
ITEM = re.compile(r"<instancesSet>(.*)</instancesSet>", re.DOTALL)
NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


def _as_it_was(instance: Any, at: float) -> Any | None:
    """A copy with the state, tags and addresses of that moment; None when it was not there yet."""
    states = [(when, name) for when, name in instance.lab_states if when <= at]
    if not states:
        return None
    picture = copy.copy(instance)
    # The copy must not give addresses back to the subnet when it is collected.
    picture._private_ips = set()
    picture._state = InstanceState(states[-1][1], CODES[states[-1][1]])
    written = [one for when, one in getattr(instance, "lab_tag_log", []) if when <= at]
    picture.lab_tags = written[-1] if written else {}
    picture.lab_picture = None
    if picture._state.name != "terminated" and not instance.nics:
        picture.nics, picture._subnet_id = instance.lab_network_before
    return picture


def _candidates(backend: Any, stale: float | None) -> dict[str, Any]:
    live = dict(backend.lab_instances)
    if stale is None:
        return live
    at = time.monotonic() - stale
    seen = {one: _as_it_was(instance, at) for one, instance in live.items()}
    return {one: picture for one, picture in seen.items() if picture}


def _picture(response: InstanceResponse, instance: Any) -> str:
    """The instance's XML by moto's serialiser, which takes milliseconds each; kept until the instance changes."""
    stamp = (instance.lab_version, response.ec2_backend.lab_epoch)
    kept = getattr(instance, "lab_picture", None)
    if kept and kept[0] == stamp:
        return kept[1]
    _, _, body = response.serialized(ActionResult({"Reservations": [{"Instances": [instance]}]}))
    found = ITEM.search(body.decode() if isinstance(body, bytes) else body)
    xml = found.group(1) if found else ""
    instance.lab_picture = (stamp, xml)
    return xml


def _read_token(token: str | None, asked: str) -> int:
    if not token:
        return 0
    try:
        place, made_for = json.loads(base64.urlsafe_b64decode(token))
        if made_for == asked:
            return int(place)
    except (ValueError, TypeError, binascii.Error):
        pass
    raise Refusal("InvalidNextToken", f"The specified NextToken '{token}' is not valid.")


def _page_size(response: InstanceResponse, instance_ids: list[str]) -> int:
    given = response._get_param("MaxResults")
    if given is None:
        return LARGEST_PAGE
    if instance_ids:
        raise Refusal(
            "InvalidParameterCombination",
            "The parameter instancesSet cannot be used with the parameter maxResults",
        )
    if not 5 <= int(given) <= LARGEST_PAGE:
        raise Refusal(
            "InvalidParameterValue",
            f"Value ( {given} ) for parameter maxResults is invalid. Expecting a value between 5 and {LARGEST_PAGE}.",
        )
    return int(given)


def _reservations(response: InstanceResponse, page: list[Any]) -> str:
    groups: dict[str, list[Any]] = {}
    for instance in page:
        groups.setdefault(instance.lab_reservation_id, []).append(instance)
    return "".join(
        f"<item><reservationId>{key}</reservationId><ownerId>{response.current_account}</ownerId><groupSet/>"
        f"<instancesSet>{''.join(_picture(response, one) for one in group)}</instancesSet></item>"
        for key, group in groups.items()
    )


def describe_instances(response: InstanceResponse) -> Any:
    response.error_on_dryrun()
    notes = call.notes if (call := current_call()) else {}
    backend = response.ec2_backend
    instance_ids = response._get_param("InstanceIds", [])
    wanted = response._filters_from_querystring()
    asked = json.dumps(wanted, sort_keys=True)
    size = _page_size(response, instance_ids)
    start = _read_token(response._get_param("NextToken"), asked)
    with backend.lab_lock:
        known = _candidates(backend, notes.get("stale_s"))
        check_ids(instance_ids)
        if unknown := [one for one in instance_ids if one not in known]:
            raise InvalidInstanceIdError(unknown)
        chosen = {one: known[one] for one in instance_ids} if instance_ids else known
        rest = sorted((i for i in chosen.values() if i.lab_order > start), key=lambda i: i.lab_order)
        if wanted:
            rest = [one for one in rest if passes(one, wanted)]
        short = None if instance_ids else notes.get("short_page")
        page = rest[: size if short is None else min(size, short)]
        body = _reservations(response, page)
    token = ""
    if len(page) < len(rest):
        place = page[-1].lab_order if page else start
        token = base64.urlsafe_b64encode(json.dumps([place, asked]).encode()).decode()
    xml = (
        f'<?xml version="1.0" encoding="UTF-8"?><DescribeInstancesResponse xmlns="{NAMESPACE}">'
        f"<requestId>{'0' * 8}</requestId><reservationSet>{body}</reservationSet>"
        + (f"<nextToken>{escape(token)}</nextToken>" if token else "")
        + "</DescribeInstancesResponse>"
    )
    return xml, {"content-type": "text/xml"}


def _log_tags(backend: Any, resource_id: str, _keys: set[str]) -> None:
    instance = backend.lab_instances.get(resource_id)
    if instance:
        log = getattr(instance, "lab_tag_log", [])
        instance.lab_tag_log = [*log, (time.monotonic(), tags.tags_of(backend, resource_id))]
        mark_changed(instance)


# Calls that mark the instances they change themselves; any other call that writes outdates every picture.
MARKED = ("RunInstances", "StartInstances", "StopInstances", "TerminateInstances", "CreateTags", "DeleteTags")
READING = ("Describe", "Get", "List", "Search")


def _outdate(call: Call, _: Reply) -> None:
    if call.service == "ec2" and call.action not in MARKED and not call.action.startswith(READING):
        ec2_backends[call.account][call.region].lab_epoch += 1


def install() -> None:
    calls.after(_outdate)
    InstanceResponse.describe_instances = describe_instances
    tags.on_change(_log_tags)
