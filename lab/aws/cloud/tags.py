"""Tags by direct look-up (moto searches every tag of the account with a regex), and word of each change."""

import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.tags import TagBackend
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

# Called with (backend, resource id, keys that changed); a launch counts as one change for each instance.
_watchers: list[Callable[[Any, str, set[str]], None]] = []
# Launches of different accounts go on at the same time.
_here = threading.local()


def on_change(watcher: Callable[[Any, str, set[str]], None]) -> None:
    _watchers.append(watcher)


@contextmanager
def gathering(backend: Any):  # type: ignore[no-untyped-def]
    """Inside, changes are gathered and told once for each resource: moto sets a launch's tags one by one."""
    gathered: dict[str, set[str]] = {}
    _here.gathered = gathered
    try:
        yield
    finally:
        _here.gathered = None
        for resource_id, keys in gathered.items():
            _tell(backend, resource_id, keys)


def _tell(backend: Any, resource_id: str, keys: set[str]) -> None:
    if not keys:
        return
    gathered: dict[str, set[str]] | None = getattr(_here, "gathered", None)
    if gathered is not None:
        gathered.setdefault(resource_id, set()).update(keys)
        return
    for watcher in _watchers:
        watcher(backend, resource_id, keys)


def tags_of(backend: Any, resource_id: str) -> dict[str, str]:
    return dict(backend.tags.get(resource_id) or {})


def _get_tags(resource: Any) -> list[dict[str, str]]:
    frozen = getattr(resource, "lab_tags", None)
    tags = tags_of(resource.ec2_backend, resource.id) if frozen is None else frozen
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(resource.id), "") if tags else ""
    return [{"resource_id": resource.id, "key": k, "value": v, "resource_type": kind} for k, v in tags.items()]


def install() -> None:
    def telling(change: Callable[..., bool]) -> Callable[..., bool]:
        def changed(backend: Any, resource_ids: list[str], *rest: Any) -> bool:
            earlier = {one: tags_of(backend, one) for one in resource_ids}
            result = change(backend, resource_ids, *rest)
            for one in resource_ids:
                now = tags_of(backend, one)
                _tell(backend, one, {k for k in now.keys() | earlier[one].keys() if now.get(k) != earlier[one].get(k)})
            return result

        return changed

    TaggedEC2Resource.get_tags = _get_tags
    for name in ("create_tags", "delete_tags", "delete_tag_keys"):
        setattr(TagBackend, name, telling(getattr(TagBackend, name)))
