"""What a person may set when the launcher starts. All durations are seconds."""

import argparse
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    host: str
    port: int
    pending: float
    stopping: float
    purge: float
    event_delay: float
    seed: int
    node: str
    dir: str | None


def read_settings(arguments: list[str]) -> Settings:
    parser = argparse.ArgumentParser(prog="cloud", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pending", type=float, default=0.0, help="seconds from launch or start to running")
    parser.add_argument("--stopping", type=float, default=0.0, help="seconds to stopped or terminated")
    parser.add_argument(
        "--purge", type=float, default=3600.0, help="seconds that a terminated instance is still listed"
    )
    parser.add_argument("--event-delay", type=float, default=0.0, help="seconds from a change to its event")
    parser.add_argument("--seed", type=int, default=1, help="of every random choice: faults and event knobs")
    parser.add_argument("--node", default="node", help="program that runs Lambda functions")
    parser.add_argument("--dir", help="where Lambda functions are unpacked; a temporary folder otherwise")
    return Settings(**vars(parser.parse_args(arguments)))
