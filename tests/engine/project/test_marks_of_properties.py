"""Properties of a test file are read without importing it, each with the suites that it judges."""

from swapgate.project.marks import marks_of, properties_of

TEXT = """
import hypothesis
import swapgate.standard as checks
from pytest import mark
from swapgate import standard as them
from swapgate.standard import batch_changes_nothing as made, test_expected as test_expected

pytestmark = [mark.task("ner"), mark.filterwarnings("error")]
test_made = made(texts)
test_checks = checks.same_input_same_prediction(texts)
test_them = them.batch_changes_nothing(texts)
test_other = other(texts)
helper = made(texts)


@hypothesis.given(text=texts)
def test_plain(model, text): ...


@mark.suite("ner-de")
@hypothesis.given(text=texts)
def test_narrowed(model, text): ...


@hypothesis.given(text=texts)
def test_of_no_model(text): ...


@hypothesis.given(text=texts)
def test_measured(model, size, text): ...


def test_not_given(model): ...


@mark.task("sentiment")
class TestMore:
    @hypothesis.given(text=texts)
    def test_inside(self, model, text): ...


class Other:
    @hypothesis.given(text=texts)
    def test_hidden(self, model, text): ...
"""


def test_properties():
    """A property is made by swapgate.standard, or has @given and asks for a model; the closest marks are its own."""
    found = {name: (list(marks.tasks), list(marks.suites)) for name, marks in properties_of(TEXT)}
    assert found == {
        "made": (["ner"], []),
        "checks": (["ner"], []),
        "them": (["ner"], []),
        "plain": (["ner"], []),
        "narrowed": (["ner"], ["ner-de"]),
        "inside": (["sentiment"], []),
    }


def test_no_python():
    """A file that is no Python has none."""
    assert properties_of("def") == []


def test_mark_of_the_encoding():
    """A test file that begins with a byte-order mark, as Python may, has the properties and marks of one without."""
    text = (
        "import pytest\nfrom swapgate.standard import batch_changes_nothing\n\n"
        'pytestmark = pytest.mark.task("ner")\ntest_batch = batch_changes_nothing("abc")\n'
    )
    assert properties_of("\ufeff" + text) == properties_of(text) != []
    assert marks_of("\ufeff" + text) == marks_of(text)
