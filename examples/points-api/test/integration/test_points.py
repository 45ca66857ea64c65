"""Tests against a running service at BASE_URL, with a database of its own."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from test.support.api import Answer, get, post


def new(what: str) -> str:
    """A unique name, so that tests can share a database."""
    return f"{what}-{uuid4()}"


def transact(customer: str, points: int, key: str, reason: str = "") -> Answer:
    path = f"/customers/{customer}/transactions"
    return post(path, {"points": points, "reason": reason}, {"Idempotency-Key": key})


def points(customer: str) -> int:
    answer = get(f"/customers/{customer}/points")
    assert answer.status == 200
    assert isinstance(answer.body["points"], int)
    return answer.body["points"]


def test_points_are_earned_and_spent() -> None:
    anna = new("anna")
    assert points(anna) == 0
    earned = transact(anna, 100, new("key"), "welcome")
    assert (earned.status, earned.body["points"], earned.body["reason"]) == (201, 100, "welcome")
    assert transact(anna, -30, new("key")).status == 201
    assert points(anna) == 70


def test_a_customer_cannot_spend_more_than_the_balance() -> None:
    anna, key = new("anna"), new("key")
    refused = transact(anna, -1, key)
    assert (refused.status, refused.body["error"]["code"]) == (409, "not_enough_points")
    assert transact(anna, 1, new("key")).status == 201
    # The rejected order did not use up its key.
    assert transact(anna, -1, key).status == 201
    assert points(anna) == 0


def test_a_repeated_key_records_once() -> None:
    anna, key = new("anna"), new("key")
    first, again = transact(anna, 5, key), transact(anna, 5, key)
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body
    assert points(anna) == 5


def test_a_key_belongs_to_one_order() -> None:
    anna, key = new("anna"), new("key")
    assert transact(anna, 5, key).status == 201
    for other in (transact(anna, 6, key), transact(new("bert"), 5, key)):
        assert (other.status, other.body["error"]["code"]) == (422, "idempotency_key_reused")
    assert points(anna) == 5


def test_of_concurrent_requests_with_one_key_one_records() -> None:
    anna, key = new("anna"), new("key")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: transact(anna, 7, key), range(8)))
    assert Counter(answer.status for answer in answers) == {201: 1, 200: 7}
    assert points(anna) == 7


def test_of_concurrent_requests_that_spend_the_same_points_one_succeeds() -> None:
    anna = new("anna")
    assert transact(anna, 10, new("key")).status == 201
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: transact(anna, -10, new("key")), range(8)))
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 7}
    assert points(anna) == 0
