"""New accounts of an organisation, whose access role is an administrator as in AWS; moto gives it no policy at all."""

import json
from typing import Any

from moto.iam.models import IAMBackend, iam_backends
from moto.organizations.models import FakeAccount

ADMINISTRATOR = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
DEFAULT_ROLE = "OrganizationAccountAccessRole"


def install() -> None:
    make = FakeAccount.__init__

    def init(account: Any, *args: Any, **kwargs: Any) -> None:
        make(account, *args, **kwargs)
        role = kwargs.get("RoleName", DEFAULT_ROLE)
        iam = iam_backends[account.id]["aws"]
        iam.put_role_policy(role, "AdministratorAccess", json.dumps(ADMINISTRATOR))

    FakeAccount.__init__ = init
    # moto looks through the roles while another call makes one.
    IAMBackend.get_roles = lambda backend: list(backend.roles.values())
