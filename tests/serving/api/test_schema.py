"""What /openapi.json promises, held against thousands of requests made from it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from tests.serving.api.fake_engine import FakeEngine

from afina.serving.app import create_app
from afina.serving.settings import ServingSettings
from afina.serving.storage import open_storage

_FOLDER = tempfile.TemporaryDirectory()
_SETTINGS = ServingSettings(allowed_hosts=("testserver",), state_dir=Path(_FOLDER.name), max_jobs=1_000)
_STORAGE = open_storage(_SETTINGS, {})
# Its jobs are never begun: the application's own start and end are left out.
APP = create_app(_SETTINGS, FakeEngine(), store=_STORAGE.feedback, jobs=_STORAGE.jobs)
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP)


def wrong_data_is_refused(ctx, response, case):
    """As schemathesis checks it, which does not know that too many texts are too large (413)."""
    return None if response.status_code == 413 else negative_data_rejection(ctx, response, case)


CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    wrong_data_is_refused, unsupported_method,
]  # fmt: skip
ODD = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def _ask(case) -> None:
    case.call_and_validate(checks=CHECKS)


@SCHEMA.parametrize()
@settings(
    max_examples=3, deadline=None, suppress_health_check=ODD, phases=[Phase.explicit, Phase.generate], derandomize=True
)
def test_few_requests(case):
    _ask(case)


@pytest.mark.slow
@SCHEMA.parametrize()
@settings(max_examples=80, deadline=None, suppress_health_check=ODD, phases=[Phase.explicit, Phase.generate])
def test_many_requests(case):
    _ask(case)


def test_examples_of_the_schema_are_answered(client):
    document = client.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body is None:
                continue
            name = body["schema"]["$ref"].rsplit("/", 1)[-1]
            fields = document["components"]["schemas"][name]
            example = {key: fields["properties"][key]["examples"][0] for key in fields["required"]}
            if path == "/v1/compare":
                assert client.post(path, json=example).status_code == 200
                continue
            answer = getattr(client, method)(path.format(name="reviews"), json=example)
            assert answer.status_code == 200, (path, answer.text)


def test_every_operation_says_what_it_does_and_how_it_fails(client):
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for operation in operations.values():
            assert operation["description"], path
            failures = {code: each for code, each in operation["responses"].items() if code >= "400"}
            assert failures, path
            for response in failures.values():
                assert response["content"]["application/json"]["schema"]["$ref"].endswith("/ProblemTold")
