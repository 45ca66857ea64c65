"""
Log messages as JSON lines, for gunicorn, uvicorn and granian. Nothing newer than Python 3.9.
"""

import json
import logging
import sys
from datetime import datetime, timezone


class JsonLines(logging.Formatter):
    """One event, one line: {time, level, event, ...}."""

    def format(self, record):
        request = REQUESTS.get(record.name)
        # With a format of the service's own the line is written as it is.
        if request is _granian_request and record.msg != sys.modules["granian.log"].DEFAULT_ACCESSLOG_FMT:
            return record.getMessage()
        time = datetime.fromtimestamp(record.created, timezone.utc)
        line = {
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            # gunicorn and uvicorn use the logger "gunicorn.error" for all messages.
            "event": record.name.removesuffix(".error").lstrip("_"),
            "message": record.getMessage(),
            "pid": record.process,
        }
        if request is not None and record.args:
            line.update(event="request", **request(record.args))
            del line["message"]
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _gunicorn_request(atoms):
    return {
        "method": atoms["m"],
        "path": atoms["U"],
        "status": int(atoms["s"]),
        "bytes": atoms["B"],
        "ms": atoms["D"] / 1000,
        "client": atoms["h"],
        "request_id": atoms["{x-request-id}i"],
    }


def _uvicorn_request(args):
    client, method, path, _, status = args
    return {"method": method, "path": path.split("?")[0], "status": status, "client": client}


def _granian_request(atoms):
    return {
        "method": atoms["method"],
        "path": atoms["path"],
        "status": atoms["status"],
        "ms": round(atoms["dt_ms"], 3),
        "client": atoms["addr"],
    }


# Fields of the access log. No query and no headers, since they can contain secrets.
REQUESTS = {
    "gunicorn.access": _gunicorn_request,
    "uvicorn.access": _uvicorn_request,
    "granian.access": _granian_request,
}
