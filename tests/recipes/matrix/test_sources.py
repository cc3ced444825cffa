from __future__ import annotations

import shutil

import pytest
from tests.recipes.matrix.conftest import reviews
from tests.recipes.recorder import Recorder

from afina.config import DataConfig
from afina.data import find_overlap
from afina.errors import DataError
from afina.recipes.matrix.sources import equal_sizes, read_sources, together
from afina.recipes.reporting import Silent


def read(sources, reporter=None, **options):
    return read_sources(sources, DataConfig(test_share=0.25), seed=0, reporter=reporter or Silent(), **options)


def overlap(one, other):
    return len(find_overlap(one.normal_forms, other.normal_forms).rows)


def test_each_source_is_divided_once_and_keeps_its_name(two_sources):
    films, rooms = read(two_sources)
    assert (films.name, rooms.name) == ("films", "rooms")
    assert len(films.train) + len(films.dev) + len(films.test) == 80 - films.removed["films"].rows
    assert len(films.test) == 20
    assert films.test.texts == read(two_sources)[0].test.texts


def test_what_is_trained_on_holds_no_text_of_any_test_set(write):
    shared = reviews("film", 60)
    mine = shared + reviews("film", 60, first=200)
    changed = [(text.upper(), label) for text, label in shared[:30]]
    theirs = [*reviews("room", 60), *changed, *shared[30:]]
    recorder = Recorder()
    films, mixed = read([write("films.csv", mine), write("mixed.csv", theirs)], recorder)
    for one, other in ((films, mixed), (mixed, films)):
        for test in (one.test, other.test):
            assert overlap(one.train, test) == overlap(one.dev, test) == 0
        assert one.removed[other.name].exact > 0
        left = len(one.train) + len(one.dev) + len(one.test)
        assert left == 120 - sum(part.rows for part in one.removed.values())
    told = "\n".join(recorder.warned)
    assert f"model of films is trained on: {films.removed['mixed'].rows:,} texts" in told
    assert "stand in the test set of mixed" in told


def test_near_duplicates_are_removed_too(write):
    shared = [
        (f"this {i}a film {i}b was {i}c and {i}d it", label)
        for i, label in ((i, "positive" if i % 2 else "negative") for i in range(60))
    ]
    nearly = [(text + " too", label) for text, label in shared]
    films, rooms = read([write("films.csv", shared), write("rooms.csv", reviews("room", 60) + nearly)])
    assert films.removed["rooms"].near > 0
    assert films.removed["rooms"].exact == 0
    assert overlap(films.train, rooms.test) == 0


def test_all_together_leaves_out_repeats_and_dev_texts(write):
    shared = reviews("film", 60)
    sources = read([write("a.csv", shared + reviews("room", 60)), write("b.csv", shared + reviews("it", 60))])
    whole = together(sources)
    assert len(set(whole.train.normal_forms)) == len(whole.train)
    assert overlap(whole.train, whole.dev) == 0
    assert all(overlap(whole.train, source.test) == 0 for source in sources)
    assert set(whole.train.texts) <= {text for source in sources for text in source.train.texts}
    assert whole.removed["a"] == sources[1].removed["a"]


def test_equal_sizes_are_those_of_the_smallest(two_sources):
    films, rooms = equal_sizes(read(two_sources), seed=0)
    assert len(films.train) == len(rooms.train)
    assert set(rooms.train.counts().values()) == {len(rooms.train) // 2}


def test_labels_that_not_all_have_are_set_aside_and_told(write):
    neutral = [(f"the film number {i} was a film", "neutral") for i in range(20)]
    recorder = Recorder()
    films, rooms = read(
        [write("films.csv", reviews("film", 60) + neutral), write("rooms.csv", reviews("room", 60))], recorder
    )
    assert films.train.labels.names == rooms.train.labels.names == ("negative", "positive")
    assert films.set_aside > 0
    assert rooms.set_aside == 0
    assert any("set aside" in warning and "neutral" in warning for warning in recorder.warned)
    assert set(films.train.counts().values()) == {len(films.train) // 2}


def test_label_names_may_differ_in_capitals_only(write):
    shouted = [(text, {"negative": "No", "positive": "Yes"}[label]) for text, label in reviews("film", 60)]
    quiet = [(text, {"negative": "no", "positive": "yes"}[label]) for text, label in reviews("room", 60)]
    films, rooms = read([write("films.csv", shouted), write("rooms.csv", quiet)])
    assert films.train.labels == rooms.train.labels
    assert rooms.set_aside == 0


def test_sources_that_ask_another_question_are_refused(write):
    topics = [(text, {"negative": "sport", "positive": "politics"}[label]) for text, label in reviews("room", 60)]
    with pytest.raises(DataError, match=r"two labels in common: films has negative, positive; topics has") as error:
        read([write("films.csv", reviews("film", 60)), write("topics.csv", topics)])
    assert error.value.hint


def test_two_sources_must_be_two(two_sources, tmp_path):
    films = two_sources[0]
    with pytest.raises(DataError, match="at least two sources, found 1"):
        read([films])
    with pytest.raises(DataError, match="Two sources are the same"):
        read([films, films])
    (tmp_path / "link.csv").symlink_to(films)
    with pytest.raises(DataError, match="Two sources are the same"):
        read([films, str(tmp_path / "link.csv")])
    shutil.copyfile(films, tmp_path / "copy.csv")
    with pytest.raises(DataError, match="hold the same texts: films and copy"):
        read([films, str(tmp_path / "copy.csv")])


def test_names_differ_where_files_have_the_same(write, tmp_path):
    (tmp_path / "more").mkdir()
    sources = read([write("all.csv", reviews("film", 60)), write("more/all.csv", reviews("room", 60))])
    assert [source.name for source in sources] == ["all-2", "all-3"]


def test_a_short_budget_looks_through_a_part_of_the_texts(two_sources):
    recorder = Recorder()
    read(two_sources, recorder, seconds=0.001)
    assert any("100 of 120 of rooms" in warning for warning in recorder.warned)
