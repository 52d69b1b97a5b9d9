"""Audio classification: what a sound is, whatever the rate and channels of its file.

Expected of each case: one of the expected labels leads.
Golden of each case: every score within tolerance of the golden.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.core.faults import Fault
from swapgate.inputs.given import Sound
from swapgate.inputs.sounds import read_sound
from swapgate.standard import assert_scores_sum_to_one, batch_changes_nothing, same_input_same_prediction
from swapgate.standard import test_expected as test_expected
from swapgate.standard import test_golden as test_golden
from swapgate.standard import test_latency as test_latency
from swapgate.standard import test_memory as test_memory
from swapgate.standard import test_parameters as test_parameters
from swapgate.standard import test_quality as test_quality
from swapgate.standard import test_size as test_size

pytestmark = pytest.mark.task("audio-classification")

FOLDER = Path(__file__).parents[1] / "fixtures" / "audio-classification"


def noise(seed, length, level):
    """Return white noise of 8 kHz."""
    import numpy as np  # here and below, so that collecting tests stays light

    return Sound((level * np.random.default_rng(seed).standard_normal(length)).astype(np.float32), 8000)


recordings = st.sampled_from(["siren_plain.wav", "speech_low.wav", "rain_pouring.wav", "clap_hall.flac"]).map(
    lambda name: read_sound(FOLDER / name)
)
noises = st.builds(noise, st.integers(0, 99), st.integers(4000, 16000), st.sampled_from([0.0, 0.01, 0.3]))
sounds = st.one_of(recordings, noises)

test_same_input_same_prediction = same_input_same_prediction(sounds)
test_batch_changes_nothing = batch_changes_nothing(sounds)


@given(sound=sounds)
def test_scores_sum_to_one(model, sound):
    """Whatever the sound: each score is a probability, the best comes first, and together they make 1."""
    (found,) = model.predict([sound])
    assert_scores_sum_to_one(found)


@given(sound=recordings, decibels=st.floats(-6, 6))
def test_level_changes_no_label(model, sound, decibels):
    """A recording up to 6 dB softer or louder is still the same thing."""
    other = Sound(sound.samples * 10 ** (decibels / 20), sound.rate)
    (one,), (two,) = model.predict([sound]), model.predict([other])
    assert one.scores[0].label == two.scores[0].label


@given(samples=st.sampled_from([[], [0.5], [float("nan")] * 8000, [0.0] * 8000 * 300]))
def test_impossible_sounds_are_refused(model, samples):
    """No samples, a single one, samples that are no numbers, and five minutes of them end in a message."""
    import numpy as np

    with pytest.raises(Fault, match="sound"):
        model.predict([Sound(np.array(samples, dtype=np.float32), 8000)])
