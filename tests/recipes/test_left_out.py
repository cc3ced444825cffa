"""Models that a plan leaves out, since they cannot be trained as asked."""

from __future__ import annotations

import pytest
from tests.modeling.families import FAMILIES

from afina.config import RunConfig
from afina.errors import ConfigError
from afina.recipes import plan


@pytest.fixture(scope="module")
def albert(tmp_path_factory):
    """A model that runs one layer twice."""
    return str(FAMILIES["albert"](tmp_path_factory.mktemp("albert")))


@pytest.fixture
def plan_frozen(reviews_csv, tmp_path):
    def run(*models, depth=None):
        config = RunConfig.model_validate({
            "data": {"source": str(reviews_csv)}, "modeling": {"method": "frozen", "freeze_layers": depth},
            "training": {"budget": 120},
        })  # fmt: skip
        return plan(config, models=[str(model) for model in models], out=tmp_path / "plan.toml").document

    return run


def test_a_model_whose_layers_cannot_be_frozen_is_left_out_with_a_note(plan_frozen, tiny_model, albert):
    document = plan_frozen(tiny_model, albert)
    assert {choice["model"] for choice in document["choices"]} == {str(tiny_model)}
    assert document["rejected"] == []
    (note,) = [note for note in document["notes"] if "left out" in note]
    assert note == (
        f"Cannot be trained as asked, and left out: {albert} "
        "(it runs one layer 2 times, so that some of them cannot be frozen)"
    )


def test_where_no_model_is_left_the_settings_are_refused(plan_frozen, tiny_model, albert, tmp_path):
    with pytest.raises(ConfigError, match="it has 2 layers, so that 9 cannot be frozen") as refused:
        plan_frozen(tiny_model, albert, depth=9)
    assert str(tiny_model) in str(refused.value)
    assert "--freeze-layers" in str(refused.value.hint)
    assert not (tmp_path / "plan.toml").exists()
