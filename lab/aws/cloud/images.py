"""moto's images without the 1,200 of ECS, which cost seconds for each account and region, and a few of today's."""

import contextlib
import json
from pathlib import Path
from typing import Any

from moto.core.parse import default_timestamp_parser as parse_timestamp
from moto.ec2.models import amis
from moto.utilities.utils import load_resource

OWN = json.loads(Path(__file__).with_name("images.json").read_text())


def _load(backend: Any) -> None:
    rows = [*amis.AMIS, *OWN]
    with contextlib.suppress(FileNotFoundError):
        # The images that /aws/service/ami-amazon-linux-latest/* of Parameter Store names.
        rows += load_resource(f"ec2/resources/latest_amis/{backend.region_name}.json")
    for row in rows:
        created = row.get("creation_date")
        dated = {"creation_date": parse_timestamp(created)} if isinstance(created, str) else {}
        backend.amis[row["ami_id"]] = amis.Ami(backend, **{**row, "owner_alias": "amazon", **dated})


def install() -> None:
    amis.AmiBackend._load_amis = _load
