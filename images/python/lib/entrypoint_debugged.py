"""
The WSGI application that ENTRYPOINT_DEBUGGED names, for granian under debugpy: the threads in which granian calls it are not
Python's own, and before Python 3.12 a debugger does not see them. Nothing newer than Python 3.9.
"""

import importlib
import os
import sys
import threading

import debugpy

_seen = threading.local()


def _load(target):
    module, _, path = target.partition(":")
    found = importlib.import_module(module)
    for name in (path or "app").split("."):
        found = getattr(found, name.removesuffix("()"))
        if name.endswith("()"):
            found = found()
    return found


_application = _load(os.environ["ENTRYPOINT_DEBUGGED"])


def application(environ, start_response):
    if sys.version_info < (3, 12) and not getattr(_seen, "thread", False):
        _seen.thread = True
        debugpy.debug_this_thread()
    return _application(environ, start_response)
