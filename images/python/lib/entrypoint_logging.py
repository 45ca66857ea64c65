"""
gunicorn's messages as JSON lines on the standard output (`--logger-class entrypoint_logging.JsonLogger`).

A service that sets up no logging of its own has its messages from INFO on written in the same way.
It must run on any Python that a service runs on, and so uses nothing newer than 3.9.
"""

import json
import logging
import sys
from datetime import datetime, timezone

from gunicorn.config import AccessLogFormat
from gunicorn.glogging import Logger


class JsonLines(logging.Formatter):
    """One event, one line: {time, level, event, ...}."""

    def format(self, record):
        time = datetime.fromtimestamp(record.created, timezone.utc)
        line = {
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            # gunicorn and uvicorn call what is no error "gunicorn.error" too.
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


# What there is to tell of a request. The query and headers may hold secrets.
REQUESTS = {"gunicorn.access": _gunicorn_request, "uvicorn.access": _uvicorn_request}


class JsonLogger(Logger):
    def setup(self, cfg):
        super().setup(cfg)
        # Who gives a format of their own for requests wants the line as it is.
        own = cfg.access_log_format != AccessLogFormat.default
        for log in (self.error_log,) if own else (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(JsonLines())
                # gunicorn's own messages go to stderr; here the standard output is the log.
                if getattr(handler, "stream", None) is sys.stderr:
                    handler.setStream(sys.stdout)
        root = logging.getLogger()
        if not root.handlers:
            handler = logging.StreamHandler(sys.stdout)
            handler.setFormatter(JsonLines())
            root.addHandler(handler)
            root.setLevel(logging.INFO)
