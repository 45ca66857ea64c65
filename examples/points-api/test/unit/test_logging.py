import json
import logging
import sys

from points_api.logging import JsonLines


def test_a_line_is_one_json_object_with_its_facts_and_error() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        error = sys.exc_info()
    record = logging.LogRecord("name", logging.WARNING, "", 1, "%s went", ("it",), error)
    record.facts = {"status": 200}
    text = JsonLines("abc").format(record)
    line = json.loads(text)
    assert "\n" not in text
    assert (line["level"], line["message"], line["status"]) == ("warning", "it went", 200)
    assert (line["service"], line["version"]) == ("points-api", "abc")
    assert line["time"].endswith("+00:00")
    assert "ValueError: two\nlines" in line["error"]
