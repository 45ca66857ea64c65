"""A small client for the service under test at BASE_URL."""

import json
import os
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any


def base_url() -> str:
    url = os.environ.get("BASE_URL")
    if not url:
        raise RuntimeError("BASE_URL is not set\nfix: BASE_URL=http://127.0.0.1:3000")
    return url.rstrip("/")


def get(path: str) -> Answer:
    return _send(Request(base_url() + path))


def post(path: str, body: object, headers: dict[str, str] | None = None) -> Answer:
    given = {"content-type": "application/json", **(headers or {})}
    return _send(Request(base_url() + path, data=json.dumps(body).encode(), headers=given))


def _send(request: Request) -> Answer:
    try:
        with urlopen(request, timeout=15) as response:
            return Answer(response.status, json.load(response))
    except HTTPError as error:
        with error:
            return Answer(error.code, json.load(error))
