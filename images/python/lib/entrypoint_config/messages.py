"""The texts of problems and warnings. The same as of entrypoint/config in TypeScript, byte for byte."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from .declared import is_secret, tasks_of

FIX = "fix: set these variables where the service starts; entrypoint config lists all of them"
MOST_SHOWN = 60
SEPARATORS = {",": "commas", ";": "semicolons", " ": "spaces", ":": "colons"}
USUAL = frozenset(
    ("PATH", "HOME", "USER", "SHELL", "LANG", "TERM", "PWD", "OLDPWD", "HOSTNAME", "LOGNAME", "MAIL", "EDITOR")
)
SHORTEST = 4


@dataclass(frozen=True)
class Fault:
    """A variable that has no valid value."""

    name: str
    field: Mapping[str, Any]
    kind: str
    """unset, conflict, unreadable, form, password"""
    variable: str
    reason: str = ""
    shown: Optional[str] = None
    """The value, of a harmless field alone."""


def faults_text(faults: Sequence[Fault]) -> str:
    count = "1 problem" if len(faults) == 1 else f"{len(faults)} problems"
    lines = (f"  {fault_text(fault)}" for fault in faults)
    return "\n".join((f"the configuration is not valid: {count}", *lines, FIX))


def fault_text(fault: Fault) -> str:
    field = fault.field
    example = f", such as {field['example']}" if "example" in field else ""
    users = _users(tasks_of(field))
    return f"{_what(fault)}: expected {form_of(field)}{example}; used by {users}; {_remedy(fault)}"


def _users(tasks: Optional[Sequence[str]]) -> str:
    return "every task" if tasks is None else _alternatives(tasks, "and")


def _what(fault: Fault) -> str:
    name, variable = fault.name, fault.variable
    if fault.kind == "unset":
        return f"{name} is not set"
    if fault.kind == "conflict":
        return f"{name} and {name}_FILE are both set"
    if fault.kind == "unreadable":
        return f"{variable} names a file that cannot be read ({fault.reason})"
    if fault.kind == "password":
        return f"{variable} {'is' if variable == name else 'names a file with'} a URL with a password"
    what = name if variable == name else f"the file of {variable}"
    return f"{what} is {'not valid' if fault.shown is None else fault.shown}"


def _remedy(fault: Fault) -> str:
    name = fault.name
    if fault.kind == "unset":
        return f"set {name}_FILE to the path of a file, or {name}" if is_secret(fault.field) else f"set {name}"
    if fault.kind == "conflict":
        return "unset one of them"
    if fault.kind == "unreadable":
        return f"correct {fault.variable}"
    if fault.kind == "password":
        return f"pass the password in a variable of its own, or declare {name} as a secret"
    return f"correct {name}" if fault.variable == name else "correct the file"


def form_of(field: Mapping[str, Any]) -> str:
    """What a field accepts: `a whole number from 1 to 100`."""
    kind = field["type"]
    if kind == "text":
        return f"text of at least {field['minLength']} characters" if "minLength" in field else "text"
    if kind == "URL":
        return f"a URL with the scheme {_alternatives(field['schemes'])}" if "schemes" in field else "a URL"
    if kind == "list":
        separator = field.get("separator", ",")
        return "a list separated by " + SEPARATORS.get(separator, f'"{separator}"')
    if kind == "enum":
        return f"one of {', '.join(field['choices'])}"
    return {
        "integer": f"a whole number{_range(field)}",
        "number": f"a number{_range(field)}",
        "boolean": "true or false",
        "duration": f"a duration such as 30s or 1h30m{_range(field)}",
        "size": f"a size such as 64MiB or 2GB{_range(field)}",
        "port": "a port from 1 to 65535",
        "JSON": "JSON",
        "base64": "base64",
        "certificate": "a certificate in PEM form",
        "key": "a private key in PEM form",
    }[kind]


def _range(field: Mapping[str, Any]) -> str:
    low, high = _bound(field.get("min")), _bound(field.get("max"))
    if low is None:
        return "" if high is None else f" of at most {high}"
    return f" of at least {low}" if high is None else f" from {low} to {high}"


def _bound(value: Any) -> Optional[str]:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)


def _alternatives(words: Sequence[str], last: str = "or") -> str:
    return "".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def shortened(text: str) -> str:
    cut = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
    return json.dumps(cut, ensure_ascii=False)


def misspelt(unset: Sequence[str], declared: frozenset[str], env: Iterable[str]) -> list[str]:
    """Warnings for variables that are one edit away from a declared one without a value of its own."""
    wanted = [(name, _plain(name)) for name in unset if len(_plain(name)) >= SHORTEST]
    found = []
    for name in sorted(env):
        if name in USUAL or name in declared or not re.fullmatch(r"[A-Za-z0-9_]+", name):
            continue
        plain = _plain(name)
        file = plain[:-4] if plain.endswith("file") else None
        meant = next((one for one, its in wanted if _near(plain, its) or (file is not None and _near(file, its))), None)
        if meant is not None:
            suffix = "" if _near(plain, _plain(meant)) else "_FILE"
            found.append(f"{name} is not declared: did you mean {meant}{suffix}?")
    return found


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _near(a: str, b: str) -> bool:
    """At most one letter is added, missing or wrong, or two neighbours are in the wrong order."""
    if abs(len(a) - len(b)) > 1:
        return False
    at = 0
    while at < len(a) and at < len(b) and a[at] == b[at]:
        at += 1
    if at == len(a) == len(b):
        return True
    if a[at + 1 :] == b[at + 1 :] or a[at + 1 :] == b[at:] or a[at:] == b[at + 1 :]:
        return True
    return a[at : at + 2] == b[at : at + 2][::-1] and a[at + 2 :] == b[at + 2 :]
