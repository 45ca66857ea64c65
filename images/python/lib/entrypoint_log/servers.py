"""The lines of gunicorn, uvicorn and granian: the same fields as those of the app server for Node."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Callable, Optional

from .context import is_id, is_traceparent

# They use one logger for all that they say.
_SERVERS = {"gunicorn.error": "gunicorn", "uvicorn": "uvicorn", "uvicorn.error": "uvicorn", "uvicorn.asgi": "uvicorn"}
_SERVERS.update(dict.fromkeys(("granian", "_granian"), "granian"))


def server_of(logger: str) -> Optional[str]:
    """The server whose logger it is."""
    return "granian" if logger.startswith("_granian.") else _SERVERS.get(logger)


def without_query(message: str) -> str:
    """A server's message about a request: its URL can have a secret."""
    return _URL.sub(r"\1", message.rstrip("\n"))


# gunicorn: `Error handling request GET /orders?token=...`
_URL = re.compile(r"(^Error handling request (?:[A-Z]+ )?[^\s?]*)\?\S*")


def is_about_ended(record: logging.LogRecord) -> bool:
    """Whether it is about the request that has just ended: its line in the access log, and the error that ended it."""
    return record.name in _REQUESTS or (bool(record.exc_info) and record.name in _SERVERS)


def request_of(record: logging.LogRecord) -> Optional[dict[str, Any]]:
    """The fields of a line of an access log; None: it is none. No query and no headers: they can hold secrets."""
    read = _REQUESTS.get(record.name)
    if read is None or not record.args:
        return None
    try:
        return read(record.args)
    except (KeyError, TypeError, ValueError, IndexError):
        return None


def has_own_format(record: logging.LogRecord) -> bool:
    """Whether the service has an access log in a format of its own, whose lines stay as they are."""
    if record.name == "granian.access":
        return record.msg != getattr(sys.modules.get("granian.log"), "DEFAULT_ACCESSLOG_FMT", record.msg)
    return False


def _gunicorn(atoms: Any) -> dict[str, Any]:
    size = atoms["B"]
    found = {
        "method": atoms["m"],
        # Of a request that failed, only its first line is known.
        "path": atoms["U"] or (atoms["r"].split(" ") + ["", ""])[1].split("?")[0],
        "status": int(atoms["s"]),
        "bytes": size if isinstance(size, int) else 0,
        "ms": atoms["D"] / 1000,
        "client": atoms["h"],
    }
    own, parent = atoms["{x-request-id}i"], atoms["{traceparent}i"]
    if is_id(own) and own != "-":
        found["request_id"] = own
    if is_traceparent(parent):
        found["trace_id"], found["span_id"] = parent[3:35], parent[36:52]
    return found


def _uvicorn(args: Any) -> dict[str, Any]:
    client, method, path, _, status = args
    return {"method": method, "path": path.split("?")[0], "status": status, "client": client.rpartition(":")[0] or client}


def _granian(atoms: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "method": atoms["method"],
        "path": atoms["path"],
        "status": atoms["status"],
        "ms": round(atoms["dt_ms"], 3),
        "client": atoms["addr"],
    }


_REQUESTS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "gunicorn.access": _gunicorn,
    "uvicorn.access": _uvicorn,
    "granian.access": _granian,
}
