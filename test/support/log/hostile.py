"""
Values that break logs, through entrypoint_log: the same kinds, secrets and seed as hostile.ts, in Python's own terms.

Writes COUNT lines on stdout: python3 hostile.py COUNT
"""

import collections
import dataclasses
import datetime
import decimal
import enum
import logging
import sys

import entrypoint_config
import entrypoint_log

PLANTED = ('Zq8#swordfish"77', "tr0ub4dor&3\nline")
NAMED = "NAMED-s3cret-value"
TEXTS = [
    "plain",
    "two\nlines\r\n",
    "\x1b[2J\x1b]0;title\x07",
    "\0\x01\x7f\x85\x9b31m",
    "\ud800lone\udfff",
    "\u2028\u2029",
    '"quoted\\"',
    "\U0001f600" * 40,
    "\u00e9" * 5000,
    "postgres://shop:Zq8%23swordfish%2277@db/shop",
    f"Authorization: Bearer {NAMED}",
    "%s %d %(a)s %",
    "__class__",
    "",
]
NAMES = ["a", "err", "level", "time", "seq", "message", "request_id", "__dict__", "event", "x\n\u2028", "logger"]
SECRET_NAMES = ["password", "authorization", "x-api-key", "accessToken", "Set-Cookie"]


class Random:
    def __init__(self, seed):
        self.state = seed

    def number(self):
        self.state = (self.state * 1_664_525 + 1_013_904_223) % 2**32
        return self.state / 2**32

    def below(self, count):
        return int(self.number() * count)

    def pick(self, values):
        return values[self.below(len(values))]


def throw(*_):
    raise ValueError(PLANTED[0])


class Throws:
    __str__ = __repr__ = throw


class Says:
    def __init__(self, text):
        self.text = text

    def __str__(self):
        return self.text


class ThrowingMapping(collections.UserDict):
    def items(self):
        throw()


class ThrowingError(Exception):
    __str__ = throw


class Colour(enum.Enum):
    RED = PLANTED[1]


@dataclasses.dataclass
class Order:
    password: str
    note: object


class Request:
    method = "GET"
    path = "/a"

    def __init__(self, url):
        self.url = url
        self.headers = {"Cookie": NAMED}

    def __str__(self):
        return f"<Request {self.url}>"


Point = collections.namedtuple("Point", "x access_token")


def hostile(random, depth=0):
    pick = random.pick

    def inner():
        return hostile(random, depth + 1)

    kind = random.below(10 if depth > 3 else 26)
    if kind < 3:
        return pick(TEXTS)
    if kind == 3:
        return f"before {pick(PLANTED)} after"
    if kind == 4:
        return pick([0, -0.0, 1e21, float("nan"), float("inf"), 2**53, 0.1, True])
    if kind == 5:
        return pick([10**40, -1, 2**70_000])
    if kind == 6:
        return pick([None, True, ..., lambda: 1, Throws, Says(f"x{PLANTED[1]}")])
    if kind == 7:
        return pick([datetime.datetime(2026, 1, 1), decimal.Decimal("1.10"), b"bytes", Colour.RED, range(3)])
    if kind == 8:
        return "x" * (10 * 1024 * 1024 if depth == 0 and random.number() < 0.05 else 9000)
    if kind == 9:
        return {}
    if kind == 10:
        return Throws()
    if kind == 11:
        return ThrowingMapping({"a": 1})
    if kind == 12:
        return Order(NAMED, inner())
    if kind == 13:
        circle = [inner()]
        circle.append({"circle": circle})
        return circle
    if kind in (14, 15):
        error = pick([ValueError, RuntimeError, OSError])(f"{pick(TEXTS)}{pick(PLANTED)}")
        error.data = inner()
        error.__cause__ = pick([None, ThrowingError("x"), KeyError(pick(PLANTED))])
        return error
    if kind == 16:
        return {pick(SECRET_NAMES): NAMED, "headers": {pick(SECRET_NAMES): [NAMED]}}
    if kind == 17:
        return ("authorization", NAMED)
    if kind == 18:
        return [("Host", "a"), ("Cookie", NAMED)]
    if kind == 19:
        return {pick(TEXTS): inner(), 5: inner(), None: 1, Says("text"): 2}
    if kind == 20:
        return [{"at": at, "text": pick(TEXTS)} for at in range(5000)] if random.number() < 0.05 else [inner(), inner()]
    if kind == 21:
        return Request(f"http://a/?token={NAMED}")
    if kind == 22:
        return Point(inner(), NAMED)
    if kind == 23:
        return pick([{1, "a"}, frozenset([PLANTED[0]]), collections.deque([inner()])])
    names = [pick(TEXTS if random.number() < 0.3 else NAMES) for _ in range(random.below(4) + 1)]
    return {name: inner() for name in names}


def deep(count):
    """A stack of more than 100 KB, and of functions that are not one behind the other."""
    return other(count) if count else throw()


def other(count):
    return deep(count - 1)


def main(count):
    random = Random(18)
    log = logging.getLogger("fuzz")
    log.setLevel(1)
    for at in range(1, count + 1):
        first, second, third = hostile(random), hostile(random), hostile(random)
        way = at % 6
        if way == 0:
            log.info(first)
        elif way == 1:
            log.info(pick_text(first), second, third)
        elif way == 2:
            with entrypoint_log.context(around=second, request_id=f"r{at}"):
                log.warning({"value": first})
        elif way == 3:
            log.error(third, exc_info=first if isinstance(first, BaseException) else None, extra={"value": second})
        elif way == 4:
            try:
                deep(600 if at % 120 == 4 else 1)
            except ValueError:
                log.exception("%s", first, extra={"more": third})
        else:
            log.info("%s %r and %s", first, second, at)


def pick_text(value):
    return value if isinstance(value, str) else "%s %d"


if __name__ == "__main__":
    # Of a declaration: entrypoint_config reads both.
    entrypoint_config.read(env={"FUZZ_A": PLANTED[0], "FUZZ_B": PLANTED[1]})
    sys.setrecursionlimit(5000)
    entrypoint_log.configure("trace", "json")
    main(int(sys.argv[1]))
