"""One JSON object a line, on stdout."""

import json
import logging
import sys
import time
from datetime import UTC, datetime

from flask import Flask, Response, g, request


class JsonLines(logging.Formatter):
    def __init__(self, version: str) -> None:
        super().__init__()
        self._base = {"service": "points-api", "version": version}

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
            **self._base,
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure_logging(level: str, version: str) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(version))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def log_requests(app: Flask) -> None:
    """Logs one line a request, without query, headers and body. Probes are not logged."""
    log = logging.getLogger("points_api.request")

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        if request.path in ("/healthz", "/readyz"):
            return response
        facts = {
            "method": request.method,
            "path": request.path,
            "route": str(request.url_rule),
            "status": response.status_code,
            "ms": round((time.perf_counter() - g.began) * 1000, 1),
        }
        log.info("request", extra={"facts": facts})
        return response
