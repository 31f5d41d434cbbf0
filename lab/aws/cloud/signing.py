"""KMS signs a digest as the digest that it is, where moto would hash it once more; and a public key comes with its key's ARN."""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from moto.kms.models import Key, KmsBackend, kms_backends

from . import calls
from .calls import Call, Reply


def _sign_digest(call: Call) -> Reply | None:
    ask = call.response._get_param
    if (call.service, call.action) != ("kms", "Sign") or ask("MessageType") != "DIGEST":
        return None
    algorithm = ask("SigningAlgorithm")
    key = kms_backends[call.account][call.region].describe_key(ask("KeyId"))
    if algorithm != "ECDSA_SHA_256" or algorithm not in (key.signing_algorithms or []):
        return None
    signature = key.private_key.private_key.sign(ask("Message"), ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    body = {"KeyId": key.arn, "Signature": base64.b64encode(signature).decode(), "SigningAlgorithm": algorithm}
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body)


def _name_key(call: Call, reply: Reply) -> Reply | None:
    status, headers, body = reply
    if (call.service, call.action) != ("kms", "GetPublicKey") or status != 200:
        return None
    key = kms_backends[call.account][call.region].describe_key(call.response._get_param("KeyId"))
    named = json.loads(body) | {"KeyId": key.arn, "KeySpec": key.key_spec, "KeyUsage": key.key_usage}
    return status, headers, json.dumps(named)


def install() -> None:
    calls.before(_sign_digest)
    calls.after(_name_key)
    create_key, make = KmsBackend.create_key, Key.create_from_cloudformation_json

    def make_of_its_kind(name: str, template: Any, account_id: str, region_name: str, **more: Any) -> Key:
        """A template's key is of the kind it asks for; moto makes all of them alike."""
        asked = template["Properties"]
        kind = {
            "key_usage": asked.get("KeyUsage", "ENCRYPT_DECRYPT"),
            "key_spec": asked.get("KeySpec", "SYMMETRIC_DEFAULT"),
            "policy": json.dumps(asked["KeyPolicy"], default=str),
        }
        backend = kms_backends[account_id][region_name]
        backend.create_key = lambda **given: create_key(backend, **{**given, **kind})  # type: ignore[method-assign]
        try:
            return make(name, template, account_id, region_name, **more)
        finally:
            del backend.create_key

    Key.create_from_cloudformation_json = staticmethod(make_of_its_kind)  # type: ignore[method-assign]
