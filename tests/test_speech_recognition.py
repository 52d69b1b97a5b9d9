"""Speech recognition: which words are said, whatever the rate, channels and level of the file.

Expected of each case: each word as it is said.
Golden of each case: the words and their nearest step within tolerance of the golden.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swapgate.core.faults import Fault
from swapgate.inputs.given import Sound
from swapgate.inputs.sounds import read_sound
from swapgate.outputs.text import word_error_rate
from swapgate.standard import batch_changes_nothing, same_input_same_prediction
from swapgate.standard import test_expected as test_expected
from swapgate.standard import test_golden as test_golden
from swapgate.standard import test_latency as test_latency
from swapgate.standard import test_memory as test_memory
from swapgate.standard import test_parameters as test_parameters
from swapgate.standard import test_quality as test_quality
from swapgate.standard import test_size as test_size

pytestmark = pytest.mark.task("speech-recognition")

FOLDER = Path(__file__).parents[1] / "fixtures" / "speech-recognition"

recordings = st.sampled_from(["plain_command.flac", "one_word.flac", "slow_voice.flac", "rate_22050.wav"]).map(
    lambda name: read_sound(FOLDER / name)
)


def assert_same_words(model, sound, other):
    """Assert that two recordings are heard alike."""
    (one,), (two,) = model.predict([sound]), model.predict([other])
    assert word_error_rate(two.text, one.text) == 0, f"heard {two}; before {one}"


test_same_input_same_prediction = same_input_same_prediction(recordings)
test_batch_changes_nothing = batch_changes_nothing(recordings)


@given(sound=recordings, decibels=st.floats(-6, 6))
def test_level_changes_no_word(model, sound, decibels):
    """A recording up to 6 dB softer or louder has the same words."""
    assert_same_words(model, sound, Sound(sound.samples * 10 ** (decibels / 20), sound.rate))


@given(sound=recordings)
def test_leading_silence_changes_no_word(model, sound):
    """100 ms of silence before a recording add no word and take none."""
    import numpy as np

    silence = np.zeros(sound.rate // 10, dtype=np.float32)
    assert_same_words(model, sound, Sound(np.concatenate([silence, sound.samples]), sound.rate))


@given(sound=recordings, rate=st.sampled_from([22050, 44100, 48000]))
def test_rate_changes_no_word(model, sound, rate):
    """A recording at another rate has the same words."""
    import librosa

    assert_same_words(model, sound, Sound(librosa.resample(sound.samples, orig_sr=sound.rate, target_sr=rate), rate))


@given(samples=st.sampled_from([[], [0.5], [float("nan")] * 8000, [0.0] * 8000 * 300]))
def test_impossible_sounds_are_refused(model, samples):
    """No samples, a single one, samples that are no numbers, and five minutes of them end in a message."""
    import numpy as np

    with pytest.raises(Fault, match="sound"):
        model.predict([Sound(np.array(samples, dtype=np.float32), 8000)])
