"""DescribeRegions: the regions that an account has switched off are not among those that it may use."""

from moto.core.responses import ActionResult
from moto.ec2.responses.availability_zones_and_regions import AvailabilityZonesAndRegions

from .calls import current_call


def install() -> None:
    def describe_regions(self: AvailabilityZonesAndRegions) -> ActionResult:
        call = current_call()
        off = set(call.notes.get("switched_off", ())) if call else set()
        regions = self.ec2_backend.describe_regions(self._get_param("RegionNames", []))
        return ActionResult({"Regions": [one for one in regions if one.name not in off]})

    AvailabilityZonesAndRegions.describe_regions = describe_regions
