"""Comparison of translations: words that must occur, chrF and BLEU as sacrebleu computes them."""

import builtins

import pytest
import sacrebleu
from numpy.random import default_rng

from swapgate.core.faults import SurroundingsFault
from swapgate.outputs import Tolerance, check_drift, check_expected, check_swap, translation
from swapgate.outputs.translation import OUTPUT, Reference, Translation, signatures
from swapgate.statistics.comparison import compare_figure
from swapgate.statistics.tally import Tally

ASKED = Reference("Der alte Mann sieht keinen Hund.", ("keinen Hund",), ("nicht",))
WORDS = ["der", "die", "das", "Haus", "Hund", "sieht", "läuft", "heute", "im", "großen", "Garten", "."]


def paths(mismatches):
    """Return where the mismatches are."""
    return [mismatch.path for mismatch in mismatches]


def texts(seed, kept=0.8, count=60):
    """Return random references, and what somebody made of them who leaves out words."""
    rng = default_rng(seed)
    wanted = [" ".join(rng.choice(WORDS, rng.integers(1, 10))) for _ in range(count)]
    return wanted, [" ".join(word for word in one.split() if rng.random() < kept) for one in wanted]


def tally(found, wanted):
    """Return the tally of these translations."""
    made = Tally(OUTPUT)
    for number, (said, right) in enumerate(zip(found, wanted, strict=True)):
        made.add(f"row {number}", Translation(said, 1.0), Reference(right, (), ()), given=str(number))
    return made


@pytest.mark.parametrize(
    ("said", "cut", "found"),
    [
        ("Der alte Mann sieht keinen Hund.", False, []),
        ("der alte mann sieht KEINEN HUND", False, []),
        ("Der alte Mann sieht den Hund nicht.", False, ["text.must[keinen Hund]", "text.must_not[nicht]"]),
        ("Der alte Mann sieht keinen Hunde", False, ["text.must[keinen Hund]"]),
        ("Er sieht keinen Hund und ei", True, ["text.end"]),
        ("Er sieht keinen Hund \ufffd", False, ["text.end"]),
    ],
)
def test_expected(said, cut, found):
    """Words must occur whole and in this order, others must not, and no text ends within a word or a character."""
    assert paths(check_expected(Translation(said, 0.5, cut), ASKED)) == found


def test_swap():
    """What was right is lost, what was wrong before counts for nothing, and a row's own chrF may fall a little."""
    good, other = Translation("Der alte Mann sieht keinen Hund.", 0.5), Translation("Der Mann sieht ihn nicht.", 0.5)
    strict, loose = Tolerance(swap=0.05, reason="x"), Tolerance(swap=0.9, reason="x")
    assert check_swap(good, other, ASKED, strict) == []
    lost = check_swap(other, good, ASKED, strict)
    assert paths(lost) == ["text.must[keinen Hund]", "text.must_not[nicht]", "text.chrf"]
    assert paths(check_swap(other, good, ASKED, loose)) == ["text.must[keinen Hund]", "text.must_not[nicht]"]
    assert check_swap(other, other, ASKED, strict) == []


def test_drift():
    """Another text is a drift, but behind a step that was a near tie on both sides."""
    one, other = Translation("Er sieht ihn.", 0.3), Translation("Er sah ihn.", 0.3)
    assert paths(check_drift(other, one, Tolerance())) == ["text"]
    assert check_drift(Translation("Er sah ihn.", 1e-5), Translation("Er sieht ihn.", 1e-5), Tolerance()) == []


@pytest.mark.parametrize("seed", range(3))
def test_figures_are_those_of_sacrebleu(seed):
    """Figures of all rows are sacrebleu's of the corpus, their means those of its sentence scores."""
    wanted, said = texts(seed)
    figures = tally(said, wanted).figures()
    assert figures["chrF"] * 100 == pytest.approx(sacrebleu.corpus_chrf(said, [wanted]).score)
    assert figures["BLEU"] * 100 == pytest.approx(sacrebleu.corpus_bleu(said, [wanted]).score)
    pairs = [*zip(said, wanted, strict=True)]
    for name, score in (("chrF", sacrebleu.sentence_chrf), ("BLEU", sacrebleu.sentence_bleu)):
        mean = sum(score(one, [right]).score for one, right in pairs) / len(pairs)
        assert figures[f"mean {name}"] * 100 == pytest.approx(mean)


def test_letters_without_spaces_are_words():
    """Where there are no spaces BLEU counts letters, as sacrebleu does that is told of Chinese."""
    said, wanted = "他今天看见一只小狗", "他今天看见一只大狗"
    figures = tally([said], [wanted]).figures()
    assert figures["BLEU"] * 100 == pytest.approx(sacrebleu.corpus_bleu([said], [[wanted]], tokenize="zh").score)
    assert figures["chrF"] * 100 == pytest.approx(sacrebleu.corpus_chrf([said], [[wanted]]).score)


@pytest.mark.parametrize("said", ["", "x", "…"])
def test_nothing_in_common(said):
    """A translation without a common letter has no figure above 0, and one that is right has none above 1."""
    assert {name: tally([said], ["Der Hund."]).figures()[name] for name in ("chrF", "BLEU")} == {"chrF": 0, "BLEU": 0}
    assert {*tally(["Er sieht den alten Hund."], ["Er sieht den alten Hund."]).figures().values()} == {1.0}


@pytest.mark.parametrize("metric", ["chrF", "BLEU"])
def test_comparison(metric):
    """A figure is judged by the mean of rows, and its own value is told: an equal model passes, a worse one fails."""
    wanted, said = texts(1, count=300)
    worse = texts(1, kept=0.5, count=300)[1]
    same = compare_figure(tally(said, wanted), tally(said, wanted), metric, 0.05)
    assert (same.decision, same.raw) == ("PASS", tally(said, wanted).figures()[metric])
    assert "mean of the rows' own" in same.judged_by
    assert compare_figure(tally(worse, wanted), tally(said, wanted), metric, 0.05).decision == "FAIL"
    assert compare_figure(tally(wanted, wanted), tally(said, wanted), metric, 0.05).decision == "PASS"


def test_signatures():
    """Each figure is told with sacrebleu's signature, in which the number of references is known."""
    assert {name: told.split("|")[0] for name, told in signatures().items()} == {"chrF": "nrefs:1", "BLEU": "nrefs:1"}
    assert f"version:{sacrebleu.__version__}" in signatures()["BLEU"]


def test_without_sacrebleu(monkeypatch):
    """Without sacrebleu one is told what to install."""
    real = builtins.__import__

    def missing(name, *rest):
        if name.startswith("sacrebleu"):
            raise ImportError(name)
        return real(name, *rest)

    translation._metrics.cache_clear()
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(SurroundingsFault, match=r'pip install "swapgate\[writing\]"'):
        translation.count(Translation("a", 1.0), ASKED)
    translation._metrics.cache_clear()
