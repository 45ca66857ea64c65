"""The declaration: `[tool.entrypoint.config]` in pyproject.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from .parse import InvalidError, parse_text

COMMON = ("type", "description", "example", "secret", "harmless", "optional", "tasks", "default")
OWN: dict[str, tuple[str, ...]] = {
    "text": ("minLength",),
    "integer": ("min", "max"),
    "number": ("min", "max"),
    "boolean": (),
    "duration": ("min", "max"),
    "size": ("min", "max"),
    "URL": ("schemes",),
    "port": (),
    "list": ("separator",),
    "enum": ("choices",),
    "JSON": (),
    "base64": (),
    "certificate": (),
    "key": (),
}

Fields = Mapping[str, Mapping[str, Any]]


class DeclarationError(Exception):
    """The declaration is missing or wrong. Names everything that is."""


def declared_fields(directory: Optional[Path] = None) -> Fields:
    """Those of the nearest pyproject.toml upwards that declares some. Raises DeclarationError."""
    start = (directory or Path.cwd()).resolve()
    for place in (start, *start.parents):
        fields = _read(place / "pyproject.toml")
        if fields is not None:
            return checked(fields)
    raise DeclarationError(f"no pyproject.toml with [tool.entrypoint.config] in {start} or above")


def _read(path: Path) -> Optional[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    if "entrypoint" not in text:
        return None
    try:
        found = _toml(text).get("tool", {}).get("entrypoint", {}).get("config")
    except ValueError as error:
        raise DeclarationError(f"{path} is not valid TOML: {error}") from None
    return found if isinstance(found, dict) else None


def _toml(text: str) -> dict[str, Any]:
    try:
        import tomllib
    except ImportError:
        # Before Python 3.11. pip has a copy.
        try:
            import tomli as tomllib  # type: ignore[no-redef, import-not-found, unused-ignore]
        except ImportError:
            from pip._vendor import tomli as tomllib  # type: ignore[no-redef, import-not-found, unused-ignore]
    return tomllib.loads(text)


def checked(fields: Mapping[str, Any]) -> Fields:
    """Raises DeclarationError with everything that is wrong."""
    errors = [f"{name}: {text}" for name, field in fields.items() for text in _wrong(name, field)]
    if errors:
        lines = "".join(f"\n  {error}" for error in errors)
        raise DeclarationError(f"the declaration of the configuration is not valid:{lines}")
    return fields


def is_secret(field: Mapping[str, Any]) -> bool:
    """A key is a secret without saying so."""
    return bool(field.get("secret", field.get("type") == "key"))


def _wrong(name: str, field: Any) -> list[str]:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return ["a name has letters, digits and underscores"]
    if not isinstance(field, dict):
        return ["a field is an object with a type"]
    kind = field.get("type")
    if not isinstance(kind, str) or kind not in OWN:
        return [f"type must be one of {', '.join(OWN)}"]
    known = (*COMMON, *OWN[kind])
    wrong = [
        f"unknown key {key} (there are: {', '.join(known)})" for key in field if key not in known
    ]
    wrong += _wrong_about(field) + _wrong_rules(field)
    return wrong or _wrong_default(field)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) and one for one in value)


def _is_line(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not re.search(r"[\x00-\x1f]", value))


def _wrong_about(field: Mapping[str, Any]) -> list[str]:
    flags = [key for key in ("secret", "harmless", "optional") if not isinstance(field.get(key, False), bool)]
    lines = [key for key in ("description", "example") if not _is_line(field.get(key))]
    return [
        *(f"{key} must be true or false" for key in flags),
        *(f"{key} must be one line of text" for key in lines),
        *([] if "tasks" not in field or _is_texts(field["tasks"]) else ["tasks must be a list of task names"]),
        *(["a secret is not harmless"] if is_secret(field) and field.get("harmless") is True else []),
    ]


def _wrong_rules(field: Mapping[str, Any]) -> list[str]:
    kind, separator, least = field["type"], field.get("separator", ","), field.get("minLength", 1)
    bounds = [field[key] for key in ("min", "max") if key in field]
    return [
        *(["choices must be a list of words"] if kind == "enum" and not _is_texts(field.get("choices")) else []),
        *(["schemes must be a list of words"] if "schemes" in field and not _is_texts(field["schemes"]) else []),
        *([] if isinstance(separator, str) and separator else ["separator must be text"]),
        *([] if _is_whole(least) and least > 0 else ["minLength must be a number of characters"]),
        *([] if all(_is_bound(kind, one) for one in bounds) else ["min and max must be values of the type"]),
    ]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_bound(kind: str, value: Any) -> bool:
    if kind in ("integer", "number"):
        return _is_whole(value) or (kind == "number" and isinstance(value, float))
    return isinstance(value, str) and _parses({"type": kind}, value)


def _parses(field: Mapping[str, Any], text: str) -> bool:
    try:
        parse_text(field, text)
    except InvalidError:
        return False
    return True


def _wrong_default(field: Mapping[str, Any]) -> list[str]:
    if "default" not in field:
        return []
    if is_secret(field):
        return ["a secret has no default: it would be in the source"]
    return [] if _is_value(field, field["default"]) else ["default must be a value of the type"]


def _is_value(field: Mapping[str, Any], value: Any) -> bool:
    kind = field["type"]
    if kind in ("integer", "port") or (kind == "number" and not isinstance(value, float)):
        return _is_whole(value) and _parses(field, str(value))
    if kind == "number":
        return _parses(field, repr(value))
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "list":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if kind == "JSON":
        return isinstance(value, (str, int, float, bool, list, dict))
    return isinstance(value, str) and _parses(field, value)


def tasks_of(field: Mapping[str, Any]) -> Optional[Sequence[str]]:
    """None: every task needs it."""
    tasks: Optional[Sequence[str]] = field.get("tasks")
    return tasks
