"""Change sets as CDK uses them: all have one name, found within their stack, and stacks import what others export."""

from typing import Any

from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

from .calls import Refusal


def _id_of(response: Any) -> str:
    name, stack = response._get_param("ChangeSetName"), response._get_param("StackName")
    found = name
    for change_set_id, one in response.cloudformation_backend.change_sets.items():
        if one.change_set_name == name and stack in (None, one.stack.name, one.stack.stack_id):
            found = change_set_id
    return str(found)


def _describe(response: Any) -> ActionResult:
    backend, change_set_id = response.cloudformation_backend, _id_of(response)
    if change_set_id not in backend.change_sets:
        # The CDK waits for this one before it makes its own of that name.
        raise Refusal("ChangeSetNotFound", f"ChangeSet [{change_set_id}] does not exist", 404)
    return ActionResult(backend.describe_change_set(change_set_id))


def _execute(response: Any) -> ActionResult:
    """What other stacks export is known to it, and what it exports to them; moto knows that of CreateStack alone."""
    backend, change_set_id = response.cloudformation_backend, _id_of(response)
    stack = backend.describe_change_set(change_set_id).stack
    stack.resource_map.cross_stack_resources = backend.exports
    backend.execute_change_set(change_set_id, stack.name)
    backend.exports.update({one.name: one for one in stack.exports})
    return EmptyResult()


def _delete(response: Any) -> ActionResult:
    """One that is not there is deleted already: the CDK clears the way for its own so."""
    response.cloudformation_backend.change_sets.pop(_id_of(response), None)
    return EmptyResult()


def install() -> None:
    CloudFormationResponse.describe_change_set = _describe
    CloudFormationResponse.execute_change_set = _execute
    CloudFormationResponse.delete_change_set = _delete
