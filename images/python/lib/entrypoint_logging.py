"""
Writes gunicorn's messages to stdout as JSON lines (`--logger-class entrypoint_logging.JsonLogger`).

Also writes the messages, from INFO up, of a service that configures no logging of its own.
Must run on every Python that services use: nothing newer than 3.9.
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


class JsonLogger(Logger):
    def setup(self, cfg):
        super().setup(cfg)
        # With a custom access log format the line is written as it is.
        custom = cfg.access_log_format != AccessLogFormat.default
        for log in (self.error_log,) if custom else (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(JsonLines())
                # gunicorn writes its own messages to stderr; here the log is stdout.
                if getattr(handler, "stream", None) is sys.stderr:
                    handler.setStream(sys.stdout)
        root = logging.getLogger()
        if not root.handlers:
            handler = logging.StreamHandler(sys.stdout)
            handler.setFormatter(JsonLines())
            root.addHandler(handler)
            root.setLevel(logging.INFO)
