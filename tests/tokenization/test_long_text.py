"""What is read of long texts, by tokenizers that put special tokens before, after, around or nowhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from afina.errors import ConfigError
from afina.tokenization import LONG_TEXT_MODES, Encoder
from afina.tokenization.long_text import spans_read

# Of every family: what it puts around a text, by the post-processor of its real tokenizer.
SPECIAL = {
    "bert": (["[CLS]"], ["[SEP]"]),
    "bert-template": (["[CLS]"], ["[SEP]"]),
    "roberta": (["<s>"], ["</s>"]),
    "xlnet": ([], ["<sep>", "<cls>"]),
    "gpt2": ([], []),
    "opt": (["</s>"], []),
    "t5": ([], ["</s>"]),
}
NAMES = ["[UNK]", "[CLS]", "[SEP]", "<s>", "</s>", "<sep>", "<cls>"]
N_WORDS = 40


def _tokenizer(family: str) -> Tokenizer:
    """Words w0 to w39 have the ids 0 to 39, so that the ids of a text count up; special tokens come after."""
    vocabulary = {f"w{i}": i for i in range(N_WORDS)} | {name: 100 + i for i, name in enumerate(NAMES)}
    if family in ("gpt2", "opt", "roberta"):
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        vocabulary |= {char: 200 + i for i, char in enumerate(alphabet)} | {"Ġ": 199}
        merges = [("w", str(i)) for i in range(10)] + [(f"w{i // 10}", str(i % 10)) for i in range(10, N_WORDS)]
        tokenizer = Tokenizer(models.BPE(vocabulary, merges))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        )
    else:
        tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(NAMES)
    special = [(name, vocabulary[name]) for name in NAMES]
    before, after = SPECIAL[family]
    if family == "bert":
        tokenizer.post_processor = processors.BertProcessing(("[SEP]", 102), ("[CLS]", 101))
    elif family == "roberta":
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", 104), ("<s>", 103))
    elif family == "gpt2":
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    else:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=" ".join([*before, "$A", *after]), special_tokens=special
        )
    return tokenizer


TOKENIZERS = {family: _tokenizer(family) for family in SPECIAL}
families = pytest.mark.parametrize("family", SPECIAL)


def text_of(n: int) -> str:
    return " ".join(f"w{i}" for i in range(n))


def with_special(family: str, words: list[int]) -> list[int]:
    before, after = ([100 + NAMES.index(name) for name in names] for names in SPECIAL[family])
    return [*before, *words, *after]


def windows_of(encodings, text: int = 0) -> list[list[int]]:
    windows, owners = encodings.windows_of(np.array([text]))
    assert owners is None or owners.tolist() == [0] * len(windows)
    return [encodings.window(i).tolist() for i in windows]


def encode(family: str, n_words: int, room: int, mode: str, **options):
    max_tokens = room + len(with_special(family, []))
    return Encoder(TOKENIZERS[family], max_tokens, long_text=mode, **options).encode([text_of(n_words)])


@families
def test_head_keeps_the_first_tokens(family):
    encodings = encode(family, 30, 8, "head")
    assert windows_of(encodings) == [with_special(family, list(range(8)))]
    assert encodings.truncated.tolist() == [True]


@families
def test_head_is_what_the_tokenizer_itself_truncates_to(family):
    own = Tokenizer.from_str(TOKENIZERS[family].to_str())
    own.enable_truncation(max_length=11)
    texts = [text_of(n) for n in (0, 5, 8, 9, 10, 11, 12, 40)] + ["w1 [SEP] w2 </s> <cls> w3 " * 3]
    encodings = Encoder(TOKENIZERS[family], 11).encode(texts)
    assert [encodings.of(i).tolist() for i in range(len(texts))] == [own.encode(text).ids for text in texts]


@families
def test_head_tail_keeps_a_quarter_from_the_head_and_the_rest_from_the_tail(family):
    encodings = encode(family, 30, 8, "head-tail")
    assert windows_of(encodings) == [with_special(family, [0, 1, 24, 25, 26, 27, 28, 29])]
    assert encodings.truncated.tolist() == [True]


@families
def test_windows_cut_a_text_evenly_and_lose_nothing(family):
    encodings = encode(family, 17, 8, "windows")
    expected = [list(range(5)), list(range(5, 11)), list(range(11, 17))]
    assert windows_of(encodings) == [with_special(family, words) for words in expected]
    assert encodings.truncated.tolist() == [False]
    assert encodings.lengths.tolist() == [17 + 3 * len(with_special(family, []))]


@families
def test_windows_that_do_not_hold_a_text_lie_evenly_from_its_first_to_its_last_token(family):
    encodings = encode(family, 30, 4, "windows", max_windows=3)
    expected = [[0, 1, 2, 3], [13, 14, 15, 16], [26, 27, 28, 29]]
    assert windows_of(encodings) == [with_special(family, words) for words in expected]
    assert encodings.truncated.tolist() == [True]


def test_one_window_at_most_is_the_head():
    assert windows_of(encode("bert", 30, 4, "windows", max_windows=1)) == windows_of(encode("bert", 30, 4, "head"))


@families
@pytest.mark.parametrize("mode", LONG_TEXT_MODES)
def test_a_text_that_just_fits_is_left_whole_and_one_token_more_is_not(family, mode):
    encodings = encode(family, 8, 8, mode)
    assert windows_of(encodings) == [with_special(family, list(range(8)))]
    assert encodings.truncated.tolist() == [False]
    assert encodings.first_windows is None
    longer = encode(family, 9, 8, mode)
    whole = mode == "windows"
    assert longer.truncated.tolist() == [not whole]
    assert len(windows_of(longer)) == (2 if whole else 1)


@families
@pytest.mark.parametrize("mode", LONG_TEXT_MODES)
def test_an_empty_text_has_one_window_of_special_tokens(family, mode):
    encodings = Encoder(TOKENIZERS[family], 8, long_text=mode).encode(["", text_of(20), ""])
    assert windows_of(encodings, 0) == windows_of(encodings, 2) == [with_special(family, [])]
    assert encodings.truncated.tolist() == [False, mode != "windows", False]
    assert encodings.of(2).tolist() == with_special(family, [])


def test_special_tokens_that_a_user_wrote_are_tokens_of_the_text():
    text = "[CLS] [CLS] " + text_of(20) + " [SEP] [SEP]"
    encodings = Encoder(TOKENIZERS["bert"], 10, long_text="head-tail").encode([text])
    assert windows_of(encodings) == [[101, 101, 101, 16, 17, 18, 19, 102, 102, 102]]


def test_texts_of_one_and_of_several_windows_lie_side_by_side():
    encodings = Encoder(TOKENIZERS["bert"], 6, long_text="windows").encode([text_of(n) for n in (2, 9, 4, 5)])
    assert encodings.window_counts.tolist() == [1, 3, 1, 2]
    assert encodings.first_windows.tolist() == [0, 1, 4, 5, 7]
    assert encodings.lengths.tolist() == [4, 15, 6, 9]
    assert encodings.n_tokens == len(encodings.token_ids) == 34
    windows, owners = encodings.windows_of(np.array([3, 0, 1]))
    assert windows.tolist() == [5, 6, 0, 1, 2, 3]
    assert owners.tolist() == [0, 0, 1, 2, 2, 2]
    assert encodings.of(3).tolist() == [101, 0, 1, 102, 101, 2, 3, 4, 102]
    alone, owners = encodings.windows_of(np.array([2, 0]))
    assert (alone.tolist(), owners) == ([4, 0], None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"long_text": "middle"}, "Unknown way of reading a long text: 'middle'"),
        ({"long_text": "windows", "max_windows": 0}, "one window at least"),
        ({"max_tokens": 2}, "No room for a text in 2 tokens: the tokenizer adds 2 of its own"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        Encoder(TOKENIZERS["bert"], **{"max_tokens": 8, **options})


@given(n=st.integers(0, 500), room=st.integers(1, 60), mode=st.sampled_from(LONG_TEXT_MODES), most=st.integers(1, 9))
def test_spans_lie_in_order_within_the_text_and_fit_the_room(n, room, mode, most):
    windows = spans_read(n, room, mode=mode, max_windows=most)
    flat = [place for window in windows for start, end in window for place in range(start, end)]
    assert flat == sorted(set(flat))
    assert all(0 <= place < n for place in flat)
    assert all(sum(end - start for start, end in window) <= room for window in windows)
    assert len(windows) <= (most if mode == "windows" else 1)
    if n > room and mode != "windows":
        assert len(flat) == room
    if mode == "windows":
        assert len(flat) == min(n, room * most)
        sizes = {sum(end - start for start, end in window) for window in windows}
        assert max(sizes) - min(sizes) <= 1
    if n > room and mode != "head" and most > 1:
        assert flat[-1] == n - 1


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=120), max_size=5),
    mode=st.sampled_from(LONG_TEXT_MODES),
    max_tokens=st.integers(3, 20),
    most=st.integers(1, 4),
)
def test_any_text_is_read_within_the_limit_and_said_to_be_cut_where_it_is(wordpiece, texts, mode, max_tokens, most):
    encodings = Encoder(wordpiece, max_tokens, long_text=mode, max_windows=most).encode(texts)
    assert len(encodings) == len(texts)
    for i, text in enumerate(texts):
        content = wordpiece.encode(text, add_special_tokens=False).ids
        windows = windows_of(encodings, i)
        assert all(len(window) <= max_tokens for window in windows)
        assert all((window[0], window[-1]) == (2, 3) for window in windows)
        read = [token for window in windows for token in window[1:-1]]
        assert encodings.truncated[i] == (len(read) < len(content))
        if not encodings.truncated[i]:
            assert read == content
        assert encodings.lengths[i] == sum(map(len, windows))
