"""Words of messages: which of the known names was meant."""

import pytest

from swapgate.core.words import nearest


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (["margin", "metric"], "; did you mean 'margin'?"),
        (["against", "metric"], "; known: 'against', 'metric'"),
        ([], ""),
    ],
    ids=["near", "few", "none"],
)
def test_nearest(known, said):
    """The nearest name is proposed, else those that there are, and nothing where there are none."""
    assert nearest("margn", known).replace("'", "") == said.replace("'", "")
