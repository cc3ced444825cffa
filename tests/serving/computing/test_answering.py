"""Answers are those of the model, in their order, whatever the load; who asks too much is told so."""

from __future__ import annotations

import asyncio
import random

import numpy as np
import pytest
from tests.serving.computing.planned_worker import MAX_TOKENS, SLOW_S

from afina.errors import DataError
from afina.serving.computing import RequestTooLarge
from afina.serving.engine import DeadlinePassed, Overloaded


def text_of(n_words: int, seed: int = 0) -> str:
    return " ".join(random.Random(seed).choices([f"w{i}" for i in range(100)], k=n_words))


def probabilities(answered) -> list[tuple[float, ...]]:
    return [answer.probabilities for answer in answered.answers]


async def held_up(engine, model: str = "plain") -> asyncio.Task:
    """Keep the worker busy for a while."""
    task = asyncio.create_task(engine.answer(model, ["slow"], timeout_s=5))
    while engine.statistics()["open_requests"] == 0 or engine.statistics()["queued_texts"]:
        await asyncio.sleep(0.001)
    return task


@pytest.mark.parametrize("model", ["plain", "second", "blended", "windows"])
def test_answers_under_load_are_those_of_the_model(bench, model):
    requests = [[text_of(n, seed=n * i) for i in range(1, 2 + n % 4)] for n in (1, 5, 9, 40, 3, 190, 7, 260, 30, 2)]

    async def all_at_once(engine):
        return await asyncio.gather(*(engine.answer(model, texts, timeout_s=10) for texts in requests))

    for texts, answered in zip(requests, bench.run(all_at_once), strict=True):
        np.testing.assert_allclose(probabilities(answered), bench.expected(texts, model), atol=1e-12)
        assert [answer.tokens for answer in answered.answers] == [len(text.split()) for text in texts]
        too_long = [len(text.split()) > MAX_TOKENS and model != "windows" for text in texts]
        assert [answer.truncated for answer in answered.answers] == too_long


def test_a_request_of_no_texts_has_no_answers(bench):
    assert bench.run(lambda engine: engine.answer("plain", [], timeout_s=1)).answers == ()


def test_texts_are_cleaned_as_for_the_model(bench):
    strange = ["w1<br/>w2  w3", "w1 &amp;amp; w2", "\ud800 w1", "w1\r\nw2"]
    answered = bench.run(lambda engine: engine.answer("plain", strange, timeout_s=5))
    np.testing.assert_allclose(probabilities(answered), bench.expected(strange), atol=1e-12)


def test_the_time_of_an_answer_is_told_in_parts(bench):
    async def one_after_another(engine):
        busy = await held_up(engine)
        waited = await engine.answer("plain", ["w1"], timeout_s=5)
        return await busy, waited

    busy, waited = bench.run(one_after_another)
    assert busy.timing.infer_ms >= 1e3 * SLOW_S > busy.timing.queue_ms
    assert waited.timing.queue_ms > 0.5e3 * SLOW_S > waited.timing.infer_ms


def test_what_waits_is_computed_together_by_length(bench):
    before = len(bench.batches())

    async def many(engine):
        busy = await held_up(engine)
        texts = [text_of(n, seed=n + i) for i in range(8) for n in (4, 60)]
        await asyncio.gather(busy, *(engine.answer("plain", [text], timeout_s=5) for text in texts))

    bench.run(many)
    (_, *batches) = bench.batches()[before:]
    assert all(len({len(row) for row in batch}) == 1 for batch in batches)
    sizes = sorted((len(batch[0]), len(batch)) for batch in batches)
    assert sizes == [(4, 8), (60, 2), (60, 6)]  # 6 x 60 tokens fit 400


def test_a_long_text_is_not_passed_by(bench):
    before = len(bench.batches())

    async def short_ones_keep_coming(engine):
        tasks = [await held_up(engine)]
        long = asyncio.create_task(engine.answer("plain", [text_of(190)], timeout_s=5))
        while not long.done():
            tasks += [asyncio.create_task(engine.answer("plain", ["w1"], timeout_s=5)) for _ in range(8)]
            await asyncio.sleep(0.005)
        await asyncio.gather(*tasks)

    bench.run(short_ones_keep_coming)
    longest = [max(map(len, batch)) for batch in bench.batches()[before:]]
    assert longest.index(190) == 1  # right after what was being computed when it came
    assert len(longest) > 2


def test_beyond_the_queue_requests_are_refused_and_told_when_to_come_again(bench):
    async def flood(engine):
        busy = await held_up(engine)
        tasks = [asyncio.create_task(engine.answer("plain", [text_of(190, i)], timeout_s=60)) for i in range(15)]
        refused = [each for each in await asyncio.gather(*tasks, return_exceptions=True) if isinstance(each, Exception)]
        await busy
        after = await engine.answer("plain", ["w1"], timeout_s=5)
        return refused, after, engine.statistics()

    refused, _, statistics = bench.run(flood)
    assert len(refused) == 5  # 10 x 190 tokens fit 2,000
    assert all(isinstance(each, Overloaded) and 1 <= each.retry_after_s <= 60 for each in refused)
    assert statistics["refused"] == 5
    assert statistics["queued_tokens"] == statistics["queued_texts"] == statistics["open_requests"] == 0


def test_what_could_not_be_answered_in_time_is_refused_at_once(open_bench):
    slow = open_bench("plain", batch_tokens=200)

    async def flood(engine):
        await engine.answer("plain", ["slow w1"], timeout_s=5)
        texts = [f"slow {text_of(99, i)}" for i in range(60)]  # 600 tokens a second
        tasks = [asyncio.create_task(engine.answer("plain", [text], timeout_s=2)) for text in texts]
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = slow.run(flood)
    assert not [each for each in found if isinstance(each, DeadlinePassed)]
    assert len([each for each in found if isinstance(each, Overloaded)]) > 40
    assert len([each for each in found if not isinstance(each, Exception)]) > 2


def test_a_request_counts_by_all_its_texts(bench):
    with pytest.raises(RequestTooLarge, match="2,090 tokens") as refused:
        bench.run(lambda engine: engine.answer("plain", [text_of(190)] * 11, timeout_s=5))
    assert refused.value.hint == "send fewer texts at once"
    answered = bench.run(lambda engine: engine.answer("plain", [text_of(190)] * 10, timeout_s=5))
    assert len(answered.answers) == 10


def test_what_comes_too_late_is_not_computed(bench):
    async def impatient(engine):
        busy = await held_up(engine)
        before = engine.statistics()
        with pytest.raises(DeadlinePassed, match=r"0\.02 s"):
            await engine.answer("plain", ["w77", "w78"], timeout_s=0.02)
        queued = engine.statistics()["queued_tokens"]
        await busy
        await engine.answer("plain", ["w1"], timeout_s=5)
        return before, queued, engine.statistics()

    before, queued, after = bench.run(impatient)
    assert queued == 0
    assert (after["expired"] - before["expired"], after["dropped"] - before["dropped"]) == (1, 2)
    assert not [row for batch in bench.batches() for row in batch if 77 + 9 in row and len(row) == 1]


def test_texts_of_a_client_that_left_are_not_computed(bench):
    async def leaving(engine):
        busy = await held_up(engine)
        gone = asyncio.create_task(engine.answer("plain", ["w88"], timeout_s=5))
        await asyncio.sleep(0.03)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        await busy
        await engine.answer("plain", ["w1"], timeout_s=5)

    bench.run(leaving)
    assert not [row for batch in bench.batches() for row in batch if row == [88 + 9]]


def test_a_text_that_would_be_cut_can_be_refused(bench):
    async def asked(engine):
        return await engine.answer("plain", ["w1", text_of(210)], timeout_s=5, error_if_truncated=True)

    with pytest.raises(DataError, match=r"Text 2 has 210 tokens, .* 200 at once"):
        bench.run(asked)


def test_no_other_model_is_asked(bench):
    with pytest.raises(KeyError):
        bench.run(lambda engine: engine.answer("../plain", ["w1"], timeout_s=5))


def test_models_are_described_in_the_order_given(bench):
    models = bench.engine.models
    assert list(models) == ["plain", "second", "blended", "windows"]
    plain = models["plain"]
    assert (plain.labels, plain.max_tokens, plain.threshold, plain.backend) == (("bad", "good"), 200, 0.6, "planned")
    assert plain.warnings == ("The run plain is planned",)
    assert models["windows"].long_text == "windows"
    assert bench.engine.ready
