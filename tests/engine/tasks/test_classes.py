"""From the probabilities of a model to the labels of the cases."""

import importlib.util
from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.core.faults import SurroundingsFault
from swapgate.outputs import invalid
from swapgate.outputs.classification import Score, ranked
from swapgate.tasks.classes import label_names

SAME = {name: name for name in "abcdefgh"}


def test_ranked_best_first():
    """The labels of the cases stand best first with their scores, whatever the order of the model's names."""
    said = ranked([0.1, 0.7, 0.2], ["n", "p", "o"], {"n": "negative", "p": "positive", "o": "neutral"})
    assert said.scores == (Score("positive", 0.7), Score("neutral", 0.2), Score("negative", 0.1))
    assert said.rest == 0


def test_ranked_adds_up_labels_of_one_name():
    """The model's labels that are one label of the cases are added up, which can change what leads."""
    stars = {"1": "negative", "2": "negative", "3": "positive", "4": "positive"}
    said = ranked([0.25, 0.125, 0.375, 0.25], list(stars), stars)
    assert said.scores == (Score("positive", 0.625), Score("negative", 0.375))
    said = ranked([0.3, 0.3, 0.4, 0.0], list(stars), stars)
    assert said.scores[0] == Score("negative", 0.6)


@pytest.mark.parametrize(("count", "kept"), [(1, 1), (4, 4), (5, 5), (6, 5), (8, 5)])
def test_ranked_keeps_five(count, kept):
    """At most five labels are kept, and the rest is what all others have together."""
    parts = [2.0**-number for number in range(1, count + 1)]
    said = ranked([*reversed(parts)], "abcdefgh"[:count], SAME)
    assert said.scores == tuple(map(Score, "abcdefgh"[:count][::-1], parts[:kept]))
    assert said.rest == sum(parts[kept:])


def test_ranked_counts_labels_of_the_cases():
    """Of a model with many labels, five of the cases' are kept: they are added up before, not behind the cut."""
    labels = {**SAME, "a": "small", "b": "small", "c": "small"}
    said = ranked([0.1, 0.1, 0.1, 0.15, 0.14, 0.14, 0.14, 0.13], "abcdefgh", labels)
    assert [score.label for score in said.scores] == ["small", "d", "e", "f", "g"]
    assert said.scores[0].score == pytest.approx(0.3)
    assert said.rest == 0.13


def test_ranked_equal_scores():
    """Labels with equal scores stand in the order of their names, also where the cut is."""
    said = ranked([0.125] * 8, "hgfedcba", SAME)
    assert [score.label for score in said.scores] == ["a", "b", "c", "d", "e"]
    assert ranked([0.125] * 8, "abcdefgh", SAME) == said


def test_ranked_rounding():
    """Probabilities whose sum exceeds 1 by rounding give a score of exactly 1 and a rest that is not negative."""
    above = 1.0000001192092896  # the next float32 number
    said = ranked([above / 2, above / 2, 0.0], "abc", {"a": "one", "b": "one", "c": "two"})
    assert said.scores == (Score("one", 1.0), Score("two", 0.0))
    assert said.rest == 0


def test_ranked_unmapped():
    """A name of the model that the row does not map raises KeyError."""
    with pytest.raises(KeyError, match="c"):
        ranked([0.5, 0.3, 0.2], "abc", {"a": "one", "b": "two", "d": "three"})


@pytest.mark.parametrize("count", [1, 3])
def test_ranked_of_another_number(count):
    """More or fewer names than probabilities raise ValueError."""
    with pytest.raises(ValueError, match=r"shorter|longer"):
        ranked([0.5, 0.5], "abc"[:count], SAME)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any), st.lists(st.sampled_from("xyz"), min_size=8))
def test_ranked_is_sound(parts, groups):
    """Whatever probabilities sum to 1, the scores are sound, fall from the first on and lose nothing."""
    names = "abcdefgh"[: len(parts)]
    labels = {name: group if group != "z" else name for name, group in zip("abcdefgh", groups, strict=False)}
    said = ranked([part / sum(parts) for part in parts], names, labels)
    assert invalid(said) == []
    assert [score.score for score in said.scores] == sorted((score.score for score in said.scores), reverse=True)
    assert fsum([*(score.score for score in said.scores), said.rest]) == pytest.approx(1)
    assert len({score.label for score in said.scores}) == min(len({labels[name] for name in names}), 5)


def test_label_names():
    """The names of a model stand by number, as often as its table has them."""
    assert label_names({"id2label": {"2": "sad", "0": "sad", "1": "glad"}}) == ["sad", "glad", "sad"]


def test_label_names_that_are_numbers():
    """A name that is a number in config.json is its text."""
    assert label_names({"id2label": {"0": 1, "1": 2}}) == ["1", "2"]


@pytest.mark.parametrize("config", [{}, {"id2label": None}], ids=["no key", "null"])
@pytest.mark.parametrize("count", [None, 2, 3])
def test_label_names_of_a_config_without(config, count):
    """A config.json without names has those that transformers gives it, two where it does not say how many."""
    numbers = {} if count is None else {"num_labels": count}
    assert label_names({**config, **numbers}) == [f"LABEL_{number}" for number in range(count or 2)]


@pytest.mark.parametrize("key", ["pretrained_cfg", "model_type"])
def test_label_names_of_timm(key):
    """Timm writes a list of names, and how many there are."""
    own = {"pretrained_cfg": {"num_classes": 2}} if key == "pretrained_cfg" else {"model_type": "timm_wrapper"}
    config = {"architecture": "resnet18", "num_classes": 2, "label_names": ["tench, Tinca tinca", "crane"]}
    assert label_names({**config, **own}) == ["tench, Tinca tinca", "crane"]
    with pytest.raises(SurroundingsFault, match=r"id2label has 2 labels and num_labels = 3; save the model again"):
        label_names({**config, **own, "num_classes": 3})


@pytest.mark.skipif(importlib.util.find_spec("timm") is not None, reason="timm is installed")
def test_label_names_that_timm_knows():
    """A model of timm's without a list of names, and no timm to tell them, is an error of the table."""
    with pytest.raises(SurroundingsFault, match="label_names, which timm would tell, are missing"):
        label_names({"architecture": "resnet18", "num_classes": 1000, "pretrained_cfg": {"num_classes": 1000}})


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"id2label": ["sad", "glad"]}, "id2label is no table from number to label"),
        ({"id2label": "sad"}, "id2label is no table from number to label"),
        ({"id2label": 2}, "id2label is no table from number to label"),
        ({"id2label": {}}, "id2label has no label for class 0 (it has none)"),
        ({"id2label": {"0": "sad", "2": "glad"}}, "id2label has no label for class 1 (it has 0, 2)"),
        ({"id2label": {"1": "sad", "2": "glad"}}, "id2label has no label for class 0 (it has 1, 2)"),
        ({"id2label": {"0": "sad", "00": "glad"}}, "id2label has no label for class 1 (it has 0, 00)"),
        ({"id2label": {"0": "sad", "1": None}}, "id2label has no label for class 1 (it has 0, 1)"),
        ({"id2label": {"0": "sad", "1": ""}}, "id2label has no label for class 1 (it has 0, 1)"),
        ({"id2label": {"0": "sad", "1": ["glad"]}}, "id2label has the label ['glad'], which is no text"),
        ({"id2label": {"0": "sad"}, "num_labels": 2}, "id2label has 1 labels and num_labels = 2"),
        ({"num_labels": "2"}, "num_labels = '2' is no number of classes"),
        ({"num_labels": -1}, "num_labels = -1 is no number of classes"),
    ],
)
def test_label_names_that_are_no_table(config, why):
    """A config.json whose names are no table with one for each class is refused with the next step."""
    with pytest.raises(SurroundingsFault) as caught:
        label_names(config)
    assert str(caught.value) == f"config.json: {why}; save the model again with a label for each class, from 0 on"


def test_label_names_by_word():
    """A table from label to number, as label2id is, is refused."""
    with pytest.raises(SurroundingsFault, match="id2label has a key that is no number of a class"):
        label_names({"id2label": {"sad": 0, "glad": 1}})
