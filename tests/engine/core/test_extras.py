"""Extras: which packages are missing, and the line that installs them."""

import sys
import types

import pytest

from swapgate.core.extras import EXTRAS, install, is_installed, lack


@pytest.fixture
def without(monkeypatch):
    """Let packages not be installed, by the module that they bring."""

    def block(*modules):
        for module in modules:
            monkeypatch.setitem(sys.modules, module, None)

    return block


@pytest.mark.parametrize("extra", EXTRAS)
def test_one_package_is_missing(without, monkeypatch, extra):
    """Each package of each extra is told where it alone is missing, by the name under which it is installed."""
    for package, module in EXTRAS[extra].items():
        for other in EXTRAS[extra].values():
            monkeypatch.setitem(sys.modules, other, types.ModuleType(other))
        without(module)
        assert lack([extra]) == f'needs {package}, which is not installed; type: pip install "swapgate[{extra}]"'


def test_nothing_is_missing(monkeypatch):
    """Where all is there nothing is told."""
    for module in (module for packages in EXTRAS.values() for module in packages.values()):
        monkeypatch.setitem(sys.modules, module, types.ModuleType(module))
    assert lack(EXTRAS) == lack([]) == ""


def test_several_are_missing(without, monkeypatch):
    """All that is missing is told, what is needed elsewhere is installed too, and what is there is not named."""
    for module in EXTRAS["vision"].values():
        monkeypatch.setitem(sys.modules, module, types.ModuleType(module))
    without("onnx", "onnxruntime", "peft")
    assert lack(["vision", "onnx"], ["vision", "peft"]) == (
        'needs onnx, onnxruntime, which are not installed; type: pip install "swapgate[onnx,peft]"'
    )
    assert lack(["vision"], ["peft"]) == ""


def test_part_of_another():
    """An extra that is a part of another one is not named beside it."""
    assert install(["text", "audio"]) == 'pip install "swapgate[audio]"'
    assert install(["vision", "text"]) == 'pip install "swapgate[text,vision]"'
    assert install([]) == "pip install swapgate"


def test_folder_of_the_same_name(tmp_path, monkeypatch):
    """A folder that is called like a package is none, and neither is a module of a package that is not there."""
    (tmp_path / "surely_no_package").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert not is_installed("surely_no_package")
    assert not is_installed("surely_no_other.module")
    assert is_installed("json")
