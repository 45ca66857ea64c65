"""What a variable's text means to a field. The same as entrypoint/config in TypeScript."""

from __future__ import annotations

import base64
import datetime
import json
import math
import re
from collections.abc import Mapping
from typing import Any, Optional

Field = Mapping[str, Any]

SAFE = 2**53 - 1
MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
BYTES = {
    **{"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12},
    **{"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40},
}
BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
SPACE = " \t\r\n"
MOST_LEVELS = 500
HOSTLESS = ("file", "sqlite")
URL = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*)://(?:[^\x00-\x20\x7f/?#@:]*(:[^\x00-\x20\x7f/?#@]*)?@)?"
    r"(\[[0-9A-Fa-f:.]+\]|[^\x00-\x20\x7f/?#@:\[\]]*)(?::([0-9]{1,5}))?(?:[/?#][^\x00-\x20\x7f]*)?"
)
NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,300}(?:\.[0-9]{0,300})?|\.[0-9]{1,300})(?:[eE][+-]?[0-9]{1,3})?"
)


class InvalidError(Exception):
    """The text means nothing to the field. Contains no value."""

    def __init__(self, kind: str = "form") -> None:
        super().__init__(kind)
        self.kind = kind


def parse_text(field: Field, text: str) -> Any:
    """Raises InvalidError."""
    kind = field["type"]
    if kind == "text":
        return _valid(text if len(text) >= field.get("minLength", 0) else None)
    if kind in ("integer", "number", "duration", "size", "port"):
        return _number(field, text)
    if kind == "boolean":
        return _valid(BOOLEANS.get(text.lower()))
    if kind == "URL":
        return _url(field, text)
    if kind == "list":
        items = [item.strip(SPACE) for item in text.split(field.get("separator", ","))]
        return _valid(None if "" in items else items)
    if kind == "enum":
        return _valid(text if text in field["choices"] else None)
    if kind == "JSON":
        return _json(text)
    if kind == "base64":
        data = re.sub(r"[ \t\r\n]", "", text)
        return base64.b64decode(data) if is_base64(data) else _valid(None)
    return _valid(pem_of(text, kind))


def _valid(value: Any) -> Any:
    if value is None:
        raise InvalidError
    return value


def _number(field: Field, text: str) -> Any:
    kind = field["type"]
    low, high = (1, 65_535) if kind == "port" else (field.get("min"), field.get("max"))
    read = {"duration": duration_of, "size": size_of}.get(kind)
    if read is not None:
        value: Any = read(text)
        low = None if low is None else read(low)
        high = None if high is None else read(high)
    else:
        value = _plain_number(kind, text)
    if value is None or (low is not None and value < low) or (high is not None and value > high):
        raise InvalidError
    return datetime.timedelta(milliseconds=value) if kind == "duration" else value


def _plain_number(kind: str, text: str) -> Optional[float]:
    if kind == "number":
        value = float(text) if NUMBER.fullmatch(text) else math.inf
        return value if math.isfinite(value) else None
    form = r"[0-9]{1,5}" if kind == "port" else r"[+-]?[0-9]{1,16}"
    whole = int(text) if re.fullmatch(form, text) else SAFE + 1
    return whole if abs(whole) <= SAFE else None


def duration_of(text: str) -> Optional[int]:
    """`1h30m` in milliseconds."""
    if not re.fullmatch(r"(?:[0-9]{1,15}(?:\.[0-9]{1,9})?(?:ms|s|m|h|d))+", text):
        return None
    total = 0.0
    for number, unit in re.findall(r"([0-9.]+)(ms|s|m|h|d)", text):
        total += float(number) * MILLISECONDS[unit]
    return _safe(total)


def size_of(text: str) -> Optional[int]:
    """`64MiB` in bytes."""
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)([kKMGT]?B|[KMGT]iB)?", text)
    return None if match is None else _safe(float(match[1]) * BYTES[match[2] or "B"])


def _safe(value: float) -> Optional[int]:
    whole = math.floor(value + 0.5)
    return whole if abs(whole) <= SAFE else None


def _url(field: Field, text: str) -> str:
    match = URL.fullmatch(text)
    if match is None:
        raise InvalidError
    scheme = match[1].lower()
    if int(match[4] or 0) > 65_535 or (match[3] == "" and scheme not in HOSTLESS):
        raise InvalidError
    if "schemes" in field and scheme not in field["schemes"]:
        raise InvalidError
    if len(match[2] or "") > 1 and not field.get("secret", False):
        raise InvalidError("password")
    return text


def _json(text: str) -> Any:
    if _depth(text) > MOST_LEVELS:
        raise InvalidError
    try:
        return json.loads(text, parse_constant=_no_constant, parse_int=_json_integer)
    except ValueError:
        pass
    # Outside of the handler: the parser's error has the text, and would be the context of this one.
    raise InvalidError


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _json_integer(text: str) -> Any:
    # Python refuses to read longer ones.
    return int(text) if len(text) < 4000 else float(text)


def _depth(text: str) -> int:
    depth = most = 0
    for character in text:
        if character in "[{":
            depth += 1
            most = max(most, depth)
        elif character in "]}":
            depth -= 1
    return most


PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/= \t\n]+)-----END \1-----")
LABELS = {"certificate": r"(?:TRUSTED )?CERTIFICATE", "key": r"(?:[A-Z0-9]+ )?PRIVATE KEY"}


def pem_of(text: str, kind: str) -> Optional[str]:
    """PEM text with its line breaks; None if it is not of the kind."""
    lines = (text if "\n" in text else text.replace("\\n", "\n")).replace("\r\n", "\n")
    found = [
        (label, re.sub(r"[ \t\n]", "", body))
        for label, body in PEM.findall(lines)
        # What OpenSSL writes in front of a key for elliptic curves.
        if kind == "certificate" or label != "EC PARAMETERS"
    ]
    if not found or (kind == "key" and len(found) > 1):
        return None
    for label, data in found:
        # DER begins with a sequence.
        right = re.fullmatch(LABELS[kind], label) and is_base64(data) and data.startswith("M")
        if not right:
            return None
    if PEM.sub("", lines).strip(" \t\n"):
        return None
    stripped = lines.strip(" \t\n")
    return f"{stripped}\n"


def is_base64(text: str) -> bool:
    return len(text) % 4 == 0 and re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", text) is not None
