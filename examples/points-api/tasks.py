"""Tasks for invoke. `invoke seed` and `entrypoint seed` both work."""

import shlex

import entrypoint_config
from invoke.context import Context
from invoke.tasks import task
from sqlalchemy.orm import Session

from points_api.config import DatabaseConfig
from points_api.database import make_engine
from points_api.report import forecast as make_forecast
from points_api.transactions import Order, record


@task(help={"customers": "how many", "points": "how many each of them gets"})
def seed(_: Context, customers: int = 10, points: int = 1000) -> None:
    """Give sample customers some points; a second run changes nothing."""
    engine = make_engine(entrypoint_config.read(DatabaseConfig, task="seed"))
    with Session(engine) as session, session.begin():
        for number in range(1, customers + 1):
            record(session, f"seed-{number}", Order(f"sample-{number}", points, "sample"))
    print(f"{customers} sample customers have {points} points each")


@task(positional=["customers"], help={"customers": "how many"})
def forecast(_: Context, customers: str = "1000") -> None:
    """Print the response of GET /report."""
    print(make_forecast(int(customers)))


@task(help={"port": "where `run` serves"})
def ask(c: Context, path: str, port: int = 3000) -> None:
    """Ask the service on this machine."""
    url = shlex.quote(f"http://127.0.0.1:{port}{path}")
    c.run(f"curl --silent --show-error {url}", pty=False)
