import json
import logging
from collections.abc import Iterator

import pytest
from flask import Flask

from points_api.logging import configure_logging, log_requests


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_an_event_is_one_json_object_with_its_error(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "abc")
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("points_api").exception("%s went", "it")
    text = capfd.readouterr().out
    line = json.loads(text)
    assert text.count("\n") == 1
    assert (line["level"], line["severity_text"], line["message"]) == ("error", "ERROR", "it went")
    assert (line["service"], line["version"]) == ("points-api", "abc")
    assert (line["err"]["type"], line["err"]["message"]) == ("ValueError", "two\nlines")


def test_a_request_is_one_line_without_its_query(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "abc")
    app = Flask("test")
    log_requests(app)
    app.test_client().get("/nothing?secret=1")
    line = json.loads(capfd.readouterr().out)
    assert (line["event"], line["method"], line["path"], line["status"]) == (
        "request",
        "GET",
        "/nothing",
        404,
    )
