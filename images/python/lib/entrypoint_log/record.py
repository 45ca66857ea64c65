"""What a record of `logging`, or an event of structlog, says as fields of a line."""

from __future__ import annotations

import dataclasses
import logging
import sys
from collections import deque
from collections.abc import Mapping, Set
from typing import Any, Optional

from .context import current
from .line import Event
from .secrets import HIDDEN, is_secret_name
from .servers import is_about_ended, request_of, server_of, without_query
from .settings import level_name
from .values import Limits, Walk, http_message, json_of

# What `logging` itself sets: everything else is a field of the service.
_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}
# uvicorn has the message once more, with colours.
_REPEATED = "color_message"


def event_of(record: logging.LogRecord) -> Event:
    """The event of a record. Never raises."""
    of = current(is_about_ended(record))
    level = level_name(record.levelno)
    request = request_of(record)
    if request is not None:
        given = {"event": "request", **request}
        return Event(record.created, level, None, list(given.items()), of)
    message, fields = _message_of(record)
    server = server_of(record.name)
    if server is None:
        fields.append(("logger", record.name))
    else:
        fields.append(("event", server))
        message = without_query(message) if isinstance(message, str) else message
    for key, value in vars(record).items():
        if key not in _STANDARD and not key.startswith("_") and key != _REPEATED:
            fields.append((key, value))
    error = _error_of(record)
    if error is not None:
        fields.append(("err", error))
    if record.stack_info:
        fields.append(("stack", record.stack_info))
    return Event(record.created, level, message, fields, of)


def _message_of(record: logging.LogRecord) -> tuple[Any, list[tuple[Any, Any]]]:
    msg, args = record.msg, record.args
    if isinstance(msg, BaseException):
        # `log.error(error)`
        return _text(msg), ([] if record.exc_info else [("err", msg)])
    if isinstance(msg, Mapping) and not args:
        # `log.info({"order": 7})`, and structlog's `wrap_for_formatter`.
        return _of_mapping(msg, "event" if hasattr(record, "_logger") else "message")
    if not args:
        return msg if type(msg) is str else _text(msg), []
    try:
        text = str(msg)
        return text % _words(text, args), []
    except Exception:  # Words that the text has no place for, or a method of one of them.
        words = [args] if isinstance(args, Mapping) else list(args)
        return _text(msg), [("args", words)]


def _words(text: str, args: Any) -> Any:
    """The words of a message. `logging` passes a single mapping on as it is: by name, or as one word."""
    if not isinstance(args, Mapping):
        return tuple(_word(one) for one in args)
    if "%(" not in text:
        return (_word(args),)
    return {name: HIDDEN if isinstance(name, str) and is_secret_name(name) else _word(one) for name, one in args.items()}


def _word(value: Any) -> Any:
    """What has fields is written by their rules, not by `repr`: they can have secrets by their names."""
    if isinstance(value, (str, int, float, BaseException)) or value is None:
        return value
    if (
        isinstance(value, (Mapping, list, tuple, Set, deque))
        or dataclasses.is_dataclass(value)
        or http_message(value) is not None
    ):
        return _Word(json_of(value, Walk(Limits(2048, 100, 6), 8192, True, "stack")))
    return value


class _Word(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _of_mapping(given: Mapping[Any, Any], name: str) -> tuple[Any, list[tuple[Any, Any]]]:
    try:
        fields = list(given.items())
    except Exception:  # A method of the service's mapping.
        return "[unreadable]", []
    message = next((value for key, value in fields if key == name), None)
    if not isinstance(message, str):
        return None, fields
    if name == "event":
        fields = [pair for pair in fields if pair[0] not in _OF_STRUCTLOG]
        return message, fields + _error_of_structlog(given)
    return message, [pair for pair in fields if pair[0] != name]


# What the line says in its own way.
_OF_STRUCTLOG = frozenset(["event", "level", "timestamp", "exc_info", "exception", "logger", "stack_info"])


def _error_of_structlog(given: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    error = _error_in(given.get("exc_info"))
    if error is not None:
        return [("err", error)]
    text = given.get("exception")
    return [("err", _formatted(text))] if isinstance(text, str) else []


def structlog_event(method: str, given: Mapping[str, Any], created: float) -> Event:
    """An event of structlog that does not go through `logging`."""
    number = {"warn": 30, "exception": 40, "err": 40, "notset": 0}.get(method)
    if number is None:
        number = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50, "fatal": 50}.get(method, 20)
    message, fields = _of_mapping(given, "event")
    logger = given.get("logger")
    return Event(created, level_name(number), message, fields + ([("logger", logger)] if logger else []), current())


def _error_of(record: logging.LogRecord) -> Any:
    if record.exc_info:
        return _error_in(record.exc_info)
    # A record that came through a queue has its traceback as text only.
    return _formatted(record.exc_text) if record.exc_text else None


def _error_in(given: Any) -> Optional[BaseException]:
    if isinstance(given, BaseException):
        return given
    found = given if isinstance(given, tuple) else sys.exc_info() if given else (None, None, None)
    error = found[1] if len(found) > 1 else None
    return error if isinstance(error, BaseException) else None


def _formatted(text: str) -> Mapping[str, str]:
    """An error of which only the traceback is left: its last line has the type and the message."""
    kind, _, message = text.rstrip().rsplit("\n", 1)[-1].partition(": ")
    return {"type": kind, "message": message, "stack": text}


def _text(value: Any) -> str:
    try:
        return str.__str__(str(_word(value)))
    except Exception:  # A method of the value, which is not ours.
        return "[unreadable]"

