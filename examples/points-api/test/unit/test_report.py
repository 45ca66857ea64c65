from points_api.report import forecast


def test_the_same_numbers_give_the_same_forecast() -> None:
    assert forecast(50) == forecast(50)
    assert forecast(50, seed=2) != forecast(50)


def test_few_customers_have_a_forecast_too() -> None:
    assert forecast(0) == {"customers": 0, "total": 0}
    assert forecast(1)["total"] > 0


def test_points_older_than_a_year_have_expired() -> None:
    # 200 points a month for a year is all that anybody can keep, on average.
    assert forecast(500)["total"] / 500 < 13 * 200
