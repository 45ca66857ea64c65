"""
stdout is the log: one event is one JSON line, whatever logs it. The same lines as those of entrypoint/log in Node.

    entrypoint_log.configure()
    log = logging.getLogger(__name__)
    log.info("order placed", extra={"order": 17})

Images have the module. It needs nothing but Python 3.9.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, MutableMapping
from typing import Any, Optional

from .context import context
from .hooks import capture_print, keep_last_resort, log_uncaught
from .line import ECS, ECS_REQUEST, PLAIN, Line, line_of
from .middleware import AsgiMiddleware, WsgiMiddleware
from .output import STDOUT, Counts, Output
from .readable import readable_line
from .record import event_of, structlog_event
from .servers import has_own_format, request_of
from .settings import is_terminal, level_of, read_settings

__all__ = [
    "AsgiMiddleware",
    "Counts",
    "Formatter",
    "Handler",
    "WsgiMiddleware",
    "capture_print",
    "configure",
    "context",
    "counts",
    "dict_config",
    "fallback",
    "structlog_options",
    "structlog_processor",
]


class Formatter(logging.Formatter):
    """
    The line of a record, for a handler of the service's own: one event, at most 8 KiB, without secrets.

    format: `json`, `ecs` or `text`; default LOG_FORMAT, or `text` on a terminal and `json` elsewhere.
    fields: of every line, such as the version of the service.
    """

    def __init__(
        self,
        format: Optional[str] = None,
        *,
        fields: Optional[Mapping[str, Any]] = None,
        output: Output = STDOUT,
        **_: Any,
    ) -> None:
        super().__init__()
        self._fields = list((fields or {}).items())
        self._form = format or read_settings().format
        self._output = output
        colour = is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._colour = colour and output is STDOUT

    def format(self, record: logging.LogRecord) -> str:
        return self.line(record).text[:-1]

    def line(self, record: logging.LogRecord) -> Line:
        """With its line break. Never raises."""
        if has_own_format(record):
            return Line(f"{record.getMessage()}\n", False)
        event = event_of(record)
        if self._fields:
            event = event._replace(fields=[*event.fields, *self._fields])
        if self._form != "ecs":
            line = line_of(event, self._output, PLAIN)
            return Line(readable_line(line.text, self._colour), line.is_cut) if self._form == "text" else line
        if request_of(record) is None:
            return line_of(event, self._output, ECS)
        # ECS has a duration in nanoseconds.
        fields = [("ns", round(value * 1e6)) if key == "ms" else (key, value) for key, value in event.fields]
        return line_of(event._replace(fields=fields), self._output, ECS_REQUEST)


class Handler(logging.Handler):
    """
    Writes each record as one line on stdout, before the call returns: nothing is lost at the end of a process.

    In `logging.config.dictConfig`: `"handlers": {"stdout": {"class": "entrypoint_log.Handler"}}`.
    """

    def __init__(
        self,
        level: int | str = 0,
        format: Optional[str] = None,
        fields: Optional[Mapping[str, Any]] = None,
        output: Output = STDOUT,
    ) -> None:
        self._output = output
        super().__init__(level)
        self.setFormatter(Formatter(format, fields=fields, output=output))

    def createLock(self) -> None:  # noqa: N802 (the name of logging's)
        # All handlers share one sequence of numbers.
        self.lock = self._output.lock

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if isinstance(self.formatter, Formatter):
                line = self.formatter.line(record)
            else:
                line = Line(f"{self.format(record)}\n", False)
            self._output.write(*line)
        except Exception:  # A formatter of the service's own.
            self.handleError(record)


def configure(
    level: Optional[str] = None,
    format: Optional[str] = None,
    fields: Optional[Mapping[str, Any]] = None,
) -> None:
    """
    Makes the lines of every logger JSON lines on stdout, in place of the handlers that the root logger has. An error that
    nothing catches is one event.

    level: default LOG_LEVEL, or `info`. Raises ValueError.
    format: `json`, `ecs` or `text`; default LOG_FORMAT, or `text` on a terminal and `json` elsewhere.
    fields: of every line, such as the version of the service.
    """
    number = _number(level)
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    root.addHandler(Handler(format=format, fields=fields))
    root.setLevel(number)
    log_uncaught()
    _log_problems()


def dict_config(level: Optional[str] = None, format: Optional[str] = None) -> dict[str, Any]:
    """
    The same as `configure`, for `logging.config.dictConfig` and for Django's `LOGGING`.

        LOGGING = entrypoint_log.dict_config()
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"stdout": {"class": "entrypoint_log.Handler", "format": format}},
        "root": {"level": _number(level), "handlers": ["stdout"]},
        # Django's own handlers would log errors of requests a second time.
        "loggers": {"django": {"handlers": [], "propagate": True}},
    }


def fallback(**_: Any) -> logging.Handler:
    """
    A handler for what the server itself says, and for a service that configures no logging: `entrypoint run` configures
    servers with it. Handlers of the service's own win, whenever it sets them.
    """
    handler = Handler()
    logging.lastResort = handler
    keep_last_resort()
    root = logging.getLogger()
    if not root.handlers:
        root.setLevel(read_settings().level)
    log_uncaught()
    _log_problems()
    return handler


def structlog_processor(_: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """
    The last processor of a structlog that does not use `logging`: renders the event as a line.

        structlog.configure(processors=[structlog.contextvars.merge_contextvars, entrypoint_log.structlog_processor])
    """
    return line_of(structlog_event(method, event, time.time()), STDOUT, _names()).text[:-1]


def _names() -> Any:
    return ECS if read_settings().format == "ecs" else PLAIN


def structlog_options() -> dict[str, Any]:
    """
    The configuration of a structlog whose events go through `logging`: after `entrypoint_log.configure()`,
    `structlog.configure(**entrypoint_log.structlog_options())`.
    """
    import structlog

    return {
        "processors": [
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        "logger_factory": structlog.stdlib.LoggerFactory(),
        "wrapper_class": structlog.stdlib.BoundLogger,
        "cache_logger_on_first_use": True,
    }


def counts() -> Counts:
    """What became of the events on stdout since the process began: for metrics."""
    return STDOUT.counts()


def _number(level: Optional[str]) -> int:
    if level is None:
        return read_settings().level
    number = level_of(level)
    if number is None:
        raise ValueError(f"{level!r} is no level of a log")
    return number


def _log_problems() -> None:
    for text in read_settings().problems:
        logging.getLogger(__name__).warning(text, extra={"event": "bad_log_setting"})
