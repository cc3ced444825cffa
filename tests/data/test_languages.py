import pytest

from afina.data.languages import detect_languages

TEXTS = {
    "en": "The film was far too long and the acting did not help it at all",
    "es": "La película es demasiado larga y los actores no ayudan en absoluto a la historia",
    "de": "Der Film war viel zu lang und die Schauspieler haben leider auch nicht geholfen",
    "fr": "Le film était beaucoup trop long et les acteurs ne l'ont pas vraiment aidé",
    "zh": "这部电影太长了，演员的表演也没有什么帮助，我一点也不喜欢它的故事",
    "ja": "素晴らしい映画でした。もう一度見たいです。本当に感動しました。",
    "ru": "Фильм был слишком длинным, и актёры совсем ему не помогли",
}


def test_languages_are_told_in_the_order_of_the_texts():
    assert detect_languages(list(TEXTS.values())) == list(TEXTS)


@pytest.mark.parametrize(
    "text", ["", "good", "Très bon", "ok 10/10", "😀" * 40, "1 2 3 4 5 6 7 8", "好看", "---- ----"]
)
def test_the_language_of_a_few_words_or_of_none_is_not_told(text):
    assert detect_languages([text]) == [None]


def test_no_texts_have_no_languages():
    assert detect_languages([]) == []


def test_a_long_text_is_told_by_its_beginning():
    assert detect_languages([(TEXTS["es"] + ". ") * 20 + TEXTS["en"] * 1000]) == ["es"]


def test_each_text_is_judged_alone():
    texts = [TEXTS["de"], "x", TEXTS["en"], TEXTS["de"]]
    assert detect_languages(texts) == ["de", None, "en", "de"]
    assert detect_languages(texts[2:]) == ["en", "de"]
