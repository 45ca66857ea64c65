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
    """What the caller asks for, beside the key."""

    customer_id: str
    points: int
    """Earned when positive, spent when negative."""
    reason: str


def record(session: Session, key: str, order: Order) -> tuple[Transaction, bool]:
    """
    Records the order, or finds what was recorded with this key before; tells which.

    Of several at once with one key, the unique constraint lets one through, and makes the others
    wait until that one is committed or has failed. A refused order does not use up its key.
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
    """Whether a request that comes with a known key asks for what was recorded with it."""
    return Order(known.customer_id, known.points, known.reason) == order


def _apply(session: Session, order: Order) -> None:
    # The row is locked until the commit, so that nobody spends the same points in between.
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
    """Nobody is unknown: a customer begins with no points."""
    found = session.scalar(select(Balance.points).filter_by(customer_id=customer_id))
    return 0 if found is None else found
