"""Paired comparison of right and wrong rows: Tango's score, its bounds, and what they decide."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import xlogy
from scipy.stats import binom, norm

from swapgate.statistics.paired import (
    CONFIDENCE,
    Flips,
    bounds,
    drawn_weights,
    mcnemar,
    most_lost,
    most_of,
    non_inferior,
    resampled_bounds,
    rows_for_share,
    rows_needed,
    score,
    scores,
    share_bounds,
    unseen_part,
    within,
)

Z = norm.ppf(CONFIDENCE)


@st.composite
def flips(draw, most=400):
    """Return comparisons of up to `most` rows."""
    rows = draw(st.integers(1, most))
    lost = draw(st.integers(0, rows))
    return Flips(rows, lost, draw(st.integers(0, rows - lost)))


def likeliest_share(found, difference):
    """Return the share of lost rows that makes the counts likeliest, by search: nothing of the closed form is used."""
    same = found.rows - found.lost - found.gained

    def unlikely(lost):
        gained = lost + difference
        return -(xlogy(found.lost, lost) + xlogy(found.gained, gained) + xlogy(same, 1 - lost - gained))

    low, high = max(0.0, -difference), (1 - difference) / 2
    return minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x


@given(found=flips(), difference=st.floats(-0.9, 0.9))
def test_score_is_that_of_the_likeliest_shares(found, difference):
    """The statistic is the difference over its spread, both at the shares that the counts make likeliest."""
    lost = likeliest_share(found, difference)
    spread = (found.rows * (2 * lost + difference - difference**2)) ** 0.5
    wanted = (found.gained - found.lost - found.rows * difference) / spread if spread > 1e-3 else None
    if wanted is not None:
        assert score(found, difference) == pytest.approx(wanted, rel=1e-3, abs=1e-3)


@given(found=flips(), difference=st.floats(-0.9, 0.9).map(lambda share: round(share, 9)))
def test_sides_are_alike(found, difference):
    """Candidate and incumbent exchanged, the score turns round."""
    other = Flips(found.rows, found.gained, found.lost)
    assert score(found, difference) == pytest.approx(-score(other, -difference), rel=1e-6, abs=1e-6)


@given(found=flips())
def test_bounds(found):
    """The bounds enclose the difference that was seen, and the score at each is as unlikely as was agreed."""
    lower, upper = bounds(found)
    assert lower <= found.difference <= upper
    for bound, level in ((lower, Z), (upper, -Z)):
        if abs(bound) < 0.999:
            assert score(found, bound) == pytest.approx(level, abs=1e-4)


@given(found=flips(), margin=st.floats(0.001, 0.5))
def test_decision_is_told_by_the_bounds(found, margin):
    """PASS is a lower bound above the margin, FAIL an upper bound below it."""
    lower, upper = bounds(found)
    if min(abs(lower + margin), abs(upper + margin)) > 1e-6:
        wanted = "PASS" if lower > -margin else "FAIL" if upper < -margin else "too few rows"
        assert non_inferior(found, margin) == wanted


@pytest.mark.parametrize(
    ("lost", "gained", "decision"),
    [(0, 0, "PASS"), (20, 20, "PASS"), (30, 20, "too few rows"), (40, 20, "too few rows"), (80, 20, "FAIL")],
)
def test_decision(lost, gained, decision):
    """Of 1,000 rows and with a margin of 2 points: what is lost decides only where it is more than chance."""
    assert non_inferior(Flips(1_000, lost, gained), 0.02) == decision


def test_published_score():
    """Tango's example: of 44 patients one did worse with the new lens fluid; a loss of a tenth is 1.709 away."""
    assert score(Flips(44, 1, 0), -0.1) == pytest.approx(1.709, abs=5e-4)


@pytest.mark.parametrize(
    ("flips_of_it", "level", "published"),
    [
        (Flips(21, 7, 1), 0.975, (-0.517, -0.026)),  # Fagerland et al., Statistics in Medicine 33 (2014), of Tango's
        (Flips(618, 25, 28), 0.95, (-0.0148, 0.0247)),  # what PropCIs::scoreci.mp gives in R
    ],
)
def test_published_bounds(flips_of_it, level, published):
    """The bounds are those that others have printed for Tango's interval."""
    assert bounds(flips_of_it, level) == pytest.approx(published, abs=5e-4)


def test_no_flips_among_few_rows():
    """Rows that are all answered alike decide nothing where they are few."""
    assert [non_inferior(Flips(rows, 0, 0), 0.02) for rows in (100, 130, 140)] == [
        "too few rows",
        "too few rows",
        "PASS",
    ]


@pytest.mark.parametrize(("differing", "rows"), [(0, 133), (20, 563), (40, 947), (100, 2_178), (200, 4_297)])
def test_rows_needed(differing, rows):
    """With a margin of 2 points: as many rows as let 90 % of candidates pass that lose nothing."""
    assert rows_needed(Flips(1_000, differing // 2, differing // 2), 0.02) == rows
    drawn = np.random.default_rng(7).multinomial(rows, [differing / 2_000] * 2 + [1 - differing / 1_000], size=2_000)
    passed = sum(non_inferior(Flips(rows, int(lost), int(gained)), 0.02) == "PASS" for lost, gained, _ in drawn)
    assert passed / 2_000 == pytest.approx(0.91 if differing else 1, abs=0.02)


@given(found=flips(), margin=st.floats(0.005, 0.4))
def test_rows_needed_grow(found, margin):
    """A narrower margin, or more rows that differ, need no fewer rows."""
    more = Flips(found.rows + 2, found.lost + 1, found.gained + 1)
    if (more.lost + more.gained) * found.rows >= (found.lost + found.gained) * more.rows:
        assert rows_needed(more, margin) >= rows_needed(found, margin) >= 1
    assert rows_needed(found, margin / 2) >= rows_needed(found, margin)


def test_mcnemar():
    """Even flips are likely, 9 of 10 to one side are not: 22 of 1,024 coin tosses are at least as uneven."""
    assert mcnemar(Flips(50, 0, 0)) == mcnemar(Flips(50, 3, 3)) == 1
    assert mcnemar(Flips(50, 9, 1)) == pytest.approx(22 / 1024)


@pytest.mark.parametrize("counts", [(0, 0, 0), (10, 6, 5), (10, -1, 0), (10, 0, -1)])
def test_impossible_counts(counts):
    """More rows that differ than rows, none at all, or fewer than none are refused."""
    with pytest.raises(ValueError, match="no such comparison"):
        Flips(*counts)


def mean_of(values):
    """Return what gives the weighted mean of some rows."""
    return lambda weights: weights @ values / weights.sum(axis=1)


def alike(rows):
    """Return the masses of rows that count alike."""
    return np.ones((rows, 1))


def test_resampled_bounds_of_a_mean():
    """Of a mean, resampling gives the bounds that the normal distribution has for it, and some of one row more."""
    losses = np.random.default_rng(5).normal(-0.01, 0.2, 800)
    lower, upper = resampled_bounds(mean_of(losses), alike(800))
    half = Z * losses.std(ddof=1) / 800**0.5
    assert (lower, upper) == pytest.approx(
        (losses.mean() - half - 1 / 800, losses.mean() + half + 1 / 800), abs=half / 8
    )


def test_resampled_bounds_are_the_same_each_time():
    """The seed is fixed, so that a verdict is the same in each run, however many are drawn together."""
    losses = np.random.default_rng(6).random(50)
    assert len({resampled_bounds(mean_of(losses), alike(50)) for _ in range(2)}) == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("swapgate.statistics.paired.AT_ONCE", 999)
        few = resampled_bounds(mean_of(losses), alike(50))
    assert few == pytest.approx(resampled_bounds(mean_of(losses), alike(50)))


@pytest.mark.parametrize("count", [0, 3, 40, 150])
def test_resampled_bounds_of_a_share(count, monkeypatch):
    """Of a share the bounds are the exact ones, up to chance, also where nothing was seen."""
    monkeypatch.setattr("swapgate.statistics.paired.RESAMPLES", 40_000)
    seen = np.arange(150) < count
    assert resampled_bounds(mean_of(seen), alike(150), 0.0, 1.0) == pytest.approx(share_bounds(count, 150), abs=0.0015)


@given(rows=st.integers(1, 500), part=st.floats(0, 1))
def test_bounds_of_a_share(rows, part):
    """Beyond the upper bound so few would be seen in 5 % of sets; the bounds of the others are the other way round."""
    count = round(part * rows)
    low, high = share_bounds(count, rows)
    assert low <= count / rows <= high
    assert high == 1 if count == rows else binom.cdf(count, rows, high) == pytest.approx(0.05)
    assert (1 - high, 1 - low) == pytest.approx(share_bounds(rows - count, rows))


@pytest.mark.parametrize(("limit", "share", "rows"), [(0.02, 0.0, 149), (0.1, 0.02, 71), (0.02, 0.02, None)])
def test_rows_for_a_share(limit, share, rows):
    """As many rows as tell a share from a limit; none where it is not below."""
    assert rows_for_share(limit, share) == rows
    if rows:
        seen = np.random.default_rng(7).binomial(rows, share, size=2_000)
        assert np.mean([most_of(count, rows) <= limit for count in seen.tolist()]) > 0.8


@pytest.mark.parametrize(
    ("lower", "upper", "decision"),
    [(-0.019, 0.5, "PASS"), (-0.02, 0.5, "too few rows"), (-0.5, -0.02, "too few rows"), (-0.5, -0.021, "FAIL")],
)
def test_within(lower, upper, decision):
    """The bounds decide only where they lie on one side of the margin."""
    assert within((lower, upper), 0.02) == decision


def test_what_was_never_seen_counts_as_what_counts():
    """Of a figure that few rows count for the unit that was never seen is as large a part as of these rows alone."""
    weights, unseen = next(drawn_weights(150))
    few = np.zeros((150, 1))
    few[:10] = 3.0
    assert unseen_part(weights, unseen, alike(150)) == pytest.approx(unseen / (unseen + weights.sum(axis=1)))
    assert unseen_part(weights, unseen, few) == pytest.approx(unseen / (unseen + weights[:, :10].sum(axis=1)))
    assert unseen_part(weights, unseen, np.zeros((150, 1))) == pytest.approx(1.0)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_most_lost_of_one_part(count):
    """Of a figure of one part it is the exact bound of a share, of those that count, times the largest."""
    masses = np.repeat([1.0, 0.0], [100, 400])[:, None]
    changed = np.arange(500) < count
    assert most_lost(changed, masses) == pytest.approx((most_of(count, 100), 1.0))
    masses[0] = 10.0
    cap = 10 / (109 / 100) if count else 1.0
    assert most_lost(changed, masses) == pytest.approx((min(1.0, cap * most_of(count, 100)), cap))


@pytest.mark.parametrize("units", [(100, 100), (5, 995), (5, 300, 700)])
def test_most_lost_of_parts_apart(units):
    """Where nothing changed and each unit is in one part it is the largest loss that has a chance of 5 %."""
    masses = np.repeat(np.eye(len(units)), units, axis=0)
    lost, cap = most_lost(np.zeros(sum(units), bool), masses)
    shares = [np.linspace(0, 0.99, 400) for _ in units[:-1]]
    grid = np.array(np.meshgrid(*shares)).reshape(len(units) - 1, -1)
    left = (np.log(0.05) - np.array(units[:-1]) @ np.log1p(-grid)) / units[-1]  # of the last: what is left to it
    all_shares = np.vstack([grid, np.where(left <= 0, 1 - np.exp(np.minimum(left, 0)), np.nan)])
    assert lost == pytest.approx(np.nanmax(all_shares.mean(axis=0)), abs=0.003)
    assert cap == 1


def test_most_lost_of_parts_together():
    """Where each unit is in all parts it is as of one part; what changed in a rare part makes more than elsewhere."""
    together = np.ones((150, 10))
    assert most_lost(np.zeros(150, bool), together)[0] == pytest.approx(most_of(0, 150), rel=0.01)
    rare = np.repeat(np.eye(2), (10, 490), axis=0)
    assert most_lost(np.arange(500) < 3, rare)[0] > most_lost(np.arange(500) >= 497, rare)[0] + 0.1


def test_many_scores_at_once():
    """Scores of many comparisons are those of each, certain ones and those without anything possible among them."""
    lost, gained = (np.array(column) for column in ([0, 3, 20, 0, 50], [0, 5, 0, 50, 0]))
    for difference in (-0.999, -0.1, 0.0, 0.3):
        each = [score(Flips(50, *pair), difference) for pair in zip(lost.tolist(), gained.tolist(), strict=True)]
        assert scores(50, lost, gained, difference).tolist() == pytest.approx(each)
    assert scores(50, lost[:1], gained[:1], 0.0).tolist() == [0.0]


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99, 0.9999])
def test_decision_agrees_with_the_bounds(confidence):
    """At each confidence the decision is what the bounds of the same confidence say."""
    for lost, gained in [(0, 0), (2, 9), (20, 20), (30, 10), (60, 5)]:
        found = Flips(600, lost, gained)
        assert non_inferior(found, 0.02, confidence) == within(bounds(found, confidence), 0.02)
