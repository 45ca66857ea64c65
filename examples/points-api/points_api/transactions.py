"""Earning and spending, exactly once for each Idempotency-Key."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from points_api.database import Balance, Transaction
from points_api.errors import ApiError


@dataclass(frozen=True)
class Order:
    """A request to earn or spend points, without its key."""

    customer_id: str
    points: int
    """Earned when positive, spent when negative."""
    reason: str


def record(session: Session, key: str, order: Order) -> tuple[Transaction, bool]:
    """
    Records the order, or finds the transaction recorded with this key; true: it is new.

    Of concurrent requests with one key, the unique constraint lets one through and makes the others
    wait until it is committed or has failed. A rejected order does not use up its key.
    """
    made = session.scalar(
        insert(Transaction)
        .values(id=uuid.uuid4(), idempotency_key=key, **vars(order))
        .on_conflict_do_nothing(index_elements=["idempotency_key"])
        .returning(Transaction)
    )
    if made is None:
        known = session.scalars(select(Transaction).filter_by(idempotency_key=key)).one()
        if not is_same(known, order):
            raise ApiError(422, "idempotency_key_reused", "this key was used for another order")
        return known, False
    _apply(session, order)
    return made, True


def is_same(known: Transaction, order: Order) -> bool:
    """Whether a request with a known key is for the transaction recorded with it."""
    return Order(known.customer_id, known.points, known.reason) == order


def _apply(session: Session, order: Order) -> None:
    # The row stays locked until the commit, so that no other request spends the same points.
    session.execute(
        insert(Balance).values(customer_id=order.customer_id, points=0).on_conflict_do_nothing()
    )
    changed = session.scalar(
        update(Balance)
        .where(Balance.customer_id == order.customer_id, Balance.points + order.points >= 0)
        .values(points=Balance.points + order.points)
        .returning(Balance.points)
    )
    if changed is None:
        raise ApiError(409, "not_enough_points", "the customer has fewer points than that")


def balance_of(session: Session, customer_id: str) -> int:
    """The customer's points; 0 for one without transactions."""
    found = session.scalar(select(Balance.points).filter_by(customer_id=customer_id))
    return 0 if found is None else found
