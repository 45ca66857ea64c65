"""Validation of requests."""

import re

from flask import request

from points_api.errors import ApiError
from points_api.transactions import Order

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_CUSTOMER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FIELDS = {"points", "reason"}
MOST_POINTS = 1_000_000_000


def invalid(message: str) -> ApiError:
    return ApiError(400, "invalid_request", message)


def customer(text: str) -> str:
    if not _CUSTOMER.fullmatch(text):
        raise invalid("a customer's id is 1 to 64 letters, digits, _ and -")
    return text


def idempotency_key(text: str | None) -> str:
    if text is None or not _KEY.fullmatch(text):
        raise invalid("the header Idempotency-Key must be 1 to 255 printable characters")
    return text


def order(customer_id: str, body: object) -> Order:
    if not isinstance(body, dict) or not body.keys() <= _FIELDS or "points" not in body:
        raise invalid("the body must be a JSON object with points and an optional reason")
    points, reason = body["points"], body.get("reason", "")
    # True is an int in Python, and 1.0 == 1.
    if type(points) is not int or points == 0 or abs(points) > MOST_POINTS:
        raise invalid(f"points must be a whole number, not 0, at most {MOST_POINTS} either way")
    if not isinstance(reason, str) or len(reason) > 200 or "\0" in reason:
        raise invalid("reason must be a text of at most 200 characters")
    return Order(customer_id, points, reason)


def number(name: str, *, fallback: int, most: int) -> int:
    """A whole number from the query, from 0 to `most`."""
    text = request.args.get(name, str(fallback))
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > most:
        raise invalid(f"{name} must be a whole number from 0 to {most}")
    return int(text)
