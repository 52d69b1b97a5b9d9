"""Cases on which a candidate is worse: what is told, what counts against a budget, and what is a FAIL as ever."""

import pytest

from swapgate.verdicts.lapses import KINDS, Lapse, Rule, by_kind, judge_lapses
from swapgate.verdicts.verdict import Record, Selected, judge

LOST, NEAR, WEAKER, ACCEPTED = (Lapse(f"case_{kind[0]}", kind, f"a {kind} case") for kind in KINDS)


def many(kind, count):
    """Return lapses of a kind on as many cases."""
    return [Lapse(f"case_{number}", kind, f"{kind} {number}") for number in range(count)]


def judged(lapses, decided=False, gained=0, seen=36, **rule):
    """Judge lapses of a tier of 36 cases, of which its incumbent gets 30 right."""
    rule = Rule(36, 30, accept=("swapgate accept-loss ner.small", " --candidate new"), **rule)
    return judge_lapses("ner/small", lapses, gained, seen, rule, "" if decided else "the suite has none")


@pytest.mark.parametrize("lapse", [LOST, NEAR, WEAKER], ids=KINDS[:3])
def test_strict(lapse):
    """Where no set decides and there is no budget each lapse is a FAIL."""
    found = judged([lapse])
    assert (found.failed[1:], found.told, found.incomplete) == ([lapse.message], [], [])


@pytest.mark.parametrize(
    ("kinds", "decided", "limit", "words"),
    [
        (["lost"], False, None, "1 case lost, allowed none, for no evaluation set decides for the candidate (the"),
        (["weaker"] * 2, False, None, "2 cases weaker, allowed none, for no evaluation set decides for the candidate"),
        (
            ["lost"],
            True,
            None,
            "1 case lost, allowed none, for the incumbent led by clear_lead = 0.5 or more: 0; raise",
        ),
        (["lost"] * 2, False, 1, "2 cases lost, allowed 1 of 30 (budget.cases): 0, 1; give an evaluation set"),
        (["lost", "weaker"], False, None, "1 case lost, allowed none, for no evaluation set decides for the candidate"),
    ],
    ids=["strict", "weaker", "clear", "budget", "both"],
)
def test_ways_out(kinds, decided, limit, words):
    """A FAIL says first by which rule, and once which ways there are for whoever means to lose the cases."""
    lapses = [Lapse(str(number), kind, f"{kind} {number}") for number, kind in enumerate(kinds)]
    found = judged(lapses, decided=decided, lost_at_most=limit)
    assert found.failed[0].startswith(f"ner/small: {words}")
    named = " ".join(one.case for one in lapses)
    command = f'with: swapgate accept-loss ner.small {named} --candidate new --reason "…"'
    assert [command in one for one in found.failed] == [True] + [False] * (len(found.failed) - 1)
    assert all(way in found.failed[0] for way in ("budget.cases", "clear_lead"))


@pytest.mark.parametrize(
    ("decided", "way"), [(True, "raise clear_lead (0.5)"), (False, "give an evaluation set that decides (then ")]
)
def test_ways_out_of_a_change(decided, way):
    """Limits are those of the commit that judges: another change loosens them, or lets this one accept losses."""
    found = judged([LOST], decided=decided, ahead="elsewhere", counts_once="; later").failed[0]
    assert f"; elsewhere, {way}" in found
    assert "or allow it with budget.cases; or accept it with: swapgate accept-loss ner.small case_l" in found
    assert found.endswith(' --candidate new --reason "…"; later')


def test_many_ways_out():
    """More cases than a line has room for are not all named in the command."""
    assert "swapgate accept-loss ner.small CASE… --candidate new" in judged(many("lost", 9)).failed[0]


@pytest.mark.parametrize(
    ("lapse", "failed"), [(LOST, True), (NEAR, False), (WEAKER, False), (ACCEPTED, False)], ids=KINDS
)
def test_set_decides(lapse, failed):
    """Where the evaluation set decides for the candidate only what is lost clearly is a FAIL, and the rest is told."""
    found = judged([lapse], decided=True)
    assert not judged([ACCEPTED]).failed
    assert bool(found.failed) == failed
    assert bool(found.told) != failed


@pytest.mark.parametrize(
    ("count", "limit", "failed"),
    [(2, 2, False), (3, 2, True), (3, 0.1, False), (4, 0.1, True), (1, 0.03, True), (1, 0, True)],
)
def test_budget(count, limit, failed):
    """A limit from 1 on is a number of cases, below 1 a share of those the incumbent gets right, rounded down."""
    found = judged(many("lost", count), lost_at_most=limit)
    assert bool(found.failed) == failed
    assert f"{count} {'cases' if count > 1 else 'case'} lost, allowed " in (found.failed or found.told)[0]


def test_one_case_counts_once():
    """A case whose expected and golden tests both fail counts once, as the worst of what was found."""
    lapses = [Lapse("ada", "weaker", "w"), Lapse("ada", "lost", "l"), Lapse("ada", "lost", "l again")]
    assert not judged(lapses, lost_at_most=1).failed
    assert by_kind(lapses) == {"lost": ["ada"]}


def test_near_ties_count_where_no_set_decides():
    """Near ties are lost cases of a budget, but where the set decides for the candidate."""
    lapses = many("near tie lost", 2)
    assert judged(lapses, lost_at_most=1).failed
    assert not judged(lapses, lost_at_most=1, decided=True).failed


def test_weaker_has_a_budget_of_its_own():
    """Weaker cases are held against their own limit; without one they are a FAIL, or told where the set decides."""
    lapses = many("weaker", 4)
    assert not judged(lapses, lost_at_most=0, weaker_at_most=4).failed
    assert judged(lapses, lost_at_most=9, weaker_at_most=3).failed
    assert judged(lapses, lost_at_most=9, weaker_at_most=3, decided=True).failed
    assert judged(lapses, lost_at_most=9).failed[1:] == [one.message for one in lapses]


@pytest.mark.parametrize(("net", "failed"), [(False, True), (True, False)])
def test_gained_cases(net, failed):
    """Gained cases make up for lost ones only where the budget says so."""
    assert bool(judged(many("lost", 3), gained=1, lost_at_most=2, net=net).failed) == failed


def test_cases_left_out():
    """A budget of cases that were not all compared is INCOMPLETE, where it excuses one."""
    found = judged(many("lost", 1), seen=30, lost_at_most=2)
    assert "30 of 36 cases were compared" in found.incomplete[0]
    assert not judged([], seen=1, lost_at_most=2).incomplete
    assert not judged(many("lost", 1), seen=30).incomplete


def record(check, case, outcome, lapse=None, **figures):
    """Return a test and its record."""
    selected = Selected("ner", "small", check, case)
    return str(selected), Record(selected, outcome, f"{case} {outcome}", figures, lapse=lapse)


@pytest.mark.parametrize(
    ("quality", "decision", "why"),
    [
        ("passed", "PASS", ""),
        ("incomplete", "too few rows", "too few rows, about 133 needed"),
        ("failed", "FAIL", "that of the suite is FAIL"),
        ("failed", "PASS", "quality is FAIL"),
        ("error", None, "quality is ERROR"),
        ("passed", None, "nothing is beside the incumbent"),
        (None, "", "quality was not selected"),
    ],
)
def test_evidence_of_the_same_run(quality, decision, why):
    """A weaker case is told where the set decided for the candidate in this run; else it is a FAIL that says why."""
    records = [record("golden", "ada", "counted", "weaker")]
    if quality:
        comparison = {"decision": decision, "metric": "F1", "needed": 133}
        beside = [{"tier": "incumbent", "comparison": comparison}] if decision else []
        records.append(record("quality", None, quality, quality={"metric": "F1", "comparisons": beside}))
    selected = {test: one.selected for test, one in records}
    rules = {("ner", "small"): Rule(36, 30, evaluation_set=True)}
    (verdict,) = judge(selected, records, [("ner", "small")], [("ner", "small")], rules=rules)
    assert verdict.status == ("FAIL" if why else "PASS")
    assert verdict.lapses == {"weaker": ["ada"]}
    told = [words for _, words in verdict.reasons if f"no evaluation set decides for the candidate ({why})" in words]
    assert len(told) == bool(why)
    assert any("weaker, not counted" in one for one in verdict.remarks) == (not why)


@pytest.mark.parametrize(
    ("metrics", "status"),
    [
        (["F1"], "PASS"),
        (["right"], "PASS"),
        (["errors"], "PASS"),
        (["F1", "Brier"], "PASS"),
        (["Brier"], "FAIL"),
        (["Brier", "log loss"], "FAIL"),
        (["precision"], "FAIL"),
    ],
)
def test_figures_that_decide(metrics, status):
    """The first figure decides, or what counts rows that are right: no other one alone, as how sure a model is."""
    beside = [{"tier": "incumbent", "comparison": {"decision": "PASS", "metric": one}} for one in metrics]
    figures = {"metric": "F1", "comparisons": beside}
    records = [record("golden", "ada", "counted", "near tie lost"), record("quality", None, "passed", quality=figures)]
    selected = {test: one.selected for test, one in records}
    (verdict,) = judge(selected, records, [("ner", "small")], [("ner", "small")])
    assert verdict.status == status


def test_figures_come_before_cases():
    """Where a swap loses cases and its figure, what says why comes first, then the figure, then case by case."""
    beside = [{"tier": "incumbent", "comparison": {"decision": "FAIL", "metric": "F1", "needed": None}}]
    records = [record("golden", f"case_{number}", "failed", "lost") for number in range(9)]
    records.append(record("quality", None, "failed", quality={"metric": "F1", "comparisons": beside}))
    selected = {test: one.selected for test, one in records}
    (verdict,) = judge(selected, records, [("ner", "small")], [("ner", "small")])
    head, second, *others = [words for _, words in verdict.reasons]
    assert head.startswith(
        "ner/small: 9 cases lost, allowed none, for no evaluation set decides for the candidate (that"
    )
    assert "accept-loss" not in head
    assert second == "None failed"
    assert len(others) == 9


def test_quarantine_alone():
    """A tier of which all that was selected is in quarantine is judged by nothing: INCOMPLETE."""
    records = [record("golden", "ada", "quarantined"), record("expected", "ada", "quarantined")]
    for more, status in (([], "INCOMPLETE"), ([record("golden", "bo", "passed")], "PASS")):
        selected = {test: one.selected for test, one in [*records, *more]}
        (verdict,) = judge(selected, [*records, *more], [("ner", "small")], [])
        assert verdict.status == status


@pytest.mark.parametrize(
    ("lapse", "decided", "limit", "how"),
    [
        (NEAR, True, None, "near tie lost, not counted"),
        (WEAKER, True, None, "weaker, not counted"),
        (LOST, False, 1, "lost, within budget.cases"),
        (NEAR, False, 1, "lost, within budget.cases"),
        (ACCEPTED, False, None, "accepted"),
    ],
)
def test_told_without_advice(lapse, decided, limit, how):
    """What is not held against the candidate is told by what it is, without the advice to keep the incumbent."""
    one = Lapse("ada", lapse.kind, "ada was not found; keep models/small", "ada was not found")
    found = judged([one], decided=decided, lost_at_most=limit)
    assert not found.failed
    assert found.told[-1] == f"{how}: ada was not found"


def test_gaps_to_list():
    """A PASS names the cases that will be red once the candidate is the incumbent, and where to list them."""
    lapses = [
        Lapse("ada", "accepted", "a", is_lost=True),
        Lapse("bo", "near tie lost", "b", is_lost=True),
        Lapse("cy", "accepted", "weaker"),
        Lapse("di", "weaker", "d"),
        Lapse("ed", "lost", "e", is_lost=True),
    ]
    rule = {"lost_at_most": 1, "gaps": "[ner.small.gaps] in models.toml", "listed": {"ed"}}
    (told, *_) = judged(lapses, decided=True, **rule).told
    assert told.endswith('add to [ner.small.gaps] in models.toml: ada = "accepted", bo = "near tie lost"')
    assert not any(".gaps]" in words for words in judged(lapses[2:], decided=True, **rule).told)
    assert not any(".gaps]" in words for words in judged([LOST], **rule | {"lost_at_most": 0}).told)
