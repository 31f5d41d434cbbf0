"""An instance as the lab's world needs it, to make a host of it."""

from typing import Any

from moto.ec2.models.instances import Instance

from . import tags
from .sessions import open_for_service


def describe_all(backend: Any, state: str | None) -> list[dict[str, Any]]:
    with backend.lab_lock:
        return [_describe(one) for one in backend.lab_instances.values() if state in (None, one._state.name)]


def credentials_of(instance: Instance) -> dict[str, Any] | None:
    """What the metadata service gives an instance of its profile's role; None without a profile."""
    backend = instance.ec2_backend
    found = backend.iam_instance_profile_associations.get(instance.id)
    role = found and next(iter(found.iam_instance_profile.roles), None)
    if not role:
        return None
    session = open_for_service(role.arn, instance.id, backend.region_name)
    return {
        "role": role.name,
        "accessKeyId": session.access_key_id,
        "secretAccessKey": session.secret_access_key,
        "token": session.session_token,
        "expiration": session.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def describe(instance: Instance) -> dict[str, Any]:
    with instance.ec2_backend.lab_lock:
        return _describe(instance)


def _describe(instance: Instance) -> dict[str, Any]:
    backend = instance.ec2_backend
    key = backend.key_pairs.get(instance.key_name) if instance.key_name else None
    subnet = backend.get_subnet(instance.subnet_id) if instance.subnet_id else None
    vpc = backend.get_vpc(subnet.vpc_id) if subnet else None
    profile = backend.iam_instance_profile_associations.get(instance.id)
    return {
        "id": instance.id,
        "account": backend.account_id,
        "region": backend.region_name,
        "zone": instance.placement.zone,
        "state": instance._state.name,
        "changes": len(instance.lab_states),
        "privateIp": instance.private_ip,
        "publicIp": instance.public_ip,
        "vpc": vpc and {"id": vpc.id, "cidr": vpc.cidr_block},
        "subnet": subnet and {"id": subnet.id, "cidr": subnet.cidr_block},
        "mac": instance.nics[0].mac_address if instance.nics else None,
        "image": instance.image_id,
        "platform": instance.platform or "linux",
        "type": instance.instance_type,
        "userData": str(instance.user_data) if instance.user_data else None,
        "shutdownBehavior": instance.instance_initiated_shutdown_behavior,
        "keyName": instance.key_name,
        "publicKey": key.material_public.decode().strip() if key else None,
        "instanceProfile": profile and profile.iam_instance_profile.arn,
        "metadataTokens": instance.metadata_options.http_tokens,
        "metadataTags": instance.metadata_options.instance_metadata_tags,
        "launchTime": instance.launch_time.isoformat(),
        "tags": tags.tags_of(backend, instance.id),
    }
