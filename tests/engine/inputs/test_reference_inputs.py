"""The real inputs of the public models, through the suite's own functions, where SWAPGATE_INPUTS names their folder."""

import os
from pathlib import Path

import numpy as np
import pytest

from swapgate.inputs.downloads import INPUTS, fetch
from swapgate.inputs.sounds import read_sound
from swapgate.project.cases import read_cases
from swapgate.tasks import find_task
from swapgate.tasks.sounds import resampled

FIXTURES = Path(__file__).parents[3] / "fixtures"
LABEL_SETS = {"audio-classification": "emotions"}
TASKS = ("audio-classification", "speech-recognition", "image-classification", "object-detection")
pytestmark = pytest.mark.skipif(
    not os.environ.get(INPUTS), reason=f"{INPUTS} names no folder; fetch the files with: swapgate inputs --models=hub"
)


def cases(task):
    """Return the cases of a task by their ids."""
    found = read_cases(FIXTURES / task / "hub.toml", find_task(task), LABEL_SETS.get(task), "hub")
    return {case.id: case for case in found.cases}


@pytest.mark.parametrize("task", TASKS)
def test_checksums(task):
    """Each file is the one that the cases name, so that nothing is left to fetch."""
    downloads = read_cases(FIXTURES / task / "hub.toml", find_task(task), LABEL_SETS.get(task), "hub").downloads
    assert all(line.endswith(": is here already") for line in fetch(downloads))


@pytest.mark.parametrize("task", TASKS[:2])
def test_sound(task):
    """The speech is one channel of 22.05 kHz and 13 s, neither silent nor beyond full scale."""
    sound = cases(task)["dream"].input
    assert sound.rate == 22050
    assert len(sound.samples) / sound.rate == pytest.approx(13, abs=0.1)
    assert (sound.samples.dtype, sound.samples.ndim) == (np.float32, 1)
    assert 0.1 < np.abs(sound.samples).max() <= 1


def test_resampled():
    """At the models' 16 kHz the speech is as long and as loud as before, and has kept its tones below 8 kHz."""
    sound = read_sound(cases("speech-recognition")["dream"].given.path)
    wave = resampled(sound, 16000, 400, 30 * 16000)
    assert len(wave) / 16000 == pytest.approx(len(sound.samples) / 22050, abs=1e-3)
    assert np.sqrt(np.mean(wave**2)) == pytest.approx(np.sqrt(np.mean(sound.samples**2)), rel=0.02)
    spectra = [np.abs(np.fft.rfft(samples)) for samples in (sound.samples, wave)]
    loudest = [
        np.argmax(one) * rate / count
        for one, rate, count in zip(spectra, (22050, 16000), (len(sound.samples), len(wave)), strict=True)
    ]
    assert loudest[0] == pytest.approx(loudest[1], abs=1)


@pytest.mark.parametrize(
    ("task", "case", "size"),
    [
        ("image-classification", "manul", (960, 686)),
        ("image-classification", "panda", (750, 600)),
        ("object-detection", "cat_and_dog", (600, 425)),
        ("object-detection", "manul", (960, 686)),
    ],
    ids=["manul", "panda", "cat and dog", "manul to detect"],
)
def test_pictures(task, case, size):
    """The pictures are upright, in colour and of the size that the boxes are in."""
    picture = cases(task)[case].input
    assert (picture.mode, picture.size) == ("RGB", size)
    assert np.asarray(picture).std() > 30


@pytest.mark.parametrize(("case", "colours"), [("cat_and_dog", 235), ("manul", None)])
def test_boxes_lie_in_the_picture(case, colours):
    """What is right lies within the picture; around the pair on white there is nothing else."""
    found = cases("object-detection")[case]
    picture = np.asarray(found.input).astype(float)
    around = np.ones(picture.shape[:2], bool)
    for thing in found.expected:
        left, top, right, bottom = map(int, thing.box)
        assert 0 <= left < right <= picture.shape[1]
        assert 0 <= top < bottom <= picture.shape[0]
        around[top:bottom, left:right] = False
    if colours is not None:
        assert picture[around].mean() > colours
