"""A forecast that only takes CPU."""

import random
from statistics import quantiles

MONTHS = 24


def forecast(customers: int, seed: int = 1) -> dict[str, int]:
    """
    The points that customers have after two years of earning, spending and expiry.

    Simulates each customer month by month, which takes about 20 microseconds. The same arguments
    give the same forecast.
    """
    dice = random.Random(seed)  # noqa: S311 - a simulation, no secret
    ends = sorted(_after_two_years(dice) for _ in range(customers))
    if len(ends) < 2:
        return {"customers": customers, "total": sum(ends)}
    p50, p90 = (round(quantiles(ends, n=100)[at - 1]) for at in (50, 90))
    return {"customers": customers, "total": sum(ends), "p50": p50, "p90": p90}


def _after_two_years(dice: random.Random) -> int:
    months: list[int] = []
    for _ in range(MONTHS):
        months.append(int(dice.expovariate(1 / 200)))
        spent = int(dice.random() * sum(months)) if dice.random() < 0.2 else 0
        # The oldest points are spent first; points older than a year have expired.
        months = _spend(months[-12:], spent)
    return sum(months)


def _spend(months: list[int], points: int) -> list[int]:
    left = []
    for month in months:
        used = min(month, points)
        points -= used
        left.append(month - used)
    return left
