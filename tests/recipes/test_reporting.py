import pytest
from tests.recipes.recorder import Recorder

from afina.recipes.reporting import Prefixed
from afina.training import DevScore, TrainingStep


class Staged(Recorder):
    def __init__(self):
        super().__init__()
        self.stages, self.advanced = [], []

    def stage(self, name):
        self.stages.append(name)

    def advance(self, done, total):
        self.advanced.append((done, total))


@pytest.mark.parametrize("brief", [False, True])
def test_what_a_part_tells_bears_its_name(brief):
    recorder = Staged()
    part = Prefixed(recorder, "LoRA", brief=brief)
    part.stage("Reading the texts")
    part.warn("Few texts")
    part.advance(1, 2)
    assert recorder.stages == ["LoRA: reading the texts"]
    assert recorder.warned == ["LoRA: Few texts"]
    assert recorder.advanced == [(1, 2)]


def test_notes_and_dev_scores_are_left_out_of_what_is_brief():
    step = TrainingStep(1, 0.1, 0.1, 0.7, 1e-4, 1.0, 8, 80, DevScore(0.9, -0.3))
    whole, brief = Staged(), Staged()
    for reporter, part in ((whole, Prefixed(whole, "a")), (brief, Prefixed(brief, "a", brief=True))):
        part.tell("40 texts")
        part.step(step, seconds_left=1.0)
        assert [told.loss for told in reporter.steps] == [0.7]
    assert (whole.told, whole.steps[0].dev) == (["40 texts"], step.dev)
    assert (brief.told, brief.steps[0].dev) == ([], None)
