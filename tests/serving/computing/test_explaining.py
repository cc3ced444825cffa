"""Explanations are those of the model itself, and wait for who wants a label."""

from __future__ import annotations

import asyncio

import pytest
from tests.serving.computing.planned_worker import load
from tests.serving.computing.test_answering import held_up, text_of

from afina.errors import DataError
from afina.inference.explaining import explain
from afina.serving.engine import DeadlinePassed, Overloaded


def explained(text: str, *, model: str = "plain", target: str | None = None, method: str = "occlusion", **options):
    options = {"timeout_s": 10, **options}
    return lambda engine: engine.explain(model, text, target=target, method=method, **options)


@pytest.mark.parametrize("model", ["plain", "blended", "windows"])
@pytest.mark.parametrize("n_words", [1, 12, 230])
def test_an_explanation_is_that_of_the_model(bench, model, n_words):
    text = text_of(n_words, seed=n_words)
    document = bench.run(explained(text, model=model, target="good", max_evals=64))
    classifier = load(bench.folder / model)
    encoder = None if model == "blended" else classifier.encoder
    wanted = explain(classifier, text, target="good", max_evals=64, encoder=encoder).to_document()
    assert {key: document[key] for key in wanted} == wanted
    assert document["backend"] == "planned"
    assert bool(document["notes"]) == (n_words == 230)


def test_who_types_waits_for_one_small_batch_of_an_explanation(bench):
    before = len(bench.batches())

    async def typing(engine):
        busy = await held_up(engine)
        explanation = asyncio.create_task(explained(text_of(40, seed=3))(engine))
        await busy
        while len(bench.batches()) < before + 4:
            await asyncio.sleep(0.001)
        await engine.answer("plain", ["w99"], timeout_s=5)
        assert not explanation.done()
        return await explanation

    assert bench.run(typing)["evals"] > 40
    lengths = [sum(map(len, batch)) for batch in bench.batches()[before:]]
    assert max(lengths) <= 100  # a quarter of 400


def test_an_explanation_stops_when_time_is_up_or_nobody_waits(bench):
    async def stopped(engine):
        with pytest.raises(DeadlinePassed, match="no explanation"):
            await explained("slow " * 30, timeout_s=0.2)(engine)
        gone = asyncio.create_task(explained("slow " * 30)(engine))
        await asyncio.sleep(0.1)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        await engine.answer("plain", ["w1"], timeout_s=5)
        n_batches = len(bench.batches())
        await asyncio.sleep(0.3)
        return n_batches, engine.statistics()

    n_batches, statistics = bench.run(stopped)
    assert len(bench.batches()) == n_batches
    assert statistics["explanations"] == statistics["queued_tokens"] == 0


def test_too_many_explanations_are_refused(bench):
    async def many(engine):
        tasks = [asyncio.create_task(explained(text_of(5, i))(engine)) for i in range(20)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = bench.run(many)
    assert sum(isinstance(each, Overloaded) for each in found) == 4
    assert sum(isinstance(each, dict) for each in found) == 16


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "neutral"}, "neutral"),
        ({"method": "guess"}, "Unknown method: 'guess'"),
        ({"method": "ig"}, "need the model in PyTorch"),
        ({"max_evals": 1}, "evaluations"),
    ],
)
def test_what_cannot_be_explained_is_told(bench, options, message):
    with pytest.raises(DataError, match=message):
        bench.run(explained("w1 w2", **options))


def test_a_blank_text_has_nothing_to_explain(bench):
    with pytest.raises(DataError, match="Nothing to explain"):
        bench.run(explained(" \u200b"))
