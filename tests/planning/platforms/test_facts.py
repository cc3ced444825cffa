import datetime
import re

import pytest
from pydantic import ValidationError

from afina.errors import ConfigError
from afina.planning.platforms import LOCAL, find_platform, read_accelerators, read_platforms
from afina.planning.platforms.facts import PlatformMachine, Sourced

WANTED = {LOCAL, "colab", "kaggle", "studiolab", "lightning", "spaces", "paperspace", "codespaces"}
FIRST_CHECKED = datetime.date(2026, 11, 26)


def all_groups():
    facts = read_accelerators()
    groups = [(p.name, group) for p in read_platforms().values() for group in p.groups()]
    groups += list(facts.accelerators.items())
    return [*groups, *((m.accelerator, m) for m in facts.measurements), ("pytorch", facts.pytorch)]


def test_all_platforms_are_there_and_this_machine_is_first():
    platforms = read_platforms()
    assert set(platforms) == WANTED
    assert next(iter(platforms)) == LOCAL


@pytest.mark.parametrize(("name", "group"), all_groups())
def test_every_fact_has_a_page_and_a_day_on_which_it_was_looked_up(name, group):
    assert group.source.startswith("https://")
    assert FIRST_CHECKED <= group.checked <= datetime.datetime.now(tz=datetime.UTC).date()
    if group.as_of:
        assert group.as_of[:10] <= group.checked.isoformat()
    # What is told by hearsay is at least dated.
    assert group.as_of or not group.quoted


def test_a_fact_without_source_or_date_is_refused():
    given = {"accelerator": "t4", "source": "https://example.com/a", "checked": FIRST_CHECKED}
    PlatformMachine(**given)
    for missing in ("source", "checked"):
        with pytest.raises(ValidationError, match=missing):
            PlatformMachine(**{key: value for key, value in given.items() if key != missing})
    with pytest.raises(ValidationError, match="source"):
        Sourced(source="http://example.com", checked=FIRST_CHECKED)
    with pytest.raises(ValidationError, match="as_of"):
        Sourced(source="https://example.com", checked=FIRST_CHECKED, as_of="last week")


def test_elsewhere_every_platform_says_how_long_what_is_kept_and_what_it_takes():
    for platform in read_platforms().values():
        if platform.name == LOCAL:
            assert not platform.groups()
            continue
        assert platform.machines
        assert platform.limits
        assert platform.persistence
        assert platform.access
        assert platform.limits.quota


def test_machines_name_accelerators_that_are_known():
    accelerators = read_accelerators().accelerators
    for platform in read_platforms().values():
        for machine in platform.machines:
            accelerator = accelerators[machine.accelerator]
            assert accelerator.kind == "cpu" or accelerator.fp32_tflops or machine.unfit


def test_peaks_are_in_proportion():
    for accelerator in read_accelerators().accelerators.values():
        if accelerator.half_tflops:
            assert accelerator.half_tflops > accelerator.fp32_tflops
        if accelerator.bf16 and accelerator.cuda_capability:
            assert accelerator.cuda_capability >= 8


def test_an_hour_of_a_paid_machine_is_given_in_dollars():
    for platform in read_platforms().values():
        if platform.price:
            assert re.search(r"\$\d", platform.price.next_step)


def test_a_platform_is_found_in_any_case_and_a_near_one_is_named():
    assert find_platform("Kaggle").name == "kaggle"
    with pytest.raises(ConfigError, match="'kagle'") as error:
        find_platform("kagle")
    assert error.value.hint == "did you mean kaggle?"
    with pytest.raises(ConfigError) as error:
        find_platform("github codespace")
    assert error.value.hint == "did you mean codespaces?"
    with pytest.raises(ConfigError) as error:
        find_platform("zzz")
    assert "known are local, colab" in error.value.hint
