import json

from afina.config import load_config
from afina.recipes import fine_tune


def test_writes_a_run(reviews_csv, tiny_model, tmp_path):
    config, _ = load_config(options={"data.source": str(reviews_csv), "modeling.name": str(tiny_model), "training.max_steps": 3, "out": str(tmp_path / "run")})
    result = fine_tune(config)
    assert json.loads(result.run.metrics.read_text())["steps"] == 3
