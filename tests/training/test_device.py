import pytest

from afina.training import make_accelerator


@pytest.mark.parametrize("order", [("fp32", "bf16"), ("bf16", "fp32")])
def test_one_training_after_another_may_use_another_precision(order):
    names = {"fp32": "no", "bf16": "bf16"}
    assert [make_accelerator(precision).mixed_precision for precision in order] == [names[p] for p in order]
