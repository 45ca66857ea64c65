"""
Writes gunicorn's messages to stdout as lines of entrypoint_log (`--logger-class entrypoint_logging.JsonLogger`).

Also writes the messages of a service that configures no logging of its own, with the request id and the trace of the
request during which they are written. Must run on every Python that services use: nothing newer than 3.9.
"""

import entrypoint_log
from entrypoint_log.context import begin, current
from gunicorn.config import AccessLogFormat
from gunicorn.glogging import Logger


class JsonLogger(Logger):
    def setup(self, cfg):
        super().setup(cfg)
        handler = entrypoint_log.fallback()
        # So that gunicorn replaces it when its configuration is read again.
        handler._gunicorn = True
        # With a custom access log format the line is written as it is.
        custom = cfg.access_log_format != AccessLogFormat.default
        for log in (self.error_log,) if custom else (self.error_log, self.access_log):
            for old in log.handlers[:]:
                if type(old).__name__ == "StreamHandler":
                    log.removeHandler(old)
                    log.addHandler(handler)
                else:
                    # A file, or syslog.
                    old.setFormatter(entrypoint_log.Formatter("json"))
        follow_requests(cfg)

    def access(self, resp, req, environ, request_time):
        super().access(resp, req, environ, request_time)
        of = current()
        # A thread serves its next request later. An event loop has a context for each.
        if of is not None and "wsgi.version" in environ:
            of.ended = True


def follow_requests(cfg):
    """Gives each request its ids before the service sees it, as the app server for Node does."""
    before = cfg.pre_request
    if getattr(before, "follows_requests", False):
        return

    def pre_request(worker, req):
        identify(req)
        before(worker, req)

    pre_request.follows_requests = True
    cfg.set("pre_request", pre_request)


def identify(req):
    try:
        headers = req.headers
        ids = [value for name, value in headers if name.upper() == "X-REQUEST-ID"]
        parents = [value for name, value in headers if name.upper() == "TRACEPARENT"]
        sent = (ids[0] if len(ids) == 1 else None, parents[0] if len(parents) == 1 else None)
        _, own, parent = begin(*sent)
        if sent != (own, parent):
            kept = [pair for pair in headers if pair[0].upper() not in ("X-REQUEST-ID", "TRACEPARENT")]
            headers[:] = [*kept, ("X-REQUEST-ID", own), ("TRACEPARENT", parent)]
    except Exception:
        # A worker class of others, whose requests have another form: its lines have no ids.
        return
