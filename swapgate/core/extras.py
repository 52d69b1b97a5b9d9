"""What only some projects need is an extra of this package: which packages each has, and whether they are there."""

import importlib.util
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from swapgate.core.words import listed

_WORDS = {"jiwer": "jiwer", "rapidfuzz": "rapidfuzz", "rouge-score": "rouge_score"}
EXTRAS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "audio": {"librosa": "librosa", "soundfile": "soundfile", **_WORDS},
        "benchmarks": {"matplotlib": "matplotlib", "pandas": "pandas", "pytest-regressions": "pytest_regressions"},
        "datasets": {"datasets": "datasets"},
        "endpoint": {"urllib3": "urllib3"},
        "histogram": {"pygal": "pygal", "pygaljs": "pygaljs"},
        "inputs": {"pooch": "pooch"},
        "onnx": {"onnx": "onnx", "onnxruntime": "onnxruntime"},
        "parquet": {"pyarrow": "pyarrow"},
        "peft": {"peft": "peft"},
        "ray": {"ray": "ray"},
        "text": _WORDS,
        "timm": {"timm": "timm"},
        "writing": {"jsonschema": "jsonschema", "referencing": "referencing", "sacrebleu": "sacrebleu", **_WORDS},
        "vision": {"pillow": "PIL", "pycocotools": "pycocotools"},
    }
)
"""By its name in pyproject.toml: the packages that are imported of it, and the module by which each is told."""


def lack(extras: Iterable[str], others: Iterable[str] = ()) -> str:
    """Word which packages of some extras are not installed, and what to type; nothing where all are there.

    What is to be typed installs also what `others` lack, which are needed elsewhere.
    """
    asked = [one for one in sorted({*extras}) if _missing(one)]
    missing = [*dict.fromkeys(package for one in asked for package in _missing(one))]
    if not missing:
        return ""
    be = "are" if len(missing) > 1 else "is"
    return f"needs {listed(missing)}, which {be} not installed; type: {install({*asked, *filter(_missing, others)})}"


def install(extras: Iterable[str]) -> str:
    """Return the line that installs this package with some extras; one that is a part of another is not named."""
    wanted = sorted(extras)
    whole = [one for one in wanted if not any(EXTRAS[one].keys() < EXTRAS[other].keys() for other in wanted)]
    return f'pip install "swapgate[{",".join(whole)}]"' if whole else "pip install swapgate"


def _missing(extra: str) -> list[str]:
    return [package for package, module in EXTRAS[extra].items() if not is_installed(module)]


def is_installed(module: str) -> bool:
    """Return whether a module can be imported; nothing is. A folder that is only called like it is none."""
    try:
        found = importlib.util.find_spec(module)
    except ImportError:  # of a package whose parent is not there
        return False
    except ValueError:  # a module that was made by hand is there
        return True
    return found is not None and found.origin is not None
