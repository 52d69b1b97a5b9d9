"""Which files tell who a model is, by the places that its row names."""

from dataclasses import replace

from swapgate.models.loading import Source
from swapgate.project.manifest import Row


def test_places(tmp_path):
    """A folder holds what a loader may read, also behind a link; what a row names beside it holds all, and an adapter's
    base is a place.
    """
    base = Source(Row(model="base"), tmp_path / "base", "base")
    for name in ("base/config.json", "base/README.md", "code/model.py", "code/other.py", "code/prompts/README.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    (tmp_path / "base/more").symlink_to("../code")
    behind = [tmp_path / "base/more" / name for name in ("model.py", "other.py")]
    links = [tmp_path / "base/config.json", tmp_path / "base/more", *behind]
    assert base.files == {tmp_path / "base": links}
    module = tmp_path / "code/model.py"
    function = Source(Row(model="code.model:make"), module, "a function", beside=("prompts", "../code/other.py"))
    places = {
        module: [module],
        tmp_path / "code/prompts": [tmp_path / "code/prompts/README.md"],
        tmp_path / "code/other.py": [tmp_path / "code/other.py"],
    }
    assert function.files == places
    assert replace(function, around=base).files == {**places, tmp_path / "base": links}
    assert replace(function, around=replace(base, fetch="base")).files == places
    assert replace(base, remote=True).files == {}
