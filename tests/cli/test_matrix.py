from __future__ import annotations

import pytest
from tests.cli.documents import only_document
from tests.conftest import write_reviews


@pytest.fixture
def rooms_csv(reviews_csv, tmp_path):
    path = tmp_path / "rooms.csv"
    text = write_reviews(path, 100).read_text().replace("film", "room").replace("number ", "number a room 1")
    path.write_text(text)
    return path


@pytest.fixture
def matrix(afina_command, tiny_model):
    def run(*arguments):
        return afina_command(
            "matrix", *arguments, "--model", tiny_model, "--set", "training.precision=fp32",
            "--set", "training.max_steps=3", "--set", "evaluation.bootstrap_samples=100",
        )  # fmt: skip

    return run


def test_it_prints_the_grid_the_drops_and_what_they_say(matrix, reviews_csv, rooms_csv, tmp_path):
    code, out, err = matrix(reviews_csv, rooms_csv, "--out", "grid")
    assert code == 0, err
    for expected in ("trained on", "reviews", "rooms", "all", "points lost", "TF-IDF", "distance", "Best on average"):
        assert expected in out
    assert out.rstrip().endswith("open grid/matrix.html")
    assert "Training 3 of 3: all" in err
    assert (tmp_path / "grid" / "matrix.svg").is_file()


def test_json_is_one_document_and_what_the_folder_holds(matrix, reviews_csv, rooms_csv, tmp_path):
    code, out, err = matrix(reviews_csv, rooms_csv, "--json")
    assert code == 0, err
    document = only_document(out)
    assert len(document["cells"]) == 6
    wanted = {"train", "test", "n", "accuracy", "ece", "baseline_accuracy", "drop", "distance", "removed"}
    assert wanted <= set(document["cells"][0])
    (folder,) = (tmp_path / "runs").glob("matrix-tiny-bert*")
    written = only_document((folder / "matrix.json").read_text())
    assert written["cells"] == document["cells"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ((), "A matrix needs at least two sources"),
        (("reviews.csv",), "Two sources are the same"),
        (("nowhere.csv",), "nowhere.csv"),
        (("empty.csv",), "empty.csv"),
        (("topics.csv",), "do not have two labels in common"),
        (("one.csv",), "at least two labels"),
        (("few.csv",), "at least"),
    ],
)
def test_bad_input_is_one_sentence(matrix, reviews_csv, tmp_path, more, expected):
    (tmp_path / "empty.csv").write_text("")
    lines = reviews_csv.read_text().splitlines()
    (tmp_path / "topics.csv").write_text("\n".join(lines).replace("positive", "sport").replace("negative", "arts"))
    (tmp_path / "one.csv").write_text("\n".join([lines[0], *(line for line in lines[1:] if "positive" in line)]))
    (tmp_path / "few.csv").write_text("\n".join(line.replace("film", "room") for line in lines[:5]))
    code, out, err = matrix("reviews.csv", *more)
    assert code == 2, err
    assert expected in err
    assert "Traceback" not in err
    assert not out
    assert not (tmp_path / "runs").exists()
