"""The HTTP server: moto's applications, the lab's doors, and a loud word whenever moto does not know how."""

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from . import doors, storage
from .doors import DoorError, Doors
from .storage import Wsgi


class QuietHandler(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        """One line a request would be most of the log; /lab/stats counts instead."""


def _quiet_apps(service: Any) -> Any:
    app = create_backend_app(service)
    # Outside debug mode Flask logs the traceback once and answers 500, instead of raising into the server.
    app.debug = False
    return app


def application(door: Doors) -> Wsgi:
    aws = storage.watched(DomainDispatcherApplication(_quiet_apps), door.faults, door.stats)

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith("/lab/"):
            return aws(environ, start)
        try:
            status, body = "200 OK", door.answer(doors.parse(environ))
        except DoorError as error:
            status, body = f"{error.status} refused", {"error": str(error)}
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            status, body = "500 failed", {"error": repr(error)}
        start(status, [("Content-Type", "application/json")])
        return [json.dumps(body, default=str).encode()]

    return answer


def _end_with_parent(at_end: Callable[[], None]) -> None:
    """Whoever started us holds our standard input open; when it goes, so do we."""
    sys.stdin.buffer.read()
    at_end()
    os._exit(0)


def serve(host: str, port: int, app: Wsgi, at_end: Callable[[], None]) -> None:
    server = make_server(host, port, app, threaded=True, request_handler=QuietHandler)
    os.environ["MOTO_PORT"] = str(server.port)
    threading.Thread(target=_end_with_parent, args=(at_end,), daemon=True).start()
    print(f"listening on http://{host}:{server.port}", flush=True)
    server.serve_forever()
