"""The JSON that commands print."""

import json


def not_json(constant):
    raise AssertionError(f"{constant} is no JSON")


def only_document(out):
    """The one JSON document that standard output holds, and nothing else."""
    return json.loads(out, parse_constant=not_json)
