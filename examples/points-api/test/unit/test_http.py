from typing import Any

import pytest
from entrypoint_config import Secret
from flask.testing import FlaskClient

from points_api.app import create_app
from points_api.config import Config
from points_api.database import make_engine

# Nothing listens there: these tests need no database.
CONFIG = Config(
    database_url="postgresql://points@127.0.0.1:1/points",
    database_password=Secret("unused"),
    database_pool_size=1,
    log_level="info",
    git_commit_hash="abc",
)


@pytest.fixture
def client() -> FlaskClient:
    return create_app(CONFIG, make_engine(CONFIG)).test_client()


def code(body: Any) -> str:
    found = body["error"]["code"]
    assert isinstance(found, str)
    return found


def test_the_process_is_alive_without_its_database_and_not_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok", "version": "abc"}
    answer = client.get("/readyz")
    assert (answer.status_code, code(answer.json)) == (503, "not_ready")


def test_an_unreachable_database_is_a_503(client: FlaskClient) -> None:
    answer = client.get("/customers/anna/points")
    assert (answer.status_code, code(answer.json)) == (503, "unavailable")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"points": 0},
        {"points": True},
        {"points": 1.0},
        {"points": "1"},
        {"points": 10**10},
        {"points": 1, "reason": 2},
        {"points": 1, "reason": "\0"},
        {"points": 1, "more": 2},
    ],
)
def test_an_invalid_body_is_rejected(client: FlaskClient, body: object) -> None:
    answer = client.post(
        "/customers/anna/transactions", json=body, headers={"Idempotency-Key": "k"}
    )
    assert (answer.status_code, code(answer.json)) == (400, "invalid_request")


@pytest.mark.parametrize("key", [None, "", "with space", "x" * 256])
def test_a_transaction_needs_a_key(client: FlaskClient, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = client.post("/customers/anna/transactions", json={"points": 1}, headers=headers)
    assert (answer.status_code, code(answer.json)) == (400, "invalid_request")


def test_errors_of_the_framework_are_json_too(client: FlaskClient) -> None:
    answer = client.get("/nowhere")
    assert (answer.status_code, code(answer.json)) == (404, "not_found")
    answer = client.delete("/healthz")
    assert (answer.status_code, code(answer.json)) == (405, "method_not_allowed")


def test_slow_and_report_validate_their_numbers(client: FlaskClient) -> None:
    assert client.get("/slow?ms=1").json == {"slept_ms": 1}
    assert client.get("/report?customers=10").status_code == 200
    for path in ("/slow?ms=20001", "/slow?ms=-1", "/report?customers=many"):
        assert client.get(path).status_code == 400
