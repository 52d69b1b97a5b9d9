"""Image classification: which digit a picture shows, in whatever mode and orientation its file has it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.core.faults import Fault
from swapgate.inputs.pictures import read_image
from swapgate.plugin.checks import assert_same

pytestmark = pytest.mark.task("image-classification")

FOLDER = Path(__file__).parents[1] / "fixtures" / "image-classification"

digits = st.sampled_from(["seven_plain.png", "zero_plain.png", "one_clear.png"]).map(
    lambda name: read_image(FOLDER / name)
)
sizes = st.tuples(st.integers(1, 80), st.integers(1, 80))
colours = st.tuples(*[st.integers(0, 255)] * 3)


@st.composite
def blanks(draw):
    """Return pictures of one colour, from 1×1 pixel on."""
    from PIL import Image  # here and below, so that collecting tests stays light

    return Image.new("RGB", draw(sizes), draw(colours))


pictures = st.one_of(digits, blanks())


def test_expected(prediction, expected):
    """Each case: the expected digit leads."""
    assert prediction == expected


def test_golden(prediction, golden):
    """Each case: every score within tolerance of the golden."""
    assert prediction == golden


@pytest.mark.latency
def test_latency(benchmark, call, rounds, latency, budget):
    """A call takes at most its budgeted multiple of the reference's time."""
    benchmark.pedantic(call, rounds=rounds, warmup_rounds=3)
    assert latency <= budget.latency


def test_quality(quality, budget):
    """On the evaluation set it is at most its budgeted margin worse than the reference."""
    assert quality >= budget.quality


def test_size(size, budget):
    """The weight files take at most their budgeted multiple of the reference's bytes."""
    assert size <= budget.size


def test_parameters(parameters, budget):
    """It has at most its budgeted multiple of the reference's parameters."""
    assert parameters <= budget.parameters


def test_memory(memory, budget):
    """A process of its own needs at most its budgeted multiple of the reference's peak memory."""
    assert memory <= budget.memory


@given(picture=pictures)
def test_scores_sum_to_one(model, picture):
    """Whatever the picture: each score is a probability, the best comes first, and together they make 1."""
    (found,) = model.predict([picture])
    scores = [score.score for score in found.scores]
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) + found.rest == pytest.approx(1, abs=1e-6)


@given(picture=pictures)
def test_same_input_same_prediction(model, picture):
    """The same picture twice gives the same prediction, to the last bit."""
    assert model.predict([picture]) == model.predict([picture.copy()])


@given(batch=st.lists(pictures, min_size=2, max_size=8))
def test_batch_changes_nothing(model, batch):
    """A batch gives what its pictures give one by one, within tolerance."""
    for picture, together in zip(batch, model.predict(batch), strict=True):
        (alone,) = model.predict([picture])
        assert_same(together, alone, model)


@given(picture=digits, times=st.integers(2, 4))
def test_enlarged_picture_shows_the_same(model, picture, times):
    """A digit enlarged without smoothing stays the same digit."""
    from PIL import Image

    enlarged = picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)
    (one,), (other,) = model.predict([picture]), model.predict([enlarged])
    assert one.scores[0].label == other.scores[0].label


@given(size=st.sampled_from([(0, 0), (0, 20), (20, 0), (12_000, 10_000)]))
def test_impossible_pictures_are_refused(model, size):
    """A picture without pixels, and one of 120 million, end in a message."""
    from PIL import Image

    with pytest.raises(Fault, match="picture"):
        model.predict([Image.new("1", size)])
