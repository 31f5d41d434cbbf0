"""Event source mappings as Lambda polls SQS: batches, a window, partial failures; what failed returns to the queue."""

import json
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from moto.awslambda.models import LambdaBackend
from moto.sqs.models import sqs_backends

from .functions import Functions, find_function
from .queues import receive

LARGEST_RECEIVE = 10
# Lambda begins with five; this machine is small.
CONCURRENCY = 2


class Poller:
    def __init__(self, backend: Any, mapping: Any, functions: Functions):
        self._backend = backend
        self._mapping = mapping
        self._functions = functions
        parts = mapping.event_source_arn.split(":")
        self._queues = sqs_backends[parts[4]][parts[3]]
        self._name = parts[5]
        scaling = (mapping.scaling_config or {}).get("MaximumConcurrency")
        self._workers = 1 if self._name.endswith(".fifo") else min(int(scaling or CONCURRENCY), CONCURRENCY)
        self._places = threading.Semaphore(self._workers)

    def run(self) -> None:
        with ThreadPoolExecutor(self._workers, thread_name_prefix="mapping") as pool:
            while self._backend._event_source_mappings.get(self._mapping.uuid) is self._mapping:
                if self._name not in self._queues.queues:
                    return
                if not self._mapping.enabled:
                    time.sleep(0.2)
                    continue
                # A batch is gathered only when someone is there to take it: waiting would use up its visibility.
                with self._places:
                    batch = self._gather()
                if batch:
                    self._places.acquire()
                    pool.submit(self._handle_and_release, batch)

    def _gather(self) -> list[Any]:
        size = int(self._mapping.batch_size)
        window = float(self._mapping.max_batch_window or 0)
        batch = self._receive(min(size, LARGEST_RECEIVE), 1.0)
        until = time.monotonic() + window
        while batch and len(batch) < size:
            more = self._receive(min(size - len(batch), LARGEST_RECEIVE), max(until - time.monotonic(), 0))
            batch += more
            if not more and time.monotonic() >= until:
                break
        return batch

    def _receive(self, count: int, seconds: float) -> list[Any]:
        queue = self._queues.get_queue(self._name)
        return receive(self._queues, self._name, count, seconds, queue.visibility_timeout, ["All"])

    def _handle_and_release(self, batch: list[Any]) -> None:
        try:
            self._handle(batch)
        except Exception:
            traceback.print_exc(file=sys.stderr)
        finally:
            self._places.release()

    def _handle(self, batch: list[Any]) -> None:
        records = [_record(message, self._mapping.event_source_arn) for message in batch]
        answer = self._functions.invoke(find_function(self._mapping.function_arn), json.dumps({"Records": records}))
        failed = self._failed(batch, answer)
        for message in batch:
            if message.id not in failed:
                self._queues.delete_message(self._name, message.receipt_handle)

    def _failed(self, batch: list[Any], answer: dict[str, Any]) -> set[str]:
        """Ids that stay in the queue until their visibility ends: all, when the answer makes no sense."""
        everything = {message.id for message in batch}
        if "error" in answer:
            return everything
        if "ReportBatchItemFailures" not in (self._mapping.function_response_types or []):
            return set()
        # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
        result = answer.get("result")
        if result is None or result == {}:
            return set()
        failures = result.get("batchItemFailures") if isinstance(result, dict) else "nonsense"
        if failures is None:
            return set()
        ids = [one.get("itemIdentifier") for one in failures] if isinstance(failures, list) else [None]
        return set(ids) if set(ids) <= everything else everything


def _record(message: Any, queue_arn: str) -> dict[str, Any]:
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    for name, value in (
        ("MessageGroupId", message.group_id),
        ("MessageDeduplicationId", message.deduplication_id),
        ("SequenceNumber", message.sequence_number),
    ):
        if value is not None:
            attributes[name] = value
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {
            name: {
                "stringValue": given.get("StringValue"),
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": given["DataType"],
            }
            for name, given in message.message_attributes.items()
        },
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }


def install(functions: Functions) -> None:
    make = LambdaBackend.create_event_source_mapping

    def create(backend: Any, spec: dict[str, Any]) -> Any:
        mapping = make(backend, spec)
        if ":sqs:" in mapping.event_source_arn:
            threading.Thread(target=Poller(backend, mapping, functions).run, daemon=True).start()
        return mapping

    LambdaBackend.create_event_source_mapping = create
