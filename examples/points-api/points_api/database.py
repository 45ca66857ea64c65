"""Tables and connections."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Engine, Text, Uuid, create_engine, func, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from points_api.config import DatabaseConfig


class Base(DeclarativeBase):
    """Maps the tables of migrations/. It creates no tables."""


class Balance(Base):
    __tablename__ = "balances"

    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    points: Mapped[int] = mapped_column(BigInteger)


class Transaction(Base):
    __tablename__ = "transactions"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(Text, unique=True)
    customer_id: Mapped[str] = mapped_column(Text)
    points: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


def make_engine(config: DatabaseConfig) -> Engine:
    """Connects at the first query, so the service starts without the database."""
    url = make_url(config.database_url).set(
        drivername="postgresql+psycopg", password=config.database_password.reveal()
    )
    return create_engine(
        url,
        pool_size=config.database_pool_size,
        max_overflow=0,
        pool_timeout=5,
        # Replaces a connection that the database closed while it was idle.
        pool_pre_ping=True,
        connect_args={"connect_timeout": 2, "options": "-c statement_timeout=10000"},
    )
