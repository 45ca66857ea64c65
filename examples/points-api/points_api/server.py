"""The applications for servers: `app` for WSGI, `asgi_app` for ASGI."""

import logging
import os
import sys

from a2wsgi import WSGIMiddleware

from points_api.app import create_app
from points_api.config import ConfigError, read_config
from points_api.database import make_engine
from points_api.logging import configure_logging

try:
    config = read_config(os.environ)
except ConfigError as error:
    configure_logging("error", "unknown")
    logging.getLogger(__name__).critical("%s", error)
    # gunicorn stops at this exit code. After any other it restarts the worker, for ever.
    sys.exit(3)

configure_logging(config.log_level, config.version)
app = create_app(config, make_engine(config.database))
# The two packages declare the same WSGI types differently.
asgi_app = WSGIMiddleware(app.wsgi_app)  # type: ignore[arg-type]
