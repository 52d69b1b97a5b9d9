"""Comparison of generated texts: what is asked of them, choices by their log-likelihood, bits of references."""

import dataclasses
import json
import math
import os

import pytest

from swapgate.core.faults import SurroundingsFault
from swapgate.outputs import Tolerance, check_drift, check_expected, check_swap, checker, invalid
from swapgate.outputs.generated import OUTPUT, Asked, Choice, Generated
from swapgate.statistics.comparison import compare_errors, compare_figure, judge_floor
from swapgate.statistics.tally import Part, Tally

RECORD = json.dumps({"type": "object", "required": ["age"], "properties": {"age": {"type": "integer"}}})
CHOICES = (" cold", " big", " old")


def paths(mismatches):
    """Return where the mismatches are."""
    return [mismatch.path for mismatch in mismatches]


def wrote(text, margin=0.5):
    """Return a text that was written."""
    return Generated(text, margin)


def chose(*sums, tokens=2):
    """Return what was chosen of choices with these log-likelihoods."""
    chances = [math.exp(one) for one in sums]
    chances = [one / sum(chances) for one in chances]
    choices = tuple(map(Choice, CHOICES, sums, [tokens] * len(sums), chances))
    first, second = sorted(chances, reverse=True)[:2]
    return Generated(CHOICES[chances.index(first)], first - second, choices=choices)


def weighed(text, bits_per_byte, tokens=3):
    """Return a reference that was weighed."""
    likelihood = -bits_per_byte * len(text.encode()) * math.log(2)
    return Generated(text, 1.0, choices=(Choice(text, likelihood, tokens, 1.0),))


@pytest.mark.parametrize(
    ("said", "asked", "found"),
    [
        (" Oslo\n", Asked(text="Oslo"), []),
        ("Oslo.", Asked(text="Oslo"), ["text"]),
        ("in the Library", Asked(contains=("library",), must_not=("garden",)), []),
        ("in the libraries", Asked(contains=("library",)), ["text.must[library]"]),
        ("in the garden", Asked(must_not=("garden",)), ["text.must_not[garden]"]),
        ("aged 47", Asked(matches=r"\d\d$"), []),
        ("aged 47!", Asked(matches=r"^\d\d$"), ["text.matches"]),
        ('{"age": 4}', Asked(json_schema=RECORD), []),
        (' {"age": 4}\n', Asked(json_schema=RECORD), []),
        ('{"age": "4"}', Asked(json_schema=RECORD), ["text.json"]),
        ('{"age": 4} and', Asked(json_schema=RECORD), ["text.json"]),
        ("[]", Asked(json_schema=RECORD), ["text.json"]),
        ("[]", Asked(json_schema="{}"), []),
        ("[NaN]", Asked(json_schema="{}"), ["text.json"]),
        ("[" * 5000, Asked(json_schema="{}"), ["text.json"]),
        ("9" * 5000, Asked(json_schema="{}"), ["text.json"]),
        ("[1e999]", Asked(json_schema="{}"), ["text.json"]),
        ('{"age": -5, "age": 3}', Asked(json_schema="{}"), ["text.json"]),
        ("1e30", Asked(json_schema="{}"), []),
        ("1" + "0" * 400, Asked(json_schema='{"multipleOf": 0.1}'), ["text.json"]),
        (
            "[" * 900 + "]" * 900,
            Asked(json_schema='{"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"}'),
            ["text.json"],
        ),
        ("", Asked(json_schema="{}"), ["text.json"]),
        ("no", Asked(text="yes", contains=("y",), matches="y"), ["text", "text.must[y]", "text.matches"]),
    ],
)
def test_expected(said, asked, found):
    """All that a case asks for must hold, and each part that does not is told."""
    assert paths(check_expected(wrote(said), asked)) == found


DOUBLED = {f"d{at}": {"allOf": [{"$ref": f"#/$defs/d{at + 1}"}] * 2} for at in range(40)} | {"d40": {}}


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("a" * 20_000 + "!", Asked(matches=r"^(a|a?)+$")),
        ("a" * 5000 + "!", Asked(matches=r"^(a|a|aa)+(b|$)")),
        (json.dumps("a" * 60 + "!"), Asked(json_schema='{"pattern": "^(a+)+$"}')),
        ("1", Asked(json_schema=json.dumps({"$defs": DOUBLED, "$ref": "#/$defs/d0"}))),
    ],
)
def test_what_takes_too_long(monkeypatch, said, asked):
    """A regular expression or schema that would take for ever is given up, which is wrong, and the next is tried."""
    monkeypatch.setattr(checker, "SECONDS", 0.2)
    (found,) = check_expected(wrote(said), asked)
    assert "its check took more than 0.2 s, and was given up" in str(found)
    monkeypatch.setattr(checker, "SECONDS", 5)
    assert check_expected(wrote("aa"), Asked(matches="a$")) == []


def test_what_takes_all_memory():
    """A check that needs too much memory, or ends its process, is wrong, and the next is tried."""
    (found,) = check_expected(wrote("a"), Asked(matches="(?:" * 3000 + "a" + ")" * 3000))
    assert "it is nested too deep" in str(found)
    checker._running().kill()
    (found,) = check_expected(wrote("a"), Asked(matches="ended"))
    assert "its check was ended by the system (exit status -9)" in str(found)
    assert check_expected(wrote("a"), Asked(matches="^a$")) == []


def test_without_what_checks(monkeypatch, tmp_path):
    """Without jsonschema it is told what to install."""
    (tmp_path / "jsonschema.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    checker._end()
    try:
        with pytest.raises(SurroundingsFault, match=r'need jsonschema; type: pip install "swapgate\[writing\]"'):
            check_expected(wrote("[2]"), Asked(json_schema="{}"))
    finally:
        checker._end()


def test_a_forked_process_has_a_checker_of_its_own():
    """What a process that was forked asks is answered by a process of its own, and that of the first one lives on."""
    assert check_expected(wrote("a"), Asked(matches="a|first")) == []
    first = checker._running().pid
    child = os.fork()
    if not child:
        right = check_expected(wrote("a"), Asked(matches="a|forked")) == [] and checker._running().pid != first
        checker._end()
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert checker._running().pid == first
    assert check_expected(wrote("a"), Asked(matches="a|again")) == []


def test_a_schema_fetches_nothing():
    """What a JSON schema refers to elsewhere is not fetched, and one that refers to itself for ever is no match."""
    for place in ("http://127.0.0.1:1/none.json", "#/gone", "#"):
        (found,) = check_expected(wrote("1"), Asked(json_schema=json.dumps({"$ref": place})))
        assert "its JSON schema cannot judge it" in str(found)


def test_choices():
    """The likeliest choice must be the right one; the message tells the chances of all."""
    assert check_expected(chose(-1, -3, -4), Asked(choice=" cold")) == []
    (found,) = check_expected(chose(-3, -1, -4), Asked(choice=" cold"))
    assert "chose ' big', expected ' cold' (' cold' 0.1142, ' big' 0.8438, ' old' 0.0420)" in str(found)


@pytest.mark.parametrize("others", [(-1, -1), (-1, -5), (-1.00005, -3), (-1 - 1e-9, -1)])
def test_ties_of_choices(others):
    """A choice that leads another by no more than rounding is not chosen, in cases and in rows, wherever it stands."""
    for sums in ((-1, *others), (*others, -1)):
        tied = dataclasses.replace(chose(*sums), text=(right := CHOICES[sums.index(max(sums))]))
        (found,) = check_expected(tied, Asked(choice=right))
        assert "chose none: a tie, expected" in str(found)
        figures = tally((tied, Asked(choice=right)), (chose(-1, -3, -4), Asked(choice=" cold"))).figures()
        assert {figures[name] for name in ("accuracy", "exact match", "F1")} == {0.5}
    assert check_expected(chose(-1, -1.001, -3), Asked(choice=" cold")) == []
    assert check_expected(chose(-700, -701, -730), Asked(choice=" cold")) == []


def test_references():
    """A reference may have as many bits a byte as its case allows."""
    asked = Asked(reference=" so it is", bits_per_byte=1.5)
    assert check_expected(weighed(" so it is", 1.4), asked) == []
    assert paths(check_expected(weighed(" so it is", 1.6), asked)) == ["reference.bits_per_byte"]
    assert check_expected(weighed(" so it is", 7), dataclasses.replace(asked, bits_per_byte=None)) == []


def test_drift_of_what_was_weighed():
    """The probability of a token may move by the drift; which choice leads only where it is a near tie."""
    strict = Tolerance(drift=1e-4, reason="x")
    golden = chose(-1, -3, -4)
    assert check_drift(chose(-1.00001, -3, -4), golden, strict) == []
    assert paths(check_drift(chose(-1.1, -3, -4), golden, strict)) == ["choices[ cold].log_likelihood"]
    near, turned = chose(-1, -1.000001, -4), chose(-1.000001, -1, -4)
    assert check_drift(turned, near, strict) == []
    moved = paths(check_drift(chose(-3, -1, -4), golden, strict))
    assert moved == ["choices[ cold].log_likelihood", "choices[ big].log_likelihood", "choice"]
    other = Generated(" x", 1.0, choices=(Choice(" x", -1, 2, 1.0),))
    assert paths(check_drift(other, golden, strict)) == ["choices"]
    assert paths(check_drift(wrote("a"), wrote("b"), strict)) == ["text"]


def test_swap():
    """What was right stays right, and as likely; what was wrong counts for nothing."""
    asked, little = Asked(choice=" cold"), Tolerance(swap=0.05, reason="x")
    assert check_swap(chose(-1, -3, -4), chose(-1, -3, -4), asked, little) == []
    assert paths(check_swap(chose(-1, -1.5, -4), chose(-1, -3, -4), asked, little)) == ["choice.chance"]
    assert paths(check_swap(chose(-3, -1, -4), chose(-1, -3, -4), asked, little)) == ["choice"]
    assert check_swap(chose(-3, -1, -4), chose(-5, -1, -4), asked, little) == []
    asked = Asked(reference=" so", bits_per_byte=4)
    assert paths(check_swap(weighed(" so", 2), weighed(" so", 0.5), asked, little)) == ["reference"]
    assert check_swap(weighed(" so", 0.2), weighed(" so", 0.5), asked, little) == []
    assert paths(check_swap(wrote("b"), wrote("a"), Asked(text="a"), little)) == ["text"]
    assert check_swap(wrote("c"), wrote("b"), Asked(text="a"), little) == []


@pytest.mark.parametrize(
    "change", [{"log_likelihood": math.nan}, {"log_likelihood": 0.5}, {"log_likelihood": -math.inf}]
)
def test_impossible_likelihoods(change):
    """A log-likelihood that is NaN, endless or above 0 is no text's."""
    found = chose(-1, -3, -4)
    broken = dataclasses.replace(found.choices[0], **change)
    assert invalid(found) == []
    wrong = invalid(dataclasses.replace(found, choices=(broken, *found.choices[1:])))
    assert paths(wrong) == ["choices[ cold].log_likelihood"]


def tally(*rows):
    """Return the tally of predictions, each with what is right."""
    made = Tally(OUTPUT)
    for number, (found, right) in enumerate(rows):
        made.add(f"row {number}", found, right, given=str(number))
    return made


def test_figures():
    """Accuracy counts all rows; exact match and F1 the text where one is named; bits and perplexity references."""
    rows = [
        (wrote("in the park"), Asked(text="in the park")),
        (wrote("the park"), Asked(text="in the park")),
        (wrote("x"), Asked(contains=("x",))),
        (chose(-3, -1, -4), Asked(choice=" cold")),
        (weighed(" so it is", 2), Asked(reference=" so it is", bits_per_byte=3)),
        (weighed("é", 10), Asked(reference="é", bits_per_byte=3)),
    ]
    figures = tally(*rows).figures()
    assert figures["accuracy"] == figures["right"] == pytest.approx(3 / 6)
    assert figures["exact match"] == pytest.approx(3 / 6)
    assert figures["F1"] == pytest.approx((3 + 0.8) / 6)
    assert figures["bits per byte"] == pytest.approx((2 * 9 + 10 * 2) / 11)
    assert figures["capped bits per byte"] == pytest.approx((2 * 9 + 8 * 2) / 11)
    assert figures["perplexity"] == pytest.approx(2 ** ((2 * 9 + 10 * 2) / 4))
    assert tally(*rows).headline is None
    assert tally(*rows[4:]).headline == "bits per byte"
    assert "bits per byte" not in tally(*rows[:4]).figures()


@pytest.mark.parametrize(("worse", "decision"), [(0.0, "PASS"), (-0.2, "PASS"), (1.0, "FAIL")])
def test_bits_are_compared(worse, decision):
    """Bits per byte are an error rate: more are worse, and rows count by their bytes."""
    rows = [(f" row {'x' * (number % 7)}", 1 + number % 5 / 10) for number in range(200)]
    one, other = (
        tally(*((weighed(text, bits + more), Asked(reference=text)) for text, bits in rows)) for more in (worse, 0.0)
    )
    found = compare_figure(one, other, "bits per byte", 0.3)
    assert (found.decision, found.metric) == (decision, "bits per byte")


def mixed(bits, missed=0, rows=300):
    """Return the tally of references, of which nothing is asked, beside as many texts, of which some are wrong."""
    references = [(weighed(f" row {number}", bits), Asked(reference=f" row {number}")) for number in range(rows)]
    texts = [(wrote("b" if number < missed else "a"), Asked(text="a")) for number in range(rows)]
    return tally(*references, *texts)


def test_a_row_that_asks_for_nothing():
    """A reference of which nothing is asked has no part in accuracy, exact match, F1 and what is right."""
    figures = mixed(2.0, missed=60).figures()
    assert {figures[name] for name in ("accuracy", "right", "exact match", "F1")} == {0.8}
    found = compare_figure(mixed(2.0, missed=60), mixed(2.0), "accuracy", 0.15)
    assert (found.decision, found.rows, found.value) == ("FAIL", 300, 0.8)
    assert compare_errors(mixed(2.0, missed=60), mixed(2.0, missed=55), 1.2).rows == 300
    floor = judge_floor(mixed(2.0, missed=60), "accuracy", 0.85, None)
    assert (floor.decision, floor.rows) == ("FAIL", 300)


def test_references_are_judged_beside_texts():
    """In a set of both, bits per byte are judged besides, by the references; a set of one kind has one figure."""
    good, wrecked = mixed(0.4), mixed(4.6)
    assert (good.headline, [*good.besides]) == (None, ["bits per byte"])
    assert compare_figure(wrecked, good, "accuracy", 0.02).decision == "PASS"
    found = compare_figure(wrecked, good, "bits per byte", 0.02)
    assert (found.decision, found.rows, found.value) == ("FAIL", 300, pytest.approx(4.6))
    assert compare_figure(good, good, "bits per byte", 0.2).decision == "PASS"
    alone = tally((weighed(" so", 2), Asked(reference=" so")))
    assert (alone.headline, [*alone.besides]) == ("bits per byte", [])
    assert not {"accuracy", "right", "exact match", "F1"} & {*alone.figures()}
    with pytest.raises(SurroundingsFault, match="accuracy is told of no row"):
        compare_figure(alone, alone, "accuracy", 0.02)
    assert [*tally((wrote("a"), Asked(text="a"))).besides] == []


def test_slices_of_rows_that_ask_for_nothing():
    """A slice is judged by those of its rows that have a part in the figure."""
    ours, theirs = mixed(2.0, missed=60), mixed(2.0)
    halves = Part(ours, range(200, 400)), Part(theirs, range(200, 400))
    found = compare_figure(*halves, "accuracy", 0.02)
    assert (found.rows, found.value, len(found.lost)) == (100, 0.4, 60)


def test_answers_of_others():
    """The prompt in front of a text is none of it; of a chat the last message counts; nobody else tells likelihoods."""
    read = OUTPUT.answered
    assert read([{"generated_text": "Go on: and on"}], "Go on:", None) == Generated("and on", None)
    assert read({"generated_text": " and on"}, "Go on:", None) == Generated("and on", None)
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": " b "}]
    assert read([{"generated_text": chat}], {"prompt": chat[:1]}, None) == Generated("b", None)
    for said in ("x", [{"text": "x"}], [{"generated_text": [{"role": "user"}]}]):
        with pytest.raises(SurroundingsFault, match="its answer is"):
            read(said, "p", None)
    with pytest.raises(SurroundingsFault, match="weighed by a model itself"):
        read({"generated_text": "x"}, {"prompt": "p", "choices": [" a", " b"]}, None)
