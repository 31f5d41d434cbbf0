"""SQS whose cost does not grow with the queue; moto counts every message several times for each call."""

import copy
import json
import select
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

from moto.core.utils import camelcase_to_underscores, unix_time_millis
from moto.sqs import models as sqs

from .calls import current_call


class LazyAttributes(Mapping[str, Any]):
    """Reads an attribute of the queue only when it is asked for."""

    def __init__(self, queue: Any):
        self._queue = queue
        self._names = [
            *queue.BASE_ATTRIBUTES,
            *(queue.FIFO_ATTRIBUTES if queue.fifo_queue else []),
            *(queue.KMS_ATTRIBUTES if queue.kms_master_key_id else []),
        ]
        if not queue.policy:
            self._names.remove("Policy")
        if not queue.redrive_policy:
            self._names.remove("RedrivePolicy")

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        value = getattr(self._queue, camelcase_to_underscores(name))
        if name == "RedrivePolicy":
            return json.dumps(value)
        return str(value).lower() if isinstance(value, bool) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _add(queue: Any, message: Any) -> None:
    """moto's, but for event source mappings: those poll on their own (see mappings.py)."""
    with queue._messages_lock:
        if queue.fifo_queue and message.deduplication_id and _is_repeated(queue, message):
            return
        queue._messages.append(message)
        queue._messages_lock.notify_all()


def _is_repeated(queue: Any, message: Any) -> bool:
    seen = queue.__dict__.setdefault("lab_deduplication", {})
    earlier = seen.get(message.deduplication_id)
    if earlier and message.sent_timestamp - earlier < sqs.DEDUPLICATION_TIME_IN_SECONDS * 1000:
        return True
    seen[message.deduplication_id] = message.sent_timestamp
    return False


def _is_free(message: Any, now: float) -> bool:
    return now > message.visible_at and now >= message.delayed_until


def _take(queue: Any, count: int, visibility: int, names: list[str]) -> list[Any]:
    now = unix_time_millis()
    taken: list[Any] = []
    finished: list[tuple[Any, bool]] = []
    busy = (
        {m.group_id for m in queue._messages if m.receipt_handle and not _is_free(m, now)}
        if queue.fifo_queue
        else set()
    )
    limit = queue.redrive_policy["maxReceiveCount"] if queue.redrive_policy else None
    oldest = now - queue.message_retention_period * 1000
    for message in queue._messages:
        if len(taken) >= count:
            break
        if not _is_free(message, now) or (message.group_id and message.group_id in busy):
            continue
        if message.sent_timestamp < oldest:
            finished.append((message, False))
        elif limit is not None and message.approximate_receive_count >= limit:
            finished.append((message, True))
        else:
            queue.pending_messages.add(message)
            message.mark_received(visibility_timeout=visibility)
            given = copy.copy(message)
            given.message_attributes = dict(message.message_attributes)
            sqs._filter_message_attributes(given, names)
            taken.append(given)
    for message, dead in finished:
        queue._messages.remove(message)
        queue.pending_messages.discard(message)
        if dead and queue.dead_letter_queue is not None:
            _add(queue.dead_letter_queue, message)
    return taken


def _seconds_to_next(queue: Any) -> float:
    now = unix_time_millis()
    waits = [max(m.visible_at, m.delayed_until) - now for m in queue._messages]
    return max(min((w for w in waits if w > 0), default=1000) / 1000, 0.001)


def _client_is_gone() -> bool:
    """Whether the caller hung up while its long poll waited: what it were given now would be lost to everybody."""
    call = current_call()
    connection = call.response.normalized_request.environ.get("werkzeug.socket") if call else None
    if connection is None:
        return False
    readable, _, _ = select.select([connection], [], [], 0)
    try:
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def receive(
    backend: Any,
    queue_name: str,
    count: int,
    wait_seconds_timeout: float,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> list[Any]:
    queue = backend.get_queue(queue_name)
    deadline = time.monotonic() + float(wait_seconds_timeout or 0)
    with queue._messages_lock:
        while not _client_is_gone():
            taken = _take(queue, int(count), int(visibility_timeout or 0), message_attribute_names or [])
            left = deadline - time.monotonic()
            if taken or left <= 0:
                return taken
            queue._messages_lock.wait(min(left, _seconds_to_next(queue)))
    return []


def _delete(queue: Any, receipt_handle: str) -> None:
    with queue._messages_lock:
        if receipt_handle in queue.deleted_messages:
            return
        for place, message in enumerate(queue._messages):
            if message.receipt_handle == receipt_handle or message.had_receipt_handle(receipt_handle):
                del queue._messages[place]
                queue.pending_messages.discard(message)
                queue.deleted_messages.update(message.all_receipt_handles)
                queue._messages_lock.notify_all()
                return
    raise sqs.ReceiptHandleIsInvalid()


def install() -> None:
    sqs.Queue.attributes = property(LazyAttributes)
    sqs.Queue.add_message = _add
    sqs.Queue.delete_message = _delete
    sqs.SQSBackend.receive_message = receive
    change_by_moto = sqs.SQSBackend.change_message_visibility

    def change_visibility(backend: Any, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
        queue = backend.get_queue(queue_name)
        with queue._messages_lock:
            change_by_moto(backend, queue_name, receipt_handle, visibility_timeout)
            queue._messages_lock.notify_all()

    sqs.SQSBackend.change_message_visibility = change_visibility
