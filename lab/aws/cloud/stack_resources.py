"""CloudFormation resources that moto passes over in silence although the lab depends on them, and word of the rest."""

import json
from typing import Any

from moto.cloudformation import models, parsing
from moto.core.common_models import CloudFormationModel
from moto.events.models import EventBusPolicyStatement, events_backends
from moto.sqs.models import sqs_backends

# Resource types that were asked for and not made.
ignored: set[str] = set()
NOTHING_TO_MAKE = (
    "AWS::CDK::Metadata",
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudFormation::WaitConditionHandle",
)


class BusPolicy(CloudFormationModel):
    """AWS::Events::EventBusPolicy"""

    def __init__(self, bus: Any, statement_id: str):
        self.physical_resource_id = f"{bus.name}|{statement_id}"

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Events::EventBusPolicy"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return False

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> "BusPolicy":
        given = cloudformation_json["Properties"]
        bus = events_backends[account_id][region_name].event_buses[given.get("EventBusName", "default").split("/")[-1]]
        statement = given.get("Statement") or {
            "Effect": "Allow",
            "Action": given.get("Action", "events:PutEvents"),
            "Principal": given["Principal"] if given["Principal"] == "*" else {"AWS": given["Principal"]},
            "Condition": _old_condition(given.get("Condition")),
        }
        statement = json.loads(statement) if isinstance(statement, str) else statement
        sid = given["StatementId"]
        bus._statements[sid] = EventBusPolicyStatement.from_dict({"Resource": bus.arn, **statement, "Sid": sid})
        return cls(bus, sid)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> "BusPolicy":
        cls._remove(original_resource.physical_resource_id, account_id, region_name)
        return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        cls._remove(resource_name, account_id, region_name)

    @staticmethod
    def _remove(physical_id: str, account_id: str, region_name: str) -> None:
        name, sid = physical_id.split("|")
        bus = events_backends[account_id][region_name].event_buses.get(name)
        if bus:
            bus.remove_statement(sid)


class QueuePolicy(CloudFormationModel):
    """AWS::SQS::QueuePolicy"""

    def __init__(self, name: str):
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::SQS::QueuePolicy"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return False

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> "QueuePolicy":
        given = cloudformation_json["Properties"]
        for url in given["Queues"]:
            queue = sqs_backends[account_id][region_name].get_queue(url.split("/")[-1])
            queue.policy = json.dumps(given["PolicyDocument"], default=str)
        return cls(resource_name)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> "QueuePolicy":
        return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """The queue goes with the stack, and its policy with it."""


def _old_condition(given: dict[str, str] | None) -> dict[str, Any] | None:
    """The form that came before `Statement`: one operator, one key, one value."""
    return {given["Type"]: {given["Key"]: given["Value"]}} if given else None


def install() -> None:
    find = parsing.resource_class_from_type

    def resource_class_from_type(name: str) -> Any:
        found = find(name)
        if found is None and name not in NOTHING_TO_MAKE:
            ignored.add(name)
        return found

    parsing.resource_class_from_type = resource_class_from_type

    apply = models.ChangeSet.apply

    def apply_with_outputs(change_set: Any) -> None:
        """moto leaves a stack that a change set made without its outputs."""
        apply(change_set)
        stack = change_set.stack
        stack.template = change_set.template
        stack._parse_template()
        stack.output_map = stack._create_output_map()

    models.ChangeSet.apply = apply_with_outputs
