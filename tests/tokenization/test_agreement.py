import numpy as np
from tests.tokenization.test_named import byte_fallback
from tokenizers import Tokenizer, models, pre_tokenizers

from afina.tokenization.adapt import train_tokenizer
from afina.tokenization.agreement import boundary_agreement, surfaces, vocabulary_overlap, words_cut_alike
from afina.tokenization.named import name_tokenizer
from afina.tokenization.spans import StudyTexts, inner_cuts, token_spans


def pieces(*tokens):
    vocabulary = {token: i for i, token in enumerate(("[UNK]", *tokens))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return name_tokenizer("x", tokenizer)


def test_agreement_is_f1_of_the_cuts_inside_words():
    study = StudyTexts.of(["unable able", "unable"])
    ours = pieces("un", "##able", "able")  # un|able able un|able
    theirs = pieces("un", "##ab", "##le", "ab")  # un|ab|le ab|le un|ab|le
    cuts = [inner_cuts(study, token_spans(named, study)) for named in (ours, theirs)]
    assert [len(cut) for cut in cuts] == [2, 5]
    assert boundary_agreement(cuts) == [[1.0, 2 * 2 / 7], [2 * 2 / 7, 1.0]]
    assert words_cut_alike(cuts, study) == [[1.0, 0.0], [0.0, 1.0]]
    assert words_cut_alike([cuts[0], np.zeros(0, np.int64)], study)[0][1] == 1 - 2 / 3


def test_tokenizers_that_cut_nothing_agree():
    none = np.zeros(0, dtype=np.int64)
    assert boundary_agreement([none, none]) == [[1.0, 1.0], [1.0, 1.0]]
    assert boundary_agreement([none, np.array([3])])[0][1] == 0
    assert words_cut_alike([none, none], StudyTexts.of(["🙂"])) == [[1.0, 1.0], [1.0, 1.0]]


def test_cuts_are_compared_in_the_original_text(wordpiece):
    # The one lower-cases and strips accents, the other is exact: both cut after each letter.
    study = StudyTexts.of(["ÑAXO zzz"])
    letters = name_tokenizer("chars", train_tokenizer("chars", ["ÑAXO zzz"]))
    cuts = [inner_cuts(study, token_spans(named, study)) for named in (name_tokenizer("x", wordpiece), letters)]
    assert cuts[0].tolist() == cuts[1].tolist() == [1, 2, 3, 6, 7]


def test_a_cut_inside_a_character_stands_before_it():
    study = StudyTexts.of(["año"])
    named = name_tokenizer("x", train_tokenizer("bytes", ["x"]))
    assert inner_cuts(study, token_spans(named, study)).tolist() == [1, 2]


def test_marks_of_beginnings_and_continuations_are_no_part_of_a_surface():
    assert surfaces(pieces("un", "##able", "able")) == {"[UNK]", "un", "able"}
    trained = name_tokenizer("x", train_tokenizer("bpe", ["el año, el año"] * 4))
    assert "año" in surfaces(trained)
    assert "[CLS]" not in surfaces(trained)
    assert not any("Ġ" in surface or "\ufffd" in surface for surface in surfaces(trained) if len(surface) > 1)
    assert "año," in surfaces(name_tokenizer("x", train_tokenizer("unigram", ["el año, el año, un"] * 9)))
    assert surfaces(name_tokenizer("x", byte_fallback())) == {"<unk>", *"abcgod", "oo"}


def test_overlap_is_the_share_of_surfaces_in_both():
    matrix = vocabulary_overlap([pieces("un", "##able"), pieces("able", "was", "un")])
    assert matrix == [[1.0, 3 / 4], [3 / 4, 1.0]]
