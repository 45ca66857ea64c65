"""What happens to a process outside of its log: errors that nothing catches, and `print`."""

from __future__ import annotations

import _thread
import io
import logging
import sys
import threading
from types import TracebackType
from typing import Any, Callable, Optional

_LOG = logging.getLogger("entrypoint_log")


def log_uncaught() -> None:
    """
    Logs an error that nothing catches as one event; the process ends with Python's exit code. Python itself would print it
    in many lines. A hook of the service's own stays.
    """
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _excepthook
    # Python 3.9 has its own hook in `_thread` only.
    if threading.excepthook is getattr(threading, "__excepthook__", getattr(_thread, "_excepthook", None)):
        threading.excepthook = _thread_excepthook


def _excepthook(
    kind: type[BaseException], error: BaseException, trace: Optional[TracebackType]
) -> None:
    if not issubclass(kind, Exception):
        sys.__excepthook__(kind, error, trace)
        return
    _uncaught(error, "main")


def _thread_excepthook(args: Any) -> None:
    if args.exc_type is not SystemExit:
        _uncaught(args.exc_value, getattr(args.thread, "name", "thread"))


def _uncaught(error: Optional[BaseException], origin: str) -> None:
    fields = {"event": "uncaught_exception", "origin": origin}
    _LOG.critical("%s", error, exc_info=error or True, extra=fields)


def keep_last_resort() -> None:
    """
    Lets `logging.info()` leave the root logger without a handler. It calls `basicConfig()` first, whose handler on stderr would
    be in place of the last resort. What a service passes to `basicConfig` itself counts as ever.
    """
    original = logging.basicConfig
    if getattr(original, "keeps_last_resort", False):
        return

    def basic_config(**given: Any) -> None:
        if given:
            original(**given)

    basic_config.keeps_last_resort = True  # type: ignore[attr-defined]
    logging.basicConfig = basic_config


def capture_print() -> Callable[[], None]:
    """
    Makes each `print` of this process an event, whoever calls it: one line, with the request id, without secrets. The event
    has `logger: "print"`. Returns what puts stdout back.

        entrypoint_log.capture_print()
    """
    before = sys.stdout
    sys.stdout = _Lines(before)

    def restore() -> None:
        sys.stdout = before

    return restore


class _Lines(io.TextIOBase):
    """Keeps what a thread has written until its line ends: `print` writes its words one by one."""

    def __init__(self, before: Any) -> None:
        super().__init__()
        self._log = logging.getLogger("print")
        self._before = before
        self._local = threading.local()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return str(getattr(self._before, "encoding", "utf-8"))

    def fileno(self) -> int:
        return int(self._before.fileno())

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        kept = getattr(self._local, "text", "") + text
        # A text of several lines is one event: it is written at once.
        is_whole = kept.endswith("\n")
        self._local.text = "" if is_whole else kept
        if is_whole and kept != "\n":
            self._log.info("%s", kept[:-1])
        return len(text)
