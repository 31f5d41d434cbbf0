"""`python -m cloud --port 5000`: puts moto right, then serves it."""

import sys

from moto.core.config import default_user_config

from . import (
    accounts,
    buses,
    calls,
    change_sets,
    cloudtrail,
    console,
    describing,
    ec2_events,
    faults,
    federation,
    functions,
    images,
    instances,
    launching,
    lifecycle,
    mappings,
    networks,
    permissions,
    protection,
    queues,
    regions,
    routing,
    saml_providers,  # noqa: F401
    server,
    service_calls,
    sessions,
    signing,
    stack_resources,
    stats,
    tags,
    targets,
)
from .doors import Doors
from .event_source import EventSource
from .schedule import Schedule
from .settings import read_settings
from .timetable import Timetable


def main() -> None:
    settings = read_settings(sys.argv[1:])
    default_user_config["lambda"]["use_docker"] = False
    life = lifecycle.Lifecycle(settings, Schedule("lifecycle"))
    source = EventSource(settings.seed, settings.event_delay)
    faulty, counted, opened, hosts = faults.Faults(settings.seed), stats.Stats(), sessions.Sessions(), console.Hosts()
    asked = permissions.Asked()

    calls.install()
    accounts.install()
    queues.install()
    images.install()
    networks.install()
    tags.install()
    instances.install()
    dismantle = lifecycle.install(life)
    launching.install(life)
    describing.install()
    regions.install()
    buses.install()
    console.install(hosts)
    stack_resources.install()
    routing.install()
    change_sets.install()
    protection.install()
    ec2_events.install(source)
    running = functions.Functions(settings.node, settings.dir)
    functions.install(running)
    mappings.install(running)
    targets.install(running)
    # The order of these is the order in which a call passes them: CloudTrail sees what a lost reply hides.
    sessions.install(opened)
    federation.install(opened)
    cloudtrail.install(source)
    permissions.install(asked)
    service_calls.install(source)
    faults.install(faulty)
    signing.install()
    stats.install(counted)
    door = Doors(faulty, counted, opened, asked, source, hosts, life, dismantle, Timetable())
    server.serve(settings.host, settings.port, server.application(door), running.end)


main()
