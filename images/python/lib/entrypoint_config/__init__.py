"""
Typed configuration from environment variables, declared in pyproject.toml.

    [tool.entrypoint.config]
    DATABASE_URL = {type = "URL", schemes = ["postgresql"]}
    DATABASE_PASSWORD = {type = "text", secret = true}
    POOL_SIZE = {type = "integer", default = 5, min = 1, max = 100}

    config = entrypoint_config.read()
    create_engine(config.DATABASE_URL, password=config.DATABASE_PASSWORD.reveal())
"""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Optional, TypeVar, overload

from .declared import DeclarationError, Fields, declared_fields, is_secret, tasks_of
from .messages import Fault, faults_text, misspelt, shortened
from .parse import InvalidError, parse_text
from .secret import Secret, remember
from .source import Found, find_text

__all__ = ["ConfigError", "DeclarationError", "Secret", "Values", "origins", "read", "read_or_exit"]

T = TypeVar("T")
_log = logging.getLogger(__name__)
# gunicorn stops at this exit code. After any other it restarts the worker, for ever.
NOT_BOOTED = 3


class ConfigError(Exception):
    """Every problem at once, by name, and never by value."""


class Values:
    """The values by the names of their variables: `values.LOG_LEVEL`, `values["LOG_LEVEL"]`."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self._values:
            raise AttributeError(f"{name} is not declared, or not needed by the task")
        return self._values[name]

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __repr__(self) -> str:
        return f"Values({', '.join(f'{name}={value!r}' for name, value in self._values.items())})"


@overload
def read(
    into: None = None,
    *,
    env: Optional[Mapping[str, str]] = None,
    task: Optional[str] = None,
    directory: Optional[Path] = None,
) -> Values: ...
@overload
def read(
    into: type[T],
    *,
    env: Optional[Mapping[str, str]] = None,
    task: Optional[str] = None,
    directory: Optional[Path] = None,
) -> T: ...
def read(
    into: Any = None,
    *,
    env: Optional[Mapping[str, str]] = None,
    task: Optional[str] = None,
    directory: Optional[Path] = None,
) -> Any:
    """
    The values of all variables, or of those that a task needs. Raises ConfigError, DeclarationError.

    into: a dataclass; each of its fields is a declared variable, in lower case or as declared. Default: Values.
    env: default os.environ.
    directory: where the search for pyproject.toml begins; default the working directory.

    Durations are timedelta, sizes bytes as int, base64 bytes. With ENTRYPOINT_CONFIG=defaults, as in the build of
    an image, nothing is validated: what is set and valid or has a default has its value, all else is None.
    """
    given = os.environ if env is None else env
    fields = declared_fields(directory)
    values, faults, unset, _ = _evaluate(fields, given, task)
    if given.get("ENTRYPOINT_CONFIG") == "defaults":
        values = {**values, **{fault.name: _without_value(fault) for fault in faults}}
    else:
        declared = frozenset(fields) | {f"{name}_FILE" for name in fields}
        for warning in misspelt(unset, declared, given):
            _log.warning("%s", warning)
        if faults:
            raise ConfigError(faults_text(faults))
    return Values(values) if into is None else _as_dataclass(into, values)


@overload
def read_or_exit(into: None = None, **options: Any) -> Values: ...
@overload
def read_or_exit(into: type[T], **options: Any) -> T: ...
def read_or_exit(into: Any = None, **options: Any) -> Any:
    """As `read`; a ConfigError is printed on stderr, without a traceback, and the exit code is 3."""
    try:
        return read(into, **options)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
    sys.exit(NOT_BOOTED)


def origins(
    *,
    env: Optional[Mapping[str, str]] = None,
    task: Optional[str] = None,
    directory: Optional[Path] = None,
) -> dict[str, str]:
    """Where each value comes from: `environment`, `file PATH`, `default` or `nowhere`."""
    return _evaluate(declared_fields(directory), os.environ if env is None else env, task)[3]


def _evaluate(
    fields: Fields, env: Mapping[str, str], task: Optional[str]
) -> tuple[dict[str, Any], list[Fault], list[str], dict[str, str]]:
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    unset: list[str] = []
    sources: dict[str, str] = {}
    for name, field in fields.items():
        tasks = tasks_of(field)
        if task is not None and tasks is not None and task not in tasks:
            continue
        found = find_text(name, env, f"{name}_FILE" not in fields)
        sources[name] = _origin(field, found)
        if found.text is not None:
            _parse(name, field, found, values, faults)
        elif found.conflict:
            faults.append(Fault(name, field, "conflict", name))
        elif found.unreadable is not None:
            faults.append(Fault(name, field, "unreadable", f"{name}_FILE", found.unreadable))
        else:
            unset.append(name)
            if "default" in field or field.get("optional", False):
                values[name] = _default(field)
            else:
                faults.append(Fault(name, field, "unset", name))
    return values, faults, unset, sources


def _parse(
    name: str, field: Mapping[str, Any], found: Found, values: dict[str, Any], faults: list[Fault]
) -> None:
    text = found.text or ""
    try:
        value = parse_text(field, text)
    except InvalidError as error:
        variable = name if found.path is None else f"{name}_FILE"
        shown = shortened(text) if field.get("harmless", False) and not is_secret(field) else None
        faults.append(Fault(name, field, error.kind, variable, shown=shown))
    else:
        values[name] = remember(name, Secret(value, name)) if is_secret(field) else value


def _origin(field: Mapping[str, Any], found: Found) -> str:
    if found.text is None:
        is_missing = not found.conflict and found.unreadable is None
        return "default" if is_missing and "default" in field else "nowhere"
    return "environment" if found.path is None else f"file {found.path}"


def _default(field: Mapping[str, Any]) -> Any:
    value = field.get("default")
    if isinstance(value, str) and field["type"] != "JSON":
        return parse_text(field, value)
    return list(value) if isinstance(value, list) else value


def _without_value(fault: Fault) -> Any:
    """While nothing is validated, a secret without a value can still be passed on."""
    if is_secret(fault.field):
        return Secret(None, fault.name)
    return _default(fault.field)


def _as_dataclass(into: Any, values: Mapping[str, Any]) -> Any:
    if not dataclasses.is_dataclass(into):
        raise DeclarationError(f"{into!r} is not a dataclass")
    found = {field.name: _name_of(field.name, values) for field in dataclasses.fields(into)}
    missing = sorted(name for name, variable in found.items() if variable is None)
    if missing:
        raise DeclarationError(
            f"no variable is declared, and needed by the task, for these fields: {', '.join(missing)}"
        )
    return into(**{name: values[variable] for name, variable in found.items() if variable is not None})


def _name_of(name: str, values: Mapping[str, Any]) -> Optional[str]:
    return next((one for one in (name, name.upper()) if one in values), None)
