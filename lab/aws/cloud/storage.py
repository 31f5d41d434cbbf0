"""Faults and counts for S3, which moto answers past the place where every other service's calls are intercepted."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.iam.models import get_account_id_from

from .faults import Faults
from .stats import Stats

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
SIGNED_FOR_S3 = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/s3/aws4_request")
KEY_ACTIONS = {"GET": "GetObject", "PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}
BUCKET_ACTIONS = {"GET": "ListObjectsV2", "PUT": "CreateBucket", "HEAD": "HeadBucket", "DELETE": "DeleteBucket"}


@dataclass(frozen=True)
class StorageCall:
    """What a fault looks at; stands in for calls.Call."""

    action: str
    account: str
    region: str
    service: str = "s3"


def action_of(method: str, path: str, query: dict[str, list[str]]) -> str:
    """Sub-resources (`?policy` and the like) that a fault could not name anyway go by the action of the bare path."""
    bucket, _, key = path.lstrip("/").partition("/")
    if not bucket:
        return "ListBuckets"
    if "uploads" in query:
        return "CreateMultipartUpload" if method == "POST" else "ListMultipartUploads"
    if "uploadId" in query:
        return {"PUT": "UploadPart", "POST": "CompleteMultipartUpload"}.get(method, "AbortMultipartUpload")
    if method == "POST" and "delete" in query:
        return "DeleteObjects"
    return (KEY_ACTIONS if key else BUCKET_ACTIONS).get(method, method)


def _read_call(environ: dict[str, Any]) -> StorageCall | None:
    signed = SIGNED_FOR_S3.search(environ.get("HTTP_AUTHORIZATION", ""))
    if not signed:
        return None
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    action = action_of(environ["REQUEST_METHOD"], environ["PATH_INFO"], query)
    return StorageCall(action, get_account_id_from(signed.group(1)), signed.group(2))


def watched(app: Wsgi, faults: Faults, stats: Stats) -> Wsgi:
    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        call = _read_call(environ)
        if call is None:
            return app(environ, start)

        def begin(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            stats.count(call, int(status.split()[0]))
            return start(status, headers, *rest)

        for fault in faults.draw(call):
            time.sleep(fault.delay_ms / 1000)
            if fault.code:
                if fault.lost_reply:
                    b"".join(app(environ, lambda *_: lambda _: None))
                else:
                    # The body must be read, or the client fails on writing instead of on the answer.
                    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                begin(f"{fault.status or 400} fault", [("Content-Type", "application/xml")])
                text = f"<Error><Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message></Error>"
                return [text.encode()]
        return app(environ, begin)

    return answer
