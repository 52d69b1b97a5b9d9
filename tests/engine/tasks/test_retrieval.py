"""Retrieval: vectors as sentence-transformers makes them, corpora and cases, and settings that are part of a model."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from swapgate.backends.transformers import load
from swapgate.core.faults import InputFault, SurroundingsFault
from swapgate.inputs.given import digest, extent
from swapgate.models.digest import folder_digest
from swapgate.models.loading import find, fingerprint
from swapgate.project.cases import read_cases
from swapgate.project.manifest import read_manifest, row_type
from swapgate.tasks import find_task
from swapgate.tasks.retrieval import Corpus, RetrievalSettings, Search, read_corpus
from swapgate.tasks.vectors import POOL, way_of

ROOT = Path(__file__).parents[3]
ZOO = ROOT / "fixtures" / "zoo" / "retrieval"
TASK = find_task("retrieval")
CORPUS = read_corpus(ROOT / "fixtures" / "retrieval" / "corpus.jsonl")
QUERIES = ["Where was Anna Keller born?", "donkey", "Who lives in a castle on Rose Alley, and what is it like there?"]
ROWS = read_manifest(ROOT / "fixtures" / "models" / "embedded.toml").rows["retrieval"]


def asked(folder, **keys):
    """Load a model; return it with its row."""
    row = row_type(TASK).model_validate({"model": str(folder), **keys})
    return row, load(TASK, find(row, ROOT, ROOT))


def predicted(folder, searches, **keys):
    """Return what a model says."""
    row, loaded = asked(folder, **keys)
    return TASK.predict(loaded, searches, row)


@pytest.fixture
def folder(tmp_path):
    """A copy of a model that is written as sentence-transformers writes it."""
    return Path(shutil.copytree(ZOO / "original", tmp_path / "model"))


def change(path, **keys):
    """Change keys of a file of settings."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))


@pytest.mark.parametrize("tier", ROWS)
def test_scores_are_cosines_of_pooled_tokens(tier):
    """The scores are cosines of the vectors of tokens that transformers' pipeline gives, pooled as the model says."""
    import transformers

    row = ROWS[tier].model_copy(update={"model": str(ZOO / tier)})
    loaded = load(TASK, find(row, ROOT, ROOT))
    pipeline = transformers.pipeline("feature-extraction", model=loaded.model, tokenizer=loaded.reader)
    before = ("", "") if tier == "small" else ("query: ", "passage: ")

    def vector(text):
        tokens = torch.tensor(pipeline(text)[0])
        return torch.nn.functional.normalize(tokens.mean(0), dim=0)

    found = TASK.predict(loaded, [Search(query, CORPUS) for query in QUERIES], row)
    passages = {name: vector(before[1] + text) for name, text in CORPUS.texts.items()}
    for query, ranking in zip(QUERIES, found, strict=True):
        theirs = {name: float(vector(before[0] + query) @ one) for name, one in passages.items()}
        best = sorted(theirs.values(), reverse=True)[: len(ranking.hits)]
        assert [hit.score for hit in ranking.hits] == pytest.approx(best, abs=1e-6)
        assert [theirs[hit.id] for hit in ranking.hits] == pytest.approx(best, abs=1e-6)


def test_pooling_passes_over_pads():
    """Each pooling gives of a padded text what it gives of the text alone, wherever the pads stand."""
    tokens = torch.arange(1.0, 13.0).reshape(1, 4, 3)
    alone, pads = torch.ones(1, 4, dtype=torch.long), torch.full((1, 2, 3), 99.0)
    for mode, pool in POOL.items():
        plain = pool(tokens, alone)
        for states, mask in (
            (torch.cat([tokens, pads], dim=1), [[1, 1, 1, 1, 0, 0]]),
            (torch.cat([pads, tokens], dim=1), [[0, 0, 1, 1, 1, 1]]),
        ):
            assert torch.allclose(pool(states, torch.tensor(mask)), plain), mode
    first, last = tokens[0, 0], tokens[0, 3]
    assert torch.equal(POOL["cls"](tokens, alone)[0], first)
    assert torch.equal(POOL["lasttoken"](tokens, alone)[0], last)
    assert torch.equal(POOL["mean"](tokens, alone)[0], tokens[0].mean(0))
    assert torch.equal(POOL["mean_sqrt_len_tokens"](tokens, alone)[0], tokens[0].sum(0) / 2)
    assert torch.equal(POOL["max"](tokens, alone)[0], last)
    assert torch.allclose(
        POOL["weightedmean"](tokens, alone)[0], (tokens[0] * torch.tensor([[1], [2], [3], [4]])).sum(0) / 10
    )


SETTINGS = {
    "pooling": ("1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}),
    "query_prefix": ("config_sentence_transformers.json", {"prompts": {"query": "", "document": "passage: "}}),
    "passage_prefix": ("config_sentence_transformers.json", {"prompts": {"query": "query: "}}),
    "similarity": ("config_sentence_transformers.json", {"similarity_fn_name": "dot"}),
    "limit": ("sentence_bert_config.json", {"max_seq_length": 4}),
}
SAID = {"pooling": "cls", "query_prefix": "", "passage_prefix": "", "similarity": "dot"}


@pytest.mark.parametrize("key", SETTINGS)
def test_settings_of_the_folder_are_part_of_the_model(folder, key):
    """Each setting of sentence-transformers changes the digest, and what is loaded is not the same model."""
    before = find(row_type(TASK)(model=str(folder)), ROOT, ROOT)
    one = before.digest, fingerprint(load(TASK, before), RetrievalSettings)
    name, settings = SETTINGS[key]
    change(folder / name, **settings)
    after = find(row_type(TASK)(model=str(folder)), ROOT, ROOT)
    other = after.digest, fingerprint(load(TASK, after), RetrievalSettings)
    assert one[0] != other[0]
    assert one[1] != other[1]


@pytest.mark.parametrize("key", SAID)
def test_row_says_what_a_folder_says(folder, key):
    """A key of the row does what the same setting of the folder does, and is part of the digest too."""
    searches = [Search(query, CORPUS) for query in QUERIES]
    plain = predicted(ZOO / "original", searches)
    by_row = predicted(ZOO / "original", searches, **{key: SAID[key]})
    name, settings = SETTINGS[key]
    change(folder / name, **settings)
    assert predicted(folder, searches) == by_row
    assert (plain != by_row) == (key != "similarity")  # vectors as long as 1 have one cosine and dot product
    digests = {
        find(row_type(TASK)(model=str(ZOO / "original"), **keys), ROOT, ROOT).digest for keys in ({}, {key: SAID[key]})
    }
    assert len(digests) == 2


def put_pooling(folder, place, **pooled):
    """Let modules.json have its pooling in another place, with what its config.json says."""
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["path"] = place
    (folder / "modules.json").write_text(json.dumps(modules))
    if (folder / "1_Pooling").is_dir():
        (folder / "1_Pooling").rename(folder / place)
    change(folder / place / "config.json", **pooled)


@pytest.mark.parametrize("place", ["Pooling", "runs", "LICENSE pooling", "1_Pooling.v2"])
def test_pooling_counts_wherever_modules_have_it(folder, place):
    """A folder of modules.json may have any plain name: what is in it is part of the model, and of what is watched."""
    put_pooling(folder, place)
    before = find(row_type(TASK)(model=str(folder)), ROOT, ROOT)
    one = before.digest, before.bytes_digest, fingerprint(load(TASK, before), RetrievalSettings)
    assert folder / place / "config.json" in before.files[folder]
    put_pooling(folder, place, pooling_mode_cls_token=True, pooling_mode_mean_tokens=False)
    after = find(row_type(TASK)(model=str(folder)), ROOT, ROOT)
    other = after.digest, after.bytes_digest, fingerprint(load(TASK, after), RetrievalSettings)
    assert all(then != now for then, now in zip(one, other, strict=True))


def test_folders_that_no_module_names_do_not_count(folder):
    """A folder that modules.json does not name, such as that of another runtime, is no part of the model."""
    before = find(row_type(TASK)(model=str(folder)), ROOT, ROOT).digest
    (folder / "onnx").mkdir()
    (folder / "onnx" / "config.json").write_text("{}")
    assert find(row_type(TASK)(model=str(folder)), ROOT, ROOT).digest == before


@pytest.mark.parametrize("place", ["..", "../other", "/etc", "a/b", "", ".hidden", "x" * 300, "\0", "a\\b", "*"])
def test_pooling_in_no_plain_folder(folder, place):
    """A module that is not in a plainly named folder of the model's own is refused, and no file of it is read."""
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["path"] = place
    (folder / "modules.json").write_text(json.dumps(modules))
    assert RetrievalSettings.read_in(folder) == (*RetrievalSettings.beside, "2_Normalize/config.json")
    with pytest.raises(SurroundingsFault, match="which is no folder in its own; mend that"):
        way_of(folder)


def test_variant_keeps_pooling_and_templates(folder, tmp_path, monkeypatch):
    """A compressed copy has the files that its task reads, wherever these are, and all chat templates."""
    monkeypatch.setenv("SWAPGATE_VARIANTS", str(tmp_path / "variants"))
    put_pooling(folder, "Pooling")
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / "default.jinja").write_text("x")
    copy = find(row_type(TASK)(model=str(folder), variant="bf16"), ROOT, ROOT).weights_folder
    for name in ("Pooling/config.json", "additional_chat_templates/default.jinja"):
        assert (copy / name).read_bytes() == (folder / name).read_bytes()


def test_other_tasks_do_not_read_these_files(folder):
    """Of a task that does not read them the files are no part of the digest."""
    before = folder_digest(folder)
    change(folder / "1_Pooling" / "config.json", pooling_mode_cls_token=True)
    assert folder_digest(folder) == before


def test_who_saved_it_is_no_part(folder):
    """Which versions saved a folder changes nothing."""
    source = find(row_type(TASK)(model=str(folder)), ROOT, ROOT).digest
    change(folder / "config_sentence_transformers.json", __version__={"sentence_transformers": "9.9"})
    assert find(row_type(TASK)(model=str(folder)), ROOT, ROOT).digest == source


def test_newer_folders_say_it_in_other_words(folder):
    """A folder as sentence-transformers 6 writes it is read as one of version 5."""
    plain = way_of(folder)
    (folder / "1_Pooling" / "config.json").write_text('{"embedding_dimension": 96, "pooling_mode": "mean"}')
    modules = json.loads((folder / "modules.json").read_text())
    for one in modules:
        one["type"] = f"sentence_transformers.base.modules.x.{one['type'].rpartition('.')[2]}"
    (folder / "modules.json").write_text(json.dumps(modules))
    assert way_of(folder) == plain
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": ["cls", "mean"]}')
    assert way_of(folder).pooling == ("cls", "mean")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("modules.json", [{"type": "sentence_transformers.models.Transformer", "path": ""}], "asks for Transformer;"),
        ("modules.json", {"type": 1}, "asks for 1;"),
        ("modules.json", [{"type": "custom_code.Transformer", "path": ""}], "asks for custom_code.Transformer;"),
        ("modules.json", [{"type": "sentence_transformers.models.Transformer", "path": "0_BERT"}], "in 0_BERT"),
        ("1_Pooling/config.json", {"pooling_mode": "attention"}, "pools by ['attention']; known: cls, max"),
        ("1_Pooling/config.json", {"include_prompt": False}, "leaves prompts out of what is pooled"),
        ("1_Pooling/config.json", [1], "it holds no object"),
        ("config_sentence_transformers.json", {"prompts": {"query": 1}}, "prompts is no table of texts"),
        ("sentence_bert_config.json", {"max_seq_length": "many"}, "max_seq_length = 'many' is no number of tokens"),
        ("sentence_bert_config.json", {"transformer_task": "any-to-any"}, "is of a model for any-to-any"),
    ],
)
def test_folders_that_are_not_read(folder, name, content, words):
    """What is not known here, or asks for code of its own, is refused in words once the model is loaded."""
    (folder / name).write_text(json.dumps(content))
    with pytest.raises(SurroundingsFault) as told:
        asked(folder)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_dense_layers_are_refused(folder):
    """A layer behind the pooling, whose weights no digest covers, is refused."""
    modules = json.loads((folder / "modules.json").read_text())
    modules.insert(2, {"type": "sentence_transformers.models.Dense", "path": "2_Dense"})
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(SurroundingsFault, match="asks for Transformer, Pooling, Dense, Normalize"):
        asked(folder)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"similarity_fn_name": "euclidean"}, "compares vectors by 'euclidean'"),
        ({"prompts": {"query": "q: ", "passage": "p: "}}, 'has a prompt "passage" and none "document"'),
    ],
)
def test_what_the_row_must_say(folder, said, words):
    """Where a folder says something that is not known here or not sure, its row must say it."""
    change(folder / "config_sentence_transformers.json", **said)
    with pytest.raises(SurroundingsFault) as told:
        predicted(folder, [Search("x", CORPUS)])
    assert words in str(told.value)
    assert predicted(folder, [Search("x", CORPUS)], similarity="cosine", passage_prefix="p: ")


def test_pooling_is_never_guessed(folder):
    """A folder that says nothing of pooling needs a row that does: transformers fetches none of these files."""
    (folder / "modules.json").unlink()
    with pytest.raises(SurroundingsFault, match=r'nothing says how its vectors are pooled; .* pooling = "mean"'):
        predicted(folder, [Search("x", CORPUS)])


def test_passages_go_through_the_model_once():
    """The passages are asked for once a model, in the same batches whatever the query, and give the same bytes."""
    row, loaded = asked(ZOO / "small")
    calls = []
    loaded.model.register_forward_pre_hook(lambda _model, _given, kwargs: calls.append(1), with_kwargs=True)
    first = TASK.predict(loaded, [Search(QUERIES[0], CORPUS)], row)
    so_far = len(calls)
    assert so_far == 1 + -(-len(CORPUS.ids) // 32)
    assert TASK.predict(loaded, [Search(QUERIES[0], CORPUS)], row) == first
    assert len(calls) == so_far + 1


def test_long_passages():
    """A passage that is too long is refused, or cut where the row says so, which is told of each query."""
    corpus = Corpus({**CORPUS.texts, "long": "Anna Keller keeps a parrot called Biscuit. " * 30})
    row, loaded = asked(ZOO / "small")
    with pytest.raises(SurroundingsFault, match="a text has"):
        TASK.predict(loaded, [Search("parrot", corpus)], row)
    cut = row.model_copy(update={"long": "truncate"})
    assert TASK.predict(loaded, [Search("parrot", corpus)], cut)
    told = TASK.left_out(loaded, [Search("parrot", corpus), Search("parrot " * 99, corpus)], cut)
    assert told == ["ranked among passages of which 1 were cut to 64 tokens", "cut to 64 tokens"]


def test_corpus_is_part_of_an_input():
    """Another passage, id or order makes another input of the same query."""
    plain = {"a": "One.", "b": "Two."}
    others = [{"a": "One.", "b": "Three."}, {"a": "One.", "c": "Two."}, {"b": "Two.", "a": "One."}]
    digests = {digest(Search("x", Corpus(one))) for one in (plain, *others)}
    assert len(digests) == 4
    assert digest(Search("x", Corpus({**plain}))) in digests
    assert extent(Search("four", Corpus(plain))) == 4


CASES = """
latency = "one"
[[case]]
id = "one"
query = "Which?"
expected = {}
"""


@pytest.fixture
def cases(tmp_path):
    """Return what reads a cases file with what is expected, beside a corpus of lines."""

    def read(expected='["a"]', lines=('{"id": "a", "text": "One."}', '{"id": 2, "text": "Two."}')):
        (tmp_path / "corpus.jsonl").write_text("\n".join(lines))
        (tmp_path / "cases.toml").write_text(CASES.format(expected))
        return read_cases(tmp_path / "cases.toml", TASK).cases[0]

    return read


def test_cases(cases):
    """A case expects passages in the first places, or one of several among so many, with grades or without."""
    assert cases().expected.grades == (("a", 1),)
    assert cases('["a", "2"]').expected.within is None
    for several in ("a, 2", "a;2", "a 2", " a | 2 "):
        assert cases(f'"{several}"').expected.ids == ["a", "2"]
    table = cases("{ relevant = ['a', '2'], within = 5 }").expected
    assert (table.ids, table.within) == (["a", "2"], 5)
    assert cases("{ relevant = { a = 3, 2 = 1 } }").expected.grades == (("a", 3), ("2", 1))
    assert cases().shown == "Which?"


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ('["z"]', "expected: no passage of corpus.jsonl has the id 'z'"),
        ('"a; z"', "has the id 'a; z'"),
        ('["a", "a"]', "expected: an id stands twice"),
        ("[]", "case[one].expected: is empty"),
        ("{ relevant = ['a'], within = 11 }", "case[one].expected.within: must be 10 or less"),
        ("{ relevant = { a = 0 } }", "case[one].expected.relevant.a: must be 1 or more"),
        ('["a"]\ncorpus = "other.jsonl"', "no file"),
    ],
)
def test_cases_that_are_refused(cases, expected, words):
    """What names passages that are not there, or cannot be judged, is told."""
    with pytest.raises(InputFault) as told:
        cases(expected)
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (('{"id": "a", "text": "One."}',), "has 1 passages"),
        (("{",), "line 1: is no JSON"),
        (('{"id": "a", "text": "One."}', "", '{"id": "a", "text": "Two."}'), "line 3: 'a' stands twice"),
        (('{"id": "a"}',), "line 1: has no id and text"),
        (('{"id": "a", "text": " "}',), "line 1: has no id and text"),
        (("[1]",), "line 1: has no id and text"),
    ],
)
def test_corpora_that_are_refused(cases, lines, words):
    """A corpus of which a line is no passage is refused with the number of the line."""
    with pytest.raises(InputFault) as told:
        cases(lines=lines)
    assert words in str(told.value)
    assert "case 'one': corpus: " in str(told.value)


def test_servers_are_asked_as_the_client_asks():
    """A server is given the query and all passages, each behind its prefix."""
    row = row_type(TASK).model_validate({"model": "m", "query_prefix": "q: ", "passage_prefix": "p: "})
    assert TASK.served(Search("x", Corpus({"a": "One.", "b": "Two."})), row) == (
        "sentence_similarity",
        {"sentence": "q: x", "other_sentences": ["p: One.", "p: Two."]},
    )
    assert Search("x", Corpus({"a": "One."})).as_json() == {"query": "x", "passages": {"a": "One."}}


def test_encoder_decoders_are_refused():
    """A model of two halves is refused: nothing says which makes vectors."""
    assert "encoder-decoder" in TASK.check_config({"is_encoder_decoder": True})
    assert TASK.check_config({"model_type": "bert"}) == ""
