"""The endpoints."""

import logging
import time
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import sessionmaker

from points_api import requests
from points_api.config import Config
from points_api.database import Transaction
from points_api.errors import ApiError, handle_errors
from points_api.logging import log_requests
from points_api.report import forecast
from points_api.transactions import balance_of, record

log = logging.getLogger(__name__)


def create_app(config: Config, engine: Engine) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 16 * 1024
    handle_errors(app)
    log_requests(app)
    _health_routes(app, config, engine)
    _points_routes(app, engine)
    _load_routes(app)
    return app


def _health_routes(app: Flask, config: Config, engine: Engine) -> None:
    """`/healthz`: the process is alive. `/readyz`: it can take traffic."""

    @app.get("/healthz")
    def alive() -> ResponseReturnValue:
        return jsonify(status="ok", version=config.git_commit_hash)

    @app.get("/readyz")
    def ready() -> ResponseReturnValue:
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            raise ApiError(503, "not_ready", "the database is unreachable") from error
        return jsonify(status="ready", version=config.git_commit_hash)


def _points_routes(app: Flask, engine: Engine) -> None:
    sessions = sessionmaker(engine, expire_on_commit=False)

    @app.get("/customers/<customer_id>/points")
    def points(customer_id: str) -> ResponseReturnValue:
        customer_id = requests.customer(customer_id)
        with sessions() as session:
            return jsonify(customer_id=customer_id, points=balance_of(session, customer_id))

    @app.post("/customers/<customer_id>/transactions")
    def transact(customer_id: str) -> ResponseReturnValue:
        key = requests.idempotency_key(request.headers.get("Idempotency-Key"))
        order = requests.order(requests.customer(customer_id), request.get_json(silent=True))
        with sessions.begin() as session:
            transaction, is_new = record(session, key, order)
        return jsonify(_shown(transaction)), 201 if is_new else 200


def _shown(transaction: Transaction) -> dict[str, Any]:
    return {
        "id": str(transaction.id),
        "customer_id": transaction.customer_id,
        "points": transaction.points,
        "reason": transaction.reason,
        "created_at": transaction.created_at.isoformat(),
    }


def _load_routes(app: Flask) -> None:
    @app.get("/slow")
    def slow() -> ResponseReturnValue:
        milliseconds = requests.number("ms", fallback=500, most=20_000)
        time.sleep(milliseconds / 1000)
        return jsonify(slept_ms=milliseconds)

    @app.get("/report")
    def report() -> ResponseReturnValue:
        return jsonify(forecast(requests.number("customers", fallback=1000, most=100_000)))
