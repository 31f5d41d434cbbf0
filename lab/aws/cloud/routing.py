"""What CloudFormation makes between VPCs and subnets: peerings across accounts, and route tables that are in use.

moto looks for both VPCs of a peering in one account; AWS accepts it by a role of the other side (CloudFormation User Guide,
"Peer with a VPC in another AWS account"). And it notes an AWS::EC2::SubnetRouteTableAssociation without associating.
"""

import json
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.subnets import SubnetBackend
from moto.ec2.models.vpc_peering_connections import VPCPeeringConnection
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from .calls import Refusal
from .policies import identity_decision, trust_decision

ACCEPT = "ec2:AcceptVpcPeeringConnection"


def _admit(requester: str, role_arn: str | None, vpc: Any, connection: str) -> None:
    """The other account's role lets the requester's CloudFormation accept a peering with that VPC."""
    account = vpc.ec2_backend.account_id
    region = vpc.ec2_backend.region_name
    partition = get_partition(region)
    roles = iam_backends[account][partition].roles.values()
    role = next((one for one in roles if one.arn == role_arn), None)
    principal = f"arn:{partition}:iam::{requester}:root"
    if role is None or not trust_decision(
        json.loads(role.assume_role_policy_document), "sts:AssumeRole", principal, requester, {}
    ):
        raise Refusal("ValidationError", f"PeerRoleArn {role_arn} cannot be assumed by {requester}", 400)
    documents = [json.loads(one) if isinstance(one, str) else one for one in role.policies.values()]
    own = f"arn:{partition}:ec2:{region}:{account}"
    for resource in (f"{own}:vpc/{vpc.id}", f"{own}:vpc-peering-connection/{connection}"):
        if not identity_decision(documents, ACCEPT, resource, {}):
            raise Refusal("ValidationError", f"{role_arn} is not authorized to perform: {ACCEPT} on {resource}", 400)


def _create(
    cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
) -> VPCPeeringConnection:
    given = cloudformation_json["Properties"]
    owner, region = given.get("PeerOwnerId", account_id), given.get("PeerRegion", region_name)
    backend, theirs = ec2_backends[account_id][region_name], ec2_backends[owner][region]
    peer = theirs.get_vpc(given["PeerVpcId"])
    made = backend.create_vpc_peering_connection(backend.get_vpc(given["VpcId"]), peer)
    if owner != account_id:
        _admit(account_id, given.get("PeerRoleArn"), peer, made.id)
    theirs.accept_vpc_peering_connection(made.id)
    return made


def install() -> None:
    note = SubnetBackend.create_subnet_association

    def associate(backend: Any, route_table_id: str, subnet_id: str) -> Any:
        backend.associate_route_table(route_table_id, subnet_id=subnet_id)
        return note(backend, route_table_id, subnet_id)

    SubnetBackend.create_subnet_association = associate
    VPCPeeringConnection.create_from_cloudformation_json = classmethod(_create)
