"""The service of app.py for granian, in its own interface."""

import json

from app import burn

HELLO = json.dumps({"hello": "world", "list": [1, 2, 3]}, separators=(",", ":")).encode()


async def application(scope, protocol):
    if scope.path == "/work":
        burn(20)
    protocol.response_bytes(200, [("content-type", "application/json"), ("content-length", str(len(HELLO)))], HELLO)
