"""Stacks that cannot be deleted by mistake (CloudFormation API reference, UpdateTerminationProtection)."""

from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult


def _update(response: Any) -> ActionResult:
    stack = response.cloudformation_backend.get_stack(response._get_param("StackName"))
    asked = response._get_param("EnableTerminationProtection")
    stack.enable_termination_protection = str(asked).lower() == "true"
    return ActionResult({"StackId": stack.stack_id})


def install() -> None:
    delete_by_moto = CloudFormationResponse.delete_stack

    def delete_stack(response: Any) -> ActionResult:
        asked = response._get_param("StackName")
        for stack in response.cloudformation_backend.stacks.values():
            if asked in (stack.name, stack.stack_id) and stack.enable_termination_protection:
                text = f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
                raise ValidationError(message=text)
        return delete_by_moto(response)

    CloudFormationResponse.update_termination_protection = _update
    CloudFormationResponse.delete_stack = delete_stack
