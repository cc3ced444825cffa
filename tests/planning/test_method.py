import pytest

from afina.config import ModelingConfig, RunConfig
from afina.errors import ConfigError
from afina.planning import NO_CACHE, CachePlan, choose_bits, choose_method, plan_cache


def method(**settings):
    return choose_method(ModelingConfig(**settings))


@pytest.mark.parametrize("name", ["full", "frozen", "head", "lora"])
def test_what_the_user_chose_is_kept(name):
    assert method(method=name) == name


def test_what_nobody_chose_is_all_layers():
    assert method() == "full"


def test_other_settings_imply_a_method():
    assert method(load_in_8bit=True) == "lora"
    assert method(load_in_4bit=True) == "lora"
    assert method(freeze_layers=2) == "frozen"
    assert method(freeze_layers="auto") == "frozen"
    assert method(freeze_layers=0) == "full"


@pytest.mark.parametrize("name", ["full", "head", "lora"])
def test_frozen_layers_under_another_method_are_refused(name):
    with pytest.raises(ConfigError, match=f"--method {name} takes no --freeze-layers"):
        method(method=name, freeze_layers=2)


@pytest.mark.parametrize("name", ["full", "frozen"])
def test_weights_in_fewer_bits_cannot_be_trained(name):
    config = RunConfig(modeling=ModelingConfig(method=name, load_in_8bit=True))
    with pytest.raises(ConfigError, match=f"held in 8 bits cannot be trained, as --method {name} would"):
        choose_bits(config)


def test_eight_and_four_bits_at_once_are_refused():
    with pytest.raises(ConfigError, match="in 8 and in 4 bits at once"):
        choose_bits(RunConfig(modeling=ModelingConfig(load_in_8bit=True, load_in_4bit=True)))
    assert choose_bits(RunConfig(modeling=ModelingConfig(load_in_4bit=True))) == 4
    assert choose_bits(RunConfig()) is None


def plan(wish="auto", **facts):
    return plan_cache(
        wish, **{"n_numbers": 1_000, "repeats": True, "free_memory": 100_000, "free_disk": 100_000, **facts}
    )


def test_states_are_kept_in_full_precision_where_there_is_room():
    assert plan() == CachePlan("fp32", False, 4_000)
    assert plan(free_memory=10_000) == CachePlan("fp16", False, 2_000)
    assert plan(free_memory=1_000) == CachePlan("fp16", True, 2_000)
    assert plan(free_memory=1_000, free_disk=1_000) == NO_CACHE


def test_states_are_not_kept_for_one_reading():
    assert plan(repeats=False) == NO_CACHE
    assert plan("fp16", repeats=False) == CachePlan("fp16", False, 2_000)
    assert plan("off") == NO_CACHE


def test_a_precision_that_was_asked_for_has_its_room_or_is_refused():
    assert plan("fp32", free_memory=1_000) == CachePlan("fp32", True, 4_000)
    with pytest.raises(ConfigError, match="no room to keep the states"):
        plan("fp32", free_memory=1_000, free_disk=1_000)
