from __future__ import annotations

import json
import shutil

import pytest
import torch
from tests.modeling.families import CONTEXT

from afina.errors import ModelError
from afina.labels import LabelSet
from afina.modeling import load_pretrained
from afina.modeling.feeding import LONGEST_CONTEXT, context_limit, segment_ids, set_dropout

pytestmark = pytest.mark.usefixtures("one_thread")

NO_LIMIT = int(1e30)


class WithLimit:
    """What `context_limit` asks of a tokenizer."""

    def __init__(self, model_max_length=NO_LIMIT):
        self.model_max_length = model_max_length


def config_of(build_family, name):
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(build_family(name))


def load(folder):
    return load_pretrained(str(folder), LabelSet(("no", "yes")), seed=0)


@pytest.fixture
def change_tokenizer(build_family, tmp_path):
    """Copy the folder of a family and change the settings of its tokenizer; None takes one away."""

    def change(name, **changes):
        folder = shutil.copytree(build_family(name), tmp_path / name)
        path = folder / "tokenizer_config.json"
        settings = json.loads(path.read_text(encoding="utf-8")) | changes
        path.write_text(json.dumps({k: v for k, v in settings.items() if v is not None}), encoding="utf-8")
        return folder

    return change


@pytest.mark.parametrize("name", ["bert", "roberta", "xlm-roberta", "opt", "gpt2", "deberta-v3", "modernbert-cls"])
def test_the_model_limits_texts_where_its_tokenizer_does_not(build_family, name):
    assert context_limit(WithLimit(), config_of(build_family, name)) == CONTEXT


def test_the_lower_of_two_limits_holds(build_family):
    config = config_of(build_family, "roberta")
    assert [context_limit(WithLimit(n), config) for n in (32, CONTEXT, CONTEXT + 2)] == [32, CONTEXT, CONTEXT]


def test_relative_positions_take_any_text(build_family):
    config = config_of(build_family, "xlnet")
    assert context_limit(WithLimit(), config) == LONGEST_CONTEXT
    assert context_limit(WithLimit(100), config) == 100


def test_one_token_more_than_the_limit_is_too_many_for_absolute_positions(build_family):
    """The limits are those of the models, not lower ones."""
    for name in ("bert", "roberta", "opt", "gpt2"):
        pretrained = load(build_family(name))
        for length, fits in ((pretrained.max_context, True), (pretrained.max_context + 1, False)):
            token_ids = torch.full((1, length), 20)
            try:
                pretrained.model.eval()(input_ids=token_ids, attention_mask=torch.ones_like(token_ids))
            except (IndexError, RuntimeError):
                assert not fits, name
            else:
                assert fits, name


def test_only_xlnet_is_given_segments(build_family):
    token_ids = torch.tensor([[5, 5, 30, 4, 3], [30, 31, 32, 4, 3]])
    assert segment_ids(config_of(build_family, "bert"), token_ids) is None
    assert segment_ids(config_of(build_family, "gpt2"), token_ids) is None
    segments = segment_ids(config_of(build_family, "xlnet"), token_ids)
    assert segments.tolist() == [[0, 0, 0, 0, 2]] * 2


def test_segments_are_those_of_xlnets_tokenizer(build_family):
    pretrained = load(build_family("xlnet"))
    encoded = pretrained.tokenizer(["good", "a bad room"], padding=True, return_tensors="pt")
    ours = segment_ids(pretrained.model.config, encoded["input_ids"])
    is_text = encoded["attention_mask"].bool()
    assert torch.equal(ours[is_text], encoded["token_type_ids"][is_text])


@pytest.mark.parametrize(("name", "side"), [("gpt2", "right"), ("opt", "right"), ("xlnet", "left")])
def test_the_model_decides_the_padding_side_whatever_its_tokenizer_says(change_tokenizer, tmp_path, name, side):
    from transformers import AutoTokenizer

    pretrained = load(change_tokenizer(name, padding_side={"left": "right", "right": "left"}[side]))
    assert pretrained.padding_side == side
    pretrained.tokenizer.save_pretrained(tmp_path / "saved")
    assert AutoTokenizer.from_pretrained(tmp_path / "saved").padding_side == side


def test_gpt2_is_padded_with_its_end_of_text(build_family):
    pretrained = load(build_family("gpt2"))
    assert pretrained.tokenizer.pad_token == "<|endoftext|>"
    assert pretrained.pad_id == pretrained.model.config.pad_token_id == pretrained.model.config.vocab_size - 1


def test_the_pad_token_named_by_the_config_comes_first(build_family, tmp_path):
    folder = shutil.copytree(build_family("gpt2"), tmp_path / "gpt2")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for named, expected in ((7, 7), (-1, config["vocab_size"] - 1), (10_000, config["vocab_size"] - 1)):
        (folder / "config.json").write_text(json.dumps(config | {"pad_token_id": named}), encoding="utf-8")
        pretrained = load(folder)
        assert pretrained.pad_id == pretrained.model.config.pad_token_id == expected


def test_a_pad_token_without_an_embedding_is_replaced(change_tokenizer):
    pretrained = load(change_tokenizer("gpt2", pad_token="[PAD]"))
    assert pretrained.pad_id < pretrained.model.config.vocab_size
    assert pretrained.model.config.pad_token_id == pretrained.pad_id


def test_roberta_keeps_the_pad_id_that_positions_are_counted_from(change_tokenizer):
    pretrained = load(change_tokenizer("roberta", pad_token="<unk>"))
    assert (pretrained.pad_id, pretrained.model.config.pad_token_id) == (3, 1)
    assert pretrained.max_context == CONTEXT


def test_a_tokenizer_without_any_special_token_is_refused(build_family, tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    folder = shutil.copytree(build_family("gpt2"), tmp_path / "gpt2")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for key in ("bos_token_id", "eos_token_id", "pad_token_id"):
        config[key] = None
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    backend = Tokenizer(models.WordLevel({"good": 0, "bad": 1}, unk_token="bad"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=backend).save_pretrained(folder)
    with pytest.raises(ModelError, match="no special token that could fill"):
        load(folder)


def test_whole_layers_are_not_left_out():
    from transformers import DebertaV2Config, OPTConfig

    opt, deberta = OPTConfig(layerdrop=0.2), DebertaV2Config(cls_dropout=None)
    set_dropout(opt, 0.3)
    set_dropout(deberta, 0.3)
    assert (opt.layerdrop, opt.dropout, opt.attention_dropout) == (0.0, 0.3, 0.3)
    assert (deberta.pooler_dropout, deberta.hidden_dropout_prob, deberta.cls_dropout) == (0.3, 0.3, None)
