"""AWS::IAM::SAMLProvider, which moto's CloudFormation does not make."""

from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition


class SamlProvider(CloudFormationModel):
    def __init__(self, arn: str):
        self.physical_resource_id = arn

    @staticmethod
    def cloudformation_name_type() -> str:
        return "Name"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::IAM::SAMLProvider"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn"

    def get_cfn_attribute(self, _: str) -> str:
        return self.physical_resource_id

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> "SamlProvider":
        document = cloudformation_json["Properties"]["SamlMetadataDocument"]
        backend = iam_backends[account_id][get_partition(region_name)]
        return cls(backend.create_saml_provider(resource_name, document).arn)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> "SamlProvider":
        return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        partition = get_partition(region_name)
        backend = iam_backends[account_id][partition]
        backend.delete_saml_provider(f"arn:{partition}:iam::{account_id}:saml-provider/{resource_name}")
