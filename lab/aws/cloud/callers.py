"""Who makes a call: the person or role behind an access key, and the session it belongs to."""

import json
from dataclasses import dataclass
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition


@dataclass(frozen=True)
class Caller:
    kind: str  # Root, IAMUser or AssumedRole, as CloudTrail's userIdentity.type has it
    account: str
    arn: str  # of the session
    principal_id: str
    role_arn: str | None = None
    session: Any | None = None
    user: Any | None = None

    @property
    def principal_arn(self) -> str:
        """What policies name: the role, not its session."""
        return self.role_arn or self.arn


def find_session(access_key: str, account: str, region: str) -> Any | None:
    backend = sts_backends[account][get_partition(region)]
    return backend.get_assumed_role_from_access_key(access_key)


def find_caller(access_key: str, account: str, region: str) -> Caller:
    partition = get_partition(region)
    session = find_session(access_key, account, region)
    if session:
        return Caller("AssumedRole", account, session.arn, session.user_id, session.role_arn, session)
    user = iam_backends[account][partition].get_user_from_access_key_id(access_key)
    if user:
        return Caller("IAMUser", account, user.arn, user.id, user=user)
    # An access key nobody made is the root user of the first account: the lab's way in.
    return Caller("Root", account, f"arn:{partition}:iam::{account}:root", account)


def policies_of(caller: Caller, region: str) -> list[dict[str, Any]] | None:
    """The caller's identity policies; None when it may do everything (root, or AdministratorAccess)."""
    if caller.kind == "Root":
        return None
    backend = iam_backends[caller.account][get_partition(region)]
    holder: Any = caller.user
    if caller.role_arn:
        holder = backend.get_role_by_arn(caller.role_arn)
    documents = [json.loads(one) if isinstance(one, str) else one for one in holder.policies.values()]
    for attached in holder.managed_policies.values():
        if attached.arn.endswith(":policy/AdministratorAccess"):
            return None
        documents.append(json.loads(attached.document))
    groups = backend.get_groups_for_user(caller.user.name) if caller.user else []
    for group in groups:
        documents += [json.loads(one) for one in group.policies.values()]
        documents += [json.loads(one.document) for one in group.managed_policies.values()]
    return documents
