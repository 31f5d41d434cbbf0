"""Lambda as a target of rules and schedules: invoked in the background, and again when it fails, as AWS does."""

import json
import sys
import threading
from typing import Any

from . import buses
from .functions import Functions, find_function
from .schedule import Schedule

# AWS waits one minute, then two.
RETRIES = (1.0, 2.0)


def install(functions: Functions) -> None:
    schedule = Schedule("retries")

    def attempt(arn: str, payload: str, number: int) -> None:
        answer = functions.invoke(find_function(arn), payload)
        if "error" not in answer:
            return
        print(f"{arn} failed: {answer['error'].get('errorMessage')}", file=sys.stderr, flush=True)
        if number < len(RETRIES):
            schedule.after(RETRIES[number], lambda: start(arn, payload, number + 1))
        else:
            buses.count("abandoned")

    def start(arn: str, payload: str, number: int = 0) -> None:
        threading.Thread(target=attempt, args=(arn, payload, number), daemon=True).start()

    def invoke(arn: str, event: Any) -> None:
        find_function(arn)  # a function that is not there is the sender's error
        start(arn, json.dumps(event))

    buses.invoke_function = invoke
