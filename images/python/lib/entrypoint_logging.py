"""
Writes gunicorn's messages to stdout as JSON lines (`--logger-class entrypoint_logging.JsonLogger`).

Also writes the messages, from INFO up, of a service that configures no logging of its own.
Must run on every Python that services use: nothing newer than 3.9.
"""

import logging
import sys

from entrypoint_lines import JsonLines
from gunicorn.config import AccessLogFormat
from gunicorn.glogging import Logger


class JsonLogger(Logger):
    def setup(self, cfg):
        super().setup(cfg)
        # With a custom access log format the line is written as it is.
        custom = cfg.access_log_format != AccessLogFormat.default
        for log in (self.error_log,) if custom else (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(JsonLines())
                # gunicorn writes its own messages to stderr; here the log is stdout.
                if getattr(handler, "stream", None) is sys.stderr:
                    handler.setStream(sys.stdout)
        root = logging.getLogger()
        if not root.handlers:
            handler = logging.StreamHandler(sys.stdout)
            handler.setFormatter(JsonLines())
            root.addHandler(handler)
            root.setLevel(logging.INFO)
