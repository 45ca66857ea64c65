"""What LOG_LEVEL and LOG_FORMAT say. The same words as entrypoint/log in Node."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple, Optional

TRACE = 5
SILENT = 1000
_LEVELS = {"trace": TRACE, "debug": 10, "info": 20, "warn": 30, "error": 40, "fatal": 50, "silent": SILENT}
_OTHERS = {"warning": 30, "critical": 50, "off": SILENT, "none": SILENT, "notset": TRACE}
_FORMATS = ("json", "ecs", "text")


class Settings(NamedTuple):
    level: int
    format: str
    problems: list[str]
    """Values without a meaning: they do not stop a service, and are not repeated."""


class LevelName(NamedTuple):
    """What a level is called in a line, here and in OpenTelemetry."""

    level: str
    severity: str


_NAMES = (
    (50, LevelName("fatal", "FATAL")),
    (40, LevelName("error", "ERROR")),
    (30, LevelName("warning", "WARN")),
    (20, LevelName("info", "INFO")),
    (10, LevelName("debug", "DEBUG")),
)
_TRACE_NAME = LevelName("trace", "TRACE")


def level_name(number: int) -> LevelName:
    """Levels between those of `logging` have the name of the one below."""
    return next((name for least, name in _NAMES if number >= least), _TRACE_NAME)


def level_of(text: str) -> Optional[int]:
    """A level by its name, in any case, also in Python's words."""
    word = text.strip().lower()
    return _LEVELS.get(word, _OTHERS.get(word))


def is_terminal() -> bool:
    try:
        return os.isatty(1)
    except OSError:
        return False


def read_settings(env: Optional[Mapping[str, str]] = None) -> Settings:
    given = os.environ if env is None else env
    usual = "text" if is_terminal() else "json"
    level = level_of(given.get("LOG_LEVEL", "") or "info")
    form = (given.get("LOG_FORMAT", "") or usual).strip().lower()
    problems = []
    if level is None:
        problems.append(f"LOG_LEVEL is no level: expected {_words(tuple(_LEVELS))}; info is used")
    if form not in _FORMATS:
        problems.append(f"LOG_FORMAT is no format: expected {_words(_FORMATS)}; {usual} is used")
        form = usual
    return Settings(20 if level is None else level, form, problems)


def _words(all_of: tuple[str, ...]) -> str:
    return f"{', '.join(all_of[:-1])} or {all_of[-1]}"
