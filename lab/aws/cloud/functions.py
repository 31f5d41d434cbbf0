"""Lambda functions that really run: their own bundle in Node, with their role's session, warm between calls."""

import base64
import io
import json
import os
import select
import shutil
import subprocess
import tempfile
import threading
import time
import uuid
import zipfile
from pathlib import Path
from typing import Any

from moto.awslambda.utils import get_backend
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.utils import unix_time_millis
from moto.logs.models import logs_backends

from .sessions import open_for_service

HOST = Path(__file__).with_name("function_host.mjs")
IDLE_SECONDS = 120.0
START_SECONDS = 20.0
ENDINGS = (".mjs", ".js", ".cjs")


class Environment:
    """One Node process with the function loaded; it takes one invocation at a time."""

    def __init__(self, function: Any, folder: Path, node: str):
        self.used = time.monotonic()
        self._log = FunctionLog(function)
        module, name = function.handler.rsplit(".", 1)
        file = next((folder / (module + end) for end in ENDINGS if (folder / (module + end)).exists()), folder / module)
        reading, writing = os.pipe()
        self._process = subprocess.Popen(
            [node, str(HOST), str(file), name, str(writing)],
            cwd=folder,
            env=_environment(function, self._log),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(writing,),
        )
        os.close(writing)
        self._answers = os.fdopen(reading, "rb")
        threading.Thread(target=self._keep_log, daemon=True).start()
        self.broken = self._read(START_SECONDS)

    def invoke(self, function: Any, payload: str) -> dict[str, Any]:
        """`{"result": …}` or `{"error": {…}}`."""
        timeout = float(function.timeout or 3)
        deadline = unix_time_millis() + timeout * 1000
        call = {"id": str(uuid.uuid4()), "event": json.loads(payload or "null"), "deadline": deadline}
        line = json.dumps({**call, "arn": function.function_arn}) + "\n"
        stdin = self._process.stdin
        if stdin is None:
            raise RuntimeError("an environment without input")
        try:
            stdin.write(line.encode())
            stdin.flush()
            answer = self._read(timeout)
        except BrokenPipeError:
            # Somebody killed it since its last call.
            self.end()
            answer = None
        self.used = time.monotonic()
        return answer or {
            "error": {"errorType": "Runtime.ExitError", "errorMessage": "Runtime exited without a reason"}
        }

    def _read(self, seconds: float) -> dict[str, Any] | None:
        ready, _, _ = select.select([self._answers], [], [], seconds)
        if not ready:
            self.end()
            text = f"{uuid.uuid4()} Task timed out after {seconds:.2f} seconds"
            return {"error": {"errorType": "Sandbox.Timedout", "errorMessage": text}}
        line = self._answers.readline()
        if not line:
            self.end()
            return None
        told: dict[str, Any] = json.loads(line)
        return told

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        self._process.kill()
        # Until then it counts as alive, and the next call would be given to it.
        self._process.wait()

    def _keep_log(self) -> None:
        for line in self._process.stdout or []:
            self._log.write(line.decode(errors="replace").rstrip("\n"))
        self._process.wait()


class FunctionLog:
    """The function's stream in CloudWatch Logs."""

    def __init__(self, function: Any):
        self.group = f"/aws/lambda/{function.function_name}"
        self.stream = f"{time.strftime('%Y/%m/%d')}/[$LATEST]{uuid.uuid4().hex}"
        self._backend = logs_backends[function.account_id][function.region]
        if self.group not in self._backend.groups:
            self._backend.create_log_group(self.group, {})
        self._backend.create_log_stream(self.group, self.stream)

    def write(self, text: str) -> None:
        event = {"timestamp": int(unix_time_millis()), "message": text}
        self._backend.put_log_events(self.group, self.stream, [event])


def _environment(function: Any, log: FunctionLog) -> dict[str, str]:
    session = open_for_service(function.role, function.function_name[:64], function.region)
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "TZ": ":UTC",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_LOG_GROUP_NAME": log.group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log.stream,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_ENDPOINT_URL": f"http://localhost:{os.environ['MOTO_PORT']}",
        **{str(k): str(v) for k, v in (function.environment_vars or {}).items()},
    }


class Functions:
    def __init__(self, node: str, folder: str | None):
        self._node = node
        self._own_folder = None if folder else tempfile.TemporaryDirectory(prefix="lab-functions-", ignore_cleanup_errors=True)
        self._folder = Path(folder or self._own_folder.name)
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, str, str], list[Environment]] = {}
        self._started: list[Environment] = []

    def end(self) -> None:
        """Leaves no process and no file behind, however busy it is."""
        for environment in self._started:
            environment.end()
        if self._own_folder:
            self._own_folder.cleanup()

    def invoke(self, function: Any, payload: str) -> dict[str, Any]:
        if not str(function.run_time).startswith("nodejs"):
            raise NotImplementedError(f"functions of {function.run_time} do not run here")
        # New code or a new configuration means new environments.
        key = (function.function_arn, function.code_sha_256, function.last_modified)
        environment = self._take(key) or self._start(function)
        if environment.broken and not environment.broken.get("ready"):
            return {"error": environment.broken.get("error", environment.broken)}
        answer = environment.invoke(function, payload)
        with self._lock:
            if environment.alive:
                self._idle.setdefault(key, []).append(environment)
        return answer

    def _start(self, function: Any) -> Environment:
        environment = Environment(function, self._unpack(function), self._node)
        with self._lock:
            self._started = [one for one in self._started if one.alive] + [environment]
        return environment

    def _take(self, key: tuple[str, str, str]) -> Environment | None:
        now = time.monotonic()
        with self._lock:
            for other, idle in list(self._idle.items()):
                replaced = other[0] == key[0] and other != key
                for one in [one for one in idle if replaced or not one.alive or now - one.used > IDLE_SECONDS]:
                    idle.remove(one)
                    one.end()
            idle = self._idle.get(key, [])
            return idle.pop() if idle else None

    def _unpack(self, function: Any) -> Path:
        folder = self._folder / function.code_sha_256.translate(str.maketrans("/+=", "_-_"))
        with self._lock:
            if not folder.exists():
                half = folder.with_suffix(".half")
                shutil.rmtree(half, ignore_errors=True)
                zipfile.ZipFile(io.BytesIO(function.code_bytes)).extractall(half)
                half.rename(folder)
        return folder


def find_function(arn: str) -> Any:
    parts = arn.split(":")
    return get_backend(parts[4], parts[3]).get_function(arn, None)


def install(functions: Functions) -> None:
    def invoke(
        backend: Any, name: str, qualifier: str | None, body: Any, headers: Any, response_headers: dict[str, str]
    ) -> bytes:
        function = backend.get_function(name, qualifier)
        payload = body.decode() if isinstance(body, bytes) else body or "null"
        if headers.get("X-Amz-Invocation-Type") == "Event":
            threading.Thread(target=functions.invoke, args=(function, payload), daemon=True).start()
            return b""
        answer = functions.invoke(function, payload)
        if "error" in answer:
            response_headers["X-Amz-Function-Error"] = "Unhandled"
            text = f"{answer['error'].get('errorType')}: {answer['error'].get('errorMessage')}"
            response_headers["x-amz-log-result"] = base64.b64encode(text.encode()[-4096:]).decode()
        return json.dumps(answer.get("error", answer.get("result"))).encode()

    LambdaSimpleBackend.invoke = invoke
