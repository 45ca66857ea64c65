"""The applications for servers: `app` for WSGI, `asgi_app` for ASGI."""

import entrypoint_config
import entrypoint_log
from a2wsgi import WSGIMiddleware

from points_api.app import create_app
from points_api.config import Config
from points_api.database import make_engine
from points_api.logging import configure_logging

config = entrypoint_config.read_or_exit(Config, task="run")
configure_logging(config.log_level, config.git_commit_hash)
app = create_app(config, make_engine(config))
# Lines of a request have its id, whatever server runs.
app.wsgi_app = entrypoint_log.WsgiMiddleware(app.wsgi_app)  # type: ignore[method-assign]
# The two packages declare the same WSGI types differently.
asgi_app = WSGIMiddleware(app.wsgi_app)  # type: ignore[arg-type]
