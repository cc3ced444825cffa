"""JSON read without the liberties of Python's parser, which a server must not take."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from afina.serving.problems import Problem

_MOST_BRACKETS = 10_000
# A string, or what opens or closes a level. An unfinished string runs to the end: the parser refuses it.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse(body: bytes, *, max_depth: int) -> Any:
    """The value that a body holds. Half of an emoji, which JSON can say and UTF-8 cannot, becomes U+FFFD.

    Raises:
        Problem: The body is no UTF-8 or no JSON, is nested too deeply, has a key twice, or holds NaN or a number that
            no double can hold (400).
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused("The body is not UTF-8") from None
    _check_depth(text, max_depth)
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_constant, parse_float=_float)
    except Problem:
        raise
    except json.JSONDecodeError as error:
        raise _refused(f"The body is not JSON: see character {error.pos}") from None
    except (ValueError, RecursionError):  # an integer of thousands of digits
        raise _refused("The body holds a number that is too large") from None
    return _repaired(value) if _ESCAPED_SURROGATE.search(text) else value


def _check_depth(text: str, max_depth: int) -> None:
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = brackets = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        char = found[0][0]
        if char in "[{":
            depth += 1
            brackets += 1
            if depth > max_depth or brackets > _MOST_BRACKETS:
                raise _refused("The body is nested too deeply, or holds too many lists and objects")
        elif char in "]}":
            depth -= 1


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _refused("The body has a key twice in one object")
    return value


def _constant(name: str) -> float:
    raise _refused(f"The body holds {name}, which is not JSON")


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise _refused("The body holds a number that is too large")
    return value


def _repaired(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_repaired(each) for each in value]
    if isinstance(value, dict):
        return {_repaired(key): _repaired(each) for key, each in value.items()}
    return value


def _refused(message: str) -> Problem:
    return Problem(400, "invalid_json", message)
