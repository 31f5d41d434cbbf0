"""Who may put events on a bus: its resource policy, as EventBridge reads it."""

import json
from typing import Any

from moto.organizations.models import organizations_backends

from .policies import statement_allows


def organisation_of(account: str) -> str | None:
    for backends in list(organizations_backends.values()):
        for backend in backends.values():
            if backend.org and any(one.id == account for one in backend.accounts):
                return str(backend.org.id)
    return None


def refusal(bus: Any, sender: str, role_arn: str | None) -> str | None:
    """Why `sender` may not put events on this bus, or None. The bus's own account always may.

    A permission granted to an organisation needs a role on the sender's target (PutTargets, "RoleArn").
    """
    if sender == bus.account_id:
        return None
    context = {"aws:PrincipalAccount": sender, "aws:PrincipalArn": role_arn or f"arn:aws:iam::{sender}:root"}
    if role_arn and (organisation := organisation_of(sender)):
        context["aws:PrincipalOrgID"] = organisation
    statements = json.loads(bus.policy)["Statement"] if bus.policy else []
    if any(
        statement_allows(one, "events:PutEvents", context["aws:PrincipalArn"], sender, context) for one in statements
    ):
        return None
    if not statements:
        return f"{bus.arn} has no policy and {sender} is another account"
    return f"the policy of {bus.arn} does not admit {sender}" + ("" if role_arn else " without a role on the target")
