"""From a row to a loaded model: the only door to weights. torch and transformers are imported here and not before."""

import functools
import hashlib
import itertools
import json
import os
import platform
import re
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from swapgate.core import extras
from swapgate.core.faults import AbsentFault, InputFault, SurroundingsFault
from swapgate.core.files import below
from swapgate.core.garbage import this_stays_too
from swapgate.models import compression, hub, int8
from swapgate.models.causes import cause, logged
from swapgate.models.digest import (
    TEMPLATES,
    VOCABULARIES,
    WHO_SAVED_IT,
    file_digests,
    files_beside,
    folder_digests,
    may_be_read,
    needs_vocabulary,
    settings_of,
)
from swapgate.models.safety import check_code, check_config, check_listener, check_parameters
from swapgate.models.weights import (
    ADAPTER,
    ADAPTER_WEIGHTS,
    MERGE,
    headers,
    is_adapter,
    is_pickled,
    kinds,
    parameter_count,
    read_settings,
    weight_bytes,
    weight_files,
)
from swapgate.models.whole import check_whole
from swapgate.project.manifest import Row
from swapgate.project.variants import steps
from swapgate.tasks.settings import Settings
from swapgate.tasks.task import Loaded, Task, architectures

COMPILED = "__pycache__"
KNOWN_BY_CLASS = ("config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json")
"""Files of settings of which a class passes over what it does not know."""
PANIC = "PanicException"  # of libraries in Rust; it is no Exception
SEED = 0
TRANSFORMERS = "transformers"
"""The backend of a folder that save_pretrained wrote."""
READERS = {
    "AutoTokenizer": "tokenizer",
    "AutoFeatureExtractor": "feature extractor",
    "AutoImageProcessor": "image processor",
    "AutoProcessor": "processor",
}
"""What makes the inputs of a model is called, by the class that loads it."""
SAFELY: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
SENTENCEPIECE = (".model", ".spm")
"""How files of sentencepiece end."""
THREADS = 1
"""Threads that torch computes with: one gives the same bits in every run."""


class Identity(NamedTuple):
    """Who a model is, where no folder of weights that transformers loads says it."""

    digest: str
    """Of what it is and of the row's settings that change an answer: 64 hexadecimal digits."""
    files: str
    """Of what it is alone."""
    weak: str = ""
    """Why another one may have the same digest, in words."""
    bytes: int | None = None
    """Size of its weights; None where that is not known."""
    parameters: int | None = None
    """How many numbers these hold."""


@dataclass(frozen=True)
class Source:
    """Where the weights of a row are, or what else makes its predictions."""

    row: Row
    folder: Path
    name: str
    """How the model is called in messages, tables and goldens."""
    row_of: str = "its row"
    """Where its row is written, for messages."""
    gone: str = ""
    """Why there are no weights there any more: those of an incumbent that git does not keep."""
    commit: str | None = None
    """Of a public model: which one it is, 40 hexadecimal digits; None where the cache does not know."""
    fetch: str = ""
    """How `swapgate fetch` names a public model; nothing where it is a folder."""
    absent: str = ""
    """Why the weights of a public model are not there yet, and how to fetch them."""
    backend: str = TRANSFORMERS
    """What makes predictions of it."""
    identify: "Callable[[Source], Identity] | None" = None
    """Tells who it is; None where the folder is one that transformers loads."""
    has_config: bool = True
    """Whether a config.json beside it says what it is, such as its labels."""
    around: "Source | None" = None
    """Of an adapter: the model that it was trained beside."""
    file: str = ""
    """Of a graph: which file of the folder it is."""
    beside: tuple[str, ...] = ()
    """Of a function: the files and folders that its row names, as they are found from the folder of its module."""
    remote: bool = False
    """Whether it is in no file, so that no commit has another one."""
    root: Path | None = None
    """Of a function: the folder of its project, of its own commit, from which it reads what is named relative to it."""

    @property
    def in_project(self) -> bool:
        """Whether what makes its predictions is in files of a project, and not with a hub or a server."""
        return not (self.fetch or self.remote)

    @property
    def files(self) -> dict[Path, list[Path]]:
        """The files of a project that tell who it is, and links there, by the places that its row names; none of a
        public one.
        """
        if not self.in_project:
            return {}
        found = {self.folder: [path for path, name in files_of(self.folder) if may_be_read(name)]}
        places = (Path(os.path.normpath(self.folder.parent / one)) for one in self.beside)
        found |= {place: [path for path, _ in files_of(place)] for place in places}
        return found | (self.around.files if self.around else {})

    @functools.cached_property
    def weights_folder(self) -> Path:
        """The folder that it is loaded from: of a variant that of the compressed copy, which is made where there is
        none. Raises SurroundingsFault where that fails, and as `digest` does.
        """
        return self.folder if self.row.variant is None else _compressed(self, self.row.variant)

    @functools.cached_property
    def base(self) -> "Source":
        """Of a variant the model that it is made of."""
        return replace(
            self, row=self.row.model_copy(update={"variant": None}), name=self.name.removesuffix(self.suffix)
        )

    @property
    def suffix(self) -> str:
        """How its name ends where it is a variant."""
        return f"+{self.row.variant}" if self.row.variant else ""

    @property
    def digest(self) -> str:
        """Which model this is. Raises SurroundingsFault where its files cannot be read, AbsentFault without them."""
        return self._digests[0]

    @property
    def files_digest(self) -> str:
        """What its files hold, whatever the row says; of a variant those it is made of. Raises as `digest` does."""
        return self._digests[1] if self.row.variant is None else self.base.files_digest

    @property
    def weights_digest(self) -> str:
        """What the files hold that it is loaded from, whatever the row says. Raises as `digest` does."""
        return self._digests[1]

    @functools.cached_property
    def bytes_digest(self) -> str:
        """What is in its files, byte by byte; of a variant those it is made of. Raises SurroundingsFault."""
        return hashlib.sha256(_dumps(file_digests(self.folder)).encode()).hexdigest()

    @functools.cached_property
    def _digests(self) -> tuple[str, str]:
        if self.gone:
            raise SurroundingsFault(self.gone)
        if self.absent:
            raise AbsentFault(self.absent)
        if self.commit and (file := hub.changed(self.folder)):
            words = f"{self.name}: {file} in the cache is not what was fetched"
            raise SurroundingsFault(f"{words}; fetch it again with: swapgate fetch {self.fetch}")
        if self.identify:
            return self.identity[:2]
        row = {"dtype": self.row.dtype, "variant": None, "labels": _dumps(self.row.labels)}  # a variant is in the files
        settings = {name: _dumps(value) for name, value in self.row.settings.items()}
        beside = self.row.read_in(self.weights_folder)
        return folder_digests(self.weights_folder, self.row.allow_pickle, beside, **row, **settings)

    @functools.cached_property
    def identity(self) -> Identity:
        """Who it is. Raises as `digest` does."""
        return self.identify(self) if self.identify else Identity(*self._digests)

    @functools.cached_property
    def bytes(self) -> int:
        """Size of the weight files in bytes. Raises SurroundingsFault, AbsentFault where it is not known."""
        if self.identify:
            return self._known("bytes", "size")
        return weight_bytes(self.weights_folder, self.row.allow_pickle)

    @functools.cached_property
    def parameters(self) -> int:
        """How many numbers the weight files hold, but for scales of whole numbers. Raises as `bytes` does."""
        if self.identify:
            return self._known("parameters", "parameters")
        return parameter_count(self.weights_folder, self.row.allow_pickle, int8.SCALE if self.row.variant else None)

    def _known(self, key: str, name: str) -> int:
        found: int | None = getattr(self.identity, key)
        if found is None:
            raise AbsentFault(f"{name} not measured: {self.backend} does not tell that of {self.name}")
        return found

    @functools.cached_property
    def config(self) -> dict[str, Any]:
        """The model's config.json; empty where there is none. Raises SurroundingsFault."""
        if self.around:
            return self.around.config
        return read_settings(self.folder / "config.json") if self.has_config else {}

    @functools.cached_property
    def pads_left(self) -> bool:
        """Whether its tokenizer puts pads before a text that it only reads. Raises SurroundingsFault."""
        path = self.folder / "tokenizer_config.json"
        writes = any(name.endswith("ForCausalLM") for name in architectures(self.config))  # behind the text
        return path.is_file() and not writes and read_settings(path).get("padding_side") == "left"

    def class_names(self, task: Task) -> list[str] | None:
        """Return the names of its classes by number; None where models of the task name none, or are asked for labels
        of the row, or only what it answers tells them. Raises SurroundingsFault where its config.json has no table of
        them.
        """
        return task.label_names(self.config) if task.label_names and self.has_config else None


def files_of(place: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of a folder, and links, with their names in it; a file alone with its own."""
    if place.is_file():
        yield place, place.name
    for path in below(place):
        if (path.is_symlink() or not path.is_dir()) and COMPILED not in path.relative_to(place).parts:
            yield path, path.relative_to(place).as_posix()


def generation_config(source: Source) -> dict[str, Any]:
    """Return a model's generation_config.json, or config.json where old models say that. Raises SurroundingsFault."""
    path = (source.around or source).folder / "generation_config.json"
    return read_settings(path) if path.is_file() else source.config


def find(row: Row, base: Path, root: Path, row_of: str = "its row", asked: str = "") -> Source:
    """Find the model of a row: its folder, or where there is none and the name may be an id, a public model.

    `base` is the folder its file stands in, `root` shortens its name, `asked` is how `swapgate fetch` and `swapgate
    pin` name the row of a models file. Nothing is fetched here. Raises InputFault where there is no such folder or it
    holds no model.
    """
    try:
        folder = Path(os.path.normpath(base / Path(row.model).expanduser()))
        exists = folder.is_dir()
        names = {path.name for path in folder.iterdir()} if exists else set()
        in_folder = "/" in row.model and (base / row.model).parent.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        raise InputFault(f"model = {row.model!r} is no usable path ({error}); give a model folder") from error
    if exists and row.revision is not None:
        raise InputFault(
            f"model = {row.model!r} is a folder, and revision = {row.revision!r} is set: a folder has no revisions, its"
            " digest says which weights it holds; remove it"
        )
    if not exists and hub.is_id(row.model) and (row.revision is not None or not in_folder):
        return _public(row, row_of, asked)
    if not exists:
        raise InputFault(
            f"no folder {folder} (model = {row.model!r}); give a folder that save_pretrained wrote, or the id of a"
            " public model with its revision"
        )
    if is_adapter(names):
        raise InputFault(_adapter(folder, names))
    if not (folder / "config.json").is_file():
        raise InputFault(f"{folder} holds no config.json, so it is no model; give a folder that save_pretrained wrote")
    name = folder.relative_to(root) if folder.is_relative_to(root) else folder
    source = Source(row, folder, name.as_posix(), row_of)
    return replace(source, name=f"{source.name}{source.suffix}")


def _adapter(folder: Path, names: set[str]) -> str:
    """Word that a folder holds what was trained beside a model and not the model, and how to make one of both."""
    said: dict[str, Any] = {}
    with suppress(SurroundingsFault):
        said = read_settings(folder / ADAPTER)
    kind, base = said.get("peft_type"), said.get("base_model_name_or_path")
    what = f"{kind} adapter" if isinstance(kind, str) else "adapter"
    of = f" of {base}" if isinstance(base, str) and base else ""
    whole = "beside a whole model" if names & {*kinds(allow_pickle=True)} else "and no whole model"
    other = f"; or take its weights out ({', '.join(ADAPTER_WEIGHTS)})" if "beside" in whole else ""
    install = "" if other or extras.is_installed("peft") else f"; or let it be merged here: {extras.install(['peft'])}"
    return f"{folder} holds an adapter {whole} ({what}{of}); {MERGE}{other}{install}"


def _public(row: Row, row_of: str, asked: str) -> Source:
    """Find a public model in the cache of huggingface_hub."""
    found = hub.cached(row.model, row.revision, row.allow_pickle)
    name = hub.named(row.model, found.commit, row.revision)
    fetch, absent = asked or hub.wanted(row.model, row.revision), ""
    if found.missing is not None:
        pin = f"swapgate pin {asked} && " if asked and not hub.is_pinned(row.revision) else ""
        absent = (
            f"{name} is not in the cache of public models ({found.folder}: no {found.missing}); fetch it with:"
            f" {pin}swapgate fetch {fetch}"
        )
    source = Source(row, found.folder, name, row_of, commit=found.commit, fetch=fetch, absent=absent)
    return replace(source, name=f"{name}{source.suffix}")


def _compressed(source: Source, variant: str) -> Path:
    """Return the folder of a compressed copy, made of the model as it is stored. Raises SurroundingsFault."""
    base, row = source.base, source.row

    def make(target: Path) -> None:
        try:
            stored = compression.stored_dtype(base.folder, row.allow_pickle)
            exact = replace(base, row=base.row.model_copy(update={"dtype": stored, "device": "cpu"}))
            model = load(exact, compression.architecture(base.config), None).model
            compression.compress(model, steps(variant), base.folder, row.dtype, target, row.allow_pickle)
            for path in files_beside(base.folder, (*TEMPLATES, *row.read_in(base.folder))):
                place = target / path.relative_to(base.folder)
                place.parent.mkdir(exist_ok=True)
                shutil.copyfile(path, place)
            load(replace(exact, folder=target), compression.architecture(base.config), None)  # it must load again
        except OSError:
            raise
        except Exception as error:  # a step may meet a model that it was not made for
            words = f"cannot be made: {error}" if isinstance(error, SurroundingsFault) else ""
            words = words or cause(error, base.folder, what="cannot be made")
            raise SurroundingsFault(f"{source.name} {words}") from error

    return compression.kept(base.bytes_digest, row.dtype, variant, make)


@hub.offline()
def load(source: Source, auto_class: str, reader_class: str | None = "AutoTokenizer") -> Loaded:
    """Load model and tokenizer (or processor) for inference on the row's device in its dtype, or its variant's.

    Raises SurroundingsFault where they cannot be loaded whole: a weight that the file lacks would be random.
    """
    folder = source.weights_folder
    files = weight_files(folder, source.row.allow_pickle)

    def model() -> Any:
        return _load_model(source, folder, files, auto_class, reader_class)

    (loaded, report), reader, seconds = _loaded(source, folder, reader_class, model)
    missing, unused = (sorted(report[key]) for key in ("missing_keys", "unexpected_keys"))
    check_whole(source.name, loaded, missing, unused, source.row.outputs)
    return Loaded(loaded.eval(), reader, seconds, folder)


@hub.offline()
def load_shape(source: Source, files: list[Path], auto_class: str, reader_class: str) -> Loaded:
    """Load tokenizer or processor, and the model as its config.json says without memory for weights: what stands around
    weights in `files` that another library computes with.

    Raises SurroundingsFault.
    """
    folder = source.folder

    def model() -> Any:
        import torch

        auto, config = _auto(folder, files, auto_class, reader_class)
        with torch.device("meta"):
            return auto.from_config(config, trust_remote_code=False).eval()

    return Loaded(*_loaded(source, folder, reader_class, model), folder)


def _loaded(
    source: Source, folder: Path, reader_class: str | None, load_model: Callable[[], Any]
) -> tuple[Any, Any, float]:
    """Return what loads a model, its tokenizer or processor, and the seconds of both. Raises SurroundingsFault."""
    _check_vocabulary(source, folder, reader_class)
    _import_libraries()
    import torch
    import transformers

    torch.manual_seed(SEED)
    torch.set_num_threads(THREADS)
    torch.backends.cudnn.deterministic = True
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    start, what = time.perf_counter(), "cannot be loaded"
    with logged() as lines:
        try:
            model = load_model()
            what = f"has a {READERS.get(reader_class or '', 'reader')} that cannot be loaded"
            reader = reader_class and _load_reader(folder, reader_class)
        except SurroundingsFault as fault:
            raise SurroundingsFault(f"{source.name}: {fault}") from fault
        except BaseException as error:  # any library below may raise anything on a broken folder, tokenizers a panic
            if not isinstance(error, Exception) and type(error).__name__ != PANIC:
                raise
            raise SurroundingsFault(f"{source.name} {cause(error, folder, lines, what)}") from error
    return model, reader, time.perf_counter() - start


@functools.cache
def _import_libraries() -> None:
    """Import torch and transformers once, with what every model needs of them, before any is loaded."""
    with suppress(Exception), this_stays_too():  # what cannot be imported is told where the model is loaded
        import transformers.modeling_utils  # noqa: F401 - torch comes with it


def _check_vocabulary(source: Source, folder: Path, reader_class: str | None) -> None:
    """Make sure that there is a tokenizer where one is needed: transformers 5 would make one that knows no word."""
    if reader_class not in ("AutoTokenizer", "AutoProcessor") or (folder / "tokenizer.json").is_file():
        return
    found = [name for name in VOCABULARIES if (folder / name).is_file()]
    if not found and needs_vocabulary(folder):
        raise SurroundingsFault(
            f"{source.name} holds no tokenizer (tokenizer.json, {VOCABULARIES[0]}, …); save the model's own there"
        )
    pieces = next((name for name in found if name.endswith(SENTENCEPIECE)), None)
    if pieces and not all(map(extras.is_installed, ("sentencepiece", "google.protobuf"))):
        raise SurroundingsFault(
            f"{source.name} has its tokenizer in {pieces} alone, which is read by sentencepiece and protobuf; install"
            " them with: pip install sentencepiece protobuf, or save the model with its tokenizer.json"
        )


def _check_settings(folder: Path, files: list[Path], reader_class: str | None) -> None:
    """Refuse settings that are absurd, or name code to be run. Raises SurroundingsFault."""
    for name in ("config.json", "preprocessor_config.json", "processor_config.json", "generation_config.json"):
        if name == "config.json" or (folder / name).is_file():
            settings = read_settings(folder / name)
            check_config(name, settings, files)
            if reader_class in ("AutoFeatureExtractor", "AutoProcessor"):
                check_listener(name, settings)
    if (folder / "tokenizer_config.json").is_file():
        check_code("tokenizer_config.json", read_settings(folder / "tokenizer_config.json"))


def _load_model(
    source: Source, folder: Path, files: list[Path], auto_class: str, reader_class: str | None
) -> tuple[Any, Any]:
    """Load a model once its settings were checked; return it, and what transformers tells of its weights."""
    import torch

    auto, config = _auto(folder, files, auto_class, reader_class)
    computes: dict[str, str] = read_settings(folder / "config.json").get(compression.MARKER, {})
    dtype = getattr(torch, computes.get("dtype", source.row.dtype))
    if "int8" in computes:
        int8.check_device(computes["int8"], source.row.device)
        model, report = int8.load(auto, folder, config, dtype, computes["int8"])
    else:
        options = {
            "config": config,
            "dtype": dtype,
            "use_safetensors": not is_pickled(files),
            "weights_only": True,
            "output_loading_info": True,
            **SAFELY,
        }
        try:
            model, report = auto.from_pretrained(folder, **options)
        except RuntimeError as error:
            if "mismatch" not in str(error):
                raise
            other, found = auto.from_pretrained(folder, **options, ignore_mismatched_sizes=True)  # it only tells which
            if not found["mismatched_keys"]:
                raise
            raise SurroundingsFault(_misshapen(folder, files, other, found)) from error
    return model.to(source.row.device), report


def _auto(folder: Path, files: list[Path], auto_class: str, reader_class: str | None) -> tuple[Any, Any]:
    """Return the class that loads a model and its config, once its settings were checked. Raises SurroundingsFault."""
    import transformers

    auto = getattr(transformers, auto_class, None)
    if auto is None:
        raise SurroundingsFault(
            f"cannot be loaded: transformers {transformers.__version__} has no {auto_class}, which the task asks for"
        )
    _check_settings(folder, files, reader_class)
    if (folder / ADAPTER).is_file() and extras.is_installed("peft"):
        raise SurroundingsFault(f"holds {ADAPTER}, by which peft would look for an adapter; remove that file")
    config = transformers.AutoConfig.from_pretrained(folder, **SAFELY)
    if getattr(config, "use_pretrained_backbone", False):
        config.use_pretrained_backbone = False  # transformers 4 would fetch weights, which the model's own replace
    check_parameters(auto, config, files)
    return auto, config


def _misshapen(folder: Path, files: list[Path], model: Any, report: Any) -> str:
    """Return in words which weights have another shape in their file than config.json asks for."""
    config, stored = read_settings(folder / "config.json"), {} if is_pickled(files) else headers(folder)
    found = [(one,) if isinstance(one, str) else one for one in report["mismatched_keys"]]  # names in transformers 4
    made = {name: [*tensor.shape] for name, tensor in model.state_dict().items()}
    shapes = {name: ([*more[0]] if more else stored.get(name, []), made.get(name, [])) for name, *more in found}
    name, (there, asked) = min(shapes.items(), key=lambda item: (-len(item[1][1]), item[0]))
    sizes = {key: value for key, value in config.items() if type(value) is int and not key.endswith("_id")}
    sizes["labels in id2label"] = len(config.get("id2label") or ())
    wrong = [size for size, other in itertools.zip_longest(asked, there) if size != other]
    fitting = [key for size in wrong for key, value in sizes.items() if value == size]
    words = {*re.split(r"[._]", name)}
    key = max(fitting, key=lambda one: len(words & {*one.split("_")}), default="")  # the one that sounds like it
    why = f" ({key} = {sizes[key]})" if key else ""
    what = f"{len(shapes)} weights have" if len(shapes) > 1 else "one weight has"
    return (
        f"{what} another shape than config.json says: {name} is {there or 'another'} in the file"
        f" and {asked} by config.json{why}; mend that, or save the model and its config.json together"
    )


def _load_reader(folder: Path, reader_class: str) -> Any:
    """Load a tokenizer or processor; of image processors the one that needs no torchvision."""
    import transformers

    options = dict(SAFELY)
    if reader_class == "AutoImageProcessor":  # said in each version's way
        options |= {"backend": "pil"} if transformers.__version__ >= "5" else {"use_fast": False}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "At least one mel filter", UserWarning)  # also said of the public AST models
        return getattr(transformers, reader_class).from_pretrained(folder, **options)


def fingerprint(loaded: Loaded, asked: type[Settings] = Settings) -> str:
    """Return a digest of what was really loaded: tensors that the model has, settings that its classes know, and all
    that its digest counts of tokenizer, chat templates and the files that its task reads, of which `asked` tells.
    """
    import torch

    found = hashlib.sha256()
    for name, tensor in sorted(loaded.model.state_dict().items()):
        values = tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
        found.update(_dumps([name, str(tensor.dtype), [*tensor.shape]]).encode() + values.tobytes())
    parts = [loaded.model.config, getattr(loaded.model, "generation_config", None), loaded.reader]
    parts += [getattr(loaded.reader, name, None) for name in ("feature_extractor", "image_processor")]
    held = settings_of(loaded.folder, asked.read_in(loaded.folder)) if loaded.folder else {}
    more = {name: settings for name, settings in held.items() if name not in KNOWN_BY_CLASS}
    found.update(_dumps([*(_known_settings(part) for part in parts), more]).encode())
    return found.hexdigest()


def _known_settings(part: Any) -> Any:
    """Return the settings of a config or a reader of sounds or pictures, without those that its class passes over."""
    if not hasattr(part, "to_dict"):
        return None
    said = part.to_dict()
    with suppress(Exception):  # some classes cannot be made without settings; then all keys count
        known = type(part)().to_dict()
        said = {key: value for key, value in said.items() if key in known}
    return {key: value for key, value in said.items() if key not in WHO_SAVED_IT}


def settings_digest(source: Source, **more: object) -> str:
    """Return a digest of the row's settings that change an answer, and of what else identifies a source."""
    row = source.row
    return hashlib.sha256(_dumps([row.labels, row.settings, more]).encode()).hexdigest()


def _dumps(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def surroundings() -> dict[str, str]:
    """Return what the numbers depend on besides the model: versions, CPU features, threads. Imports torch."""
    import tokenizers
    import torch
    import transformers

    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
    }
