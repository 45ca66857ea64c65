"""One JSON object a line, on stdout, by entrypoint_log."""

import logging
import time

import entrypoint_log
from flask import Flask, Response, g, request


def configure_logging(level: str, version: str) -> None:
    entrypoint_log.configure(level, fields={"service": "points-api", "version": version})


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
            "event": "request",
            "method": request.method,
            "path": request.path,
            "route": str(request.url_rule),
            "status": response.status_code,
            "ms": round((time.perf_counter() - g.began) * 1000, 1),
        }
        log.info("request", extra=facts)
        return response
