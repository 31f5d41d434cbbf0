"""Default VPCs whose addresses differ by account and region, so that one machine can route to all of them.

AWS gives every default VPC 172.31.0.0/16. The first (account, region) asked for here gets 10.0.0.0/16, the next
10.1.0.0/16 and so on; whoever wants overlapping networks makes VPCs of their own.
"""

import itertools
from typing import Any

from moto.ec2.exceptions import DefaultVpcAlreadyExists
from moto.ec2.models.vpcs import VPCBackend

_next = itertools.count()


def _create_default_vpc(backend: Any) -> Any:
    if backend.describe_vpcs(filters={"is-default": ["true"]}):
        raise DefaultVpcAlreadyExists
    vpc = backend.create_vpc(cidr_block=f"10.{next(_next) % 256}.0.0/16", is_default=True)
    for zone in backend.describe_availability_zones():
        backend.create_default_subnet(zone.name)
    return vpc


def default_subnet_id(backend: Any, zone: str | None) -> str | None:
    """The default subnet of `zone`, or of the first zone; moto's launches without a subnet are outside every VPC."""
    subnets = backend.get_default_subnets()
    chosen = subnets.get(zone) if zone else next((subnets[name] for name in sorted(subnets)), None)
    return chosen.id if chosen else None


def install() -> None:
    VPCBackend.create_default_vpc = _create_default_vpc
