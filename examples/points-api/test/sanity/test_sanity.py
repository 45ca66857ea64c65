"""Tests against deployed services, production included: they only read."""

from test.support.api import get


def test_the_service_is_alive_and_reports_its_version() -> None:
    answer = get("/healthz")
    assert answer.status == 200
    assert answer.body["status"] == "ok"
    assert answer.body["version"]


def test_the_service_is_ready_so_its_database_is_reachable() -> None:
    answer = get("/readyz")
    assert (answer.status, answer.body["status"]) == (200, "ready")


def test_points_can_be_read() -> None:
    assert get("/customers/sanity-unknown/points").body["points"] == 0
