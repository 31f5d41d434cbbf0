"""The one place where an API call is intercepted: what is registered here sees every call before or after moto does."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

Reply = tuple[int, dict[str, str], Any]

# Names that moto gives a service where AWS uses another.
SERVICE_NAMES = {"awslambda": "lambda"}


class Refusal(ServiceException):
    """An error that the lab gives in the service's own protocol; `status` overrides the model's HTTP status."""

    def __init__(self, code: str, message: str, status: int | None = None):
        super().__init__(code, message)
        self.status = status


@dataclass
class Call:
    service: str
    action: str
    account: str
    region: str
    access_key: str
    response: BaseResponse
    notes: dict[str, Any] = field(default_factory=dict)

    def refuse(self, refusal: Refusal) -> Reply:
        status, headers, body = self.response.serialized(ActionResult(refusal))
        return refusal.status or status, headers, body


_before: list[Callable[[Call], Reply | None]] = []
_after: list[Callable[[Call, Reply], Reply | None]] = []
_local = threading.local()


def before(watcher: Callable[[Call], Reply | None]) -> None:
    """A reply from `watcher` is sent instead of asking moto; a Refusal raised in it is sent as the error it names."""
    _before.append(watcher)


def after(watcher: Callable[[Call, Reply], Reply | None]) -> None:
    """`watcher` sees the reply and may give another."""
    _after.append(watcher)


def current_call() -> Call | None:
    """The call that this thread is answering, if any; what happens outside a call is AWS's own doing."""
    return getattr(_local, "call", None)


def _describe(response: BaseResponse) -> Call:
    service = str(response.service_name or "")
    return Call(
        service=SERVICE_NAMES.get(service, service),
        action=response._get_action() or "",
        account=response.current_account,
        region=response.region,
        access_key=response.access_key,
        response=response,
    )


def install() -> None:
    answer_by_moto = BaseResponse.call_action

    def call_action(response: BaseResponse) -> Reply:
        outer = current_call()
        call = _local.call = _describe(response)
        try:
            reply = None
            for watcher in _before:
                try:
                    reply = watcher(call)
                except Refusal as refusal:
                    reply = call.refuse(refusal)
                if reply is not None:
                    break
            if reply is None:
                reply = answer_by_moto(response)
            for observer in _after:
                reply = observer(call, reply) or reply
            return reply
        finally:
            _local.call = outer

    BaseResponse.call_action = call_action
