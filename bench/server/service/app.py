"""The service of every Python contender: the same as app.mjs."""

import json
import time

HELLO = json.dumps({"hello": "world", "list": [1, 2, 3]}, separators=(",", ":")).encode()


def burn(milliseconds):
    end = time.thread_time() + milliseconds / 1000
    while time.thread_time() < end:
        pass


def application(environ, start_response):
    if environ["PATH_INFO"] == "/work":
        burn(20)
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(HELLO)))])
    return [HELLO]
