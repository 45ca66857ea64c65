"""
Log messages as JSON lines, for gunicorn and uvicorn. Nothing newer than Python 3.9.
"""

import json
import logging
from datetime import datetime, timezone


class JsonLines(logging.Formatter):
    """One event, one line: {time, level, event, ...}."""

    def format(self, record):
        time = datetime.fromtimestamp(record.created, timezone.utc)
        line = {
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            # gunicorn and uvicorn use the logger "gunicorn.error" for all messages.
            "event": record.name.removesuffix(".error"),
            "message": record.getMessage(),
            "pid": record.process,
        }
        request = REQUESTS.get(record.name)
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


# Fields of the access log. No query and no headers, since they can contain secrets.
REQUESTS = {"gunicorn.access": _gunicorn_request, "uvicorn.access": _uvicorn_request}
