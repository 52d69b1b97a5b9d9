"""Tokenizers as the world has them: without a pad token, offsets or a vocabulary, and how long a text may be."""

import importlib.util
import inspect
import json
from types import SimpleNamespace

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from swapgate.backends.transformers import load
from swapgate.core.faults import SurroundingsFault
from swapgate.inputs.given import Question
from swapgate.models.loading import find
from swapgate.project.manifest import row_type
from swapgate.tasks import find_task
from swapgate.tasks.task import Loaded
from swapgate.tasks.texts import sees_pads

TEXTS = ["a good film", "bad", "no film at all is a good film", "good good bad"]
WORDS = ["<s>", "<pad>", "</s>", "<unk>", *sorted({*" ".join(TEXTS).split()})]
UNKNOWN = {"unk_token": "<unk>"}
SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
CLASSES = {"id2label": {0: "bad", 1: "good"}, "label2id": {"bad": 0, "good": 1}}
TEXT = find_task("text-classification")


def words(pad="<pad>"):
    """Return a tokenizer of whole words with this pad token or none, which puts <s> and </s> around a text."""
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, **UNKNOWN))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return PreTrainedTokenizerFast(tokenizer_object=made, **({"pad_token": pad} if pad else {}))


def saved(folder, model, reader=None):
    """Save a model of random weights, whose answers differ from text to text, in a folder; without a tokenizer too."""
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.5)
    model.save_pretrained(folder)
    if reader is not None:
        reader.save_pretrained(folder)
    return folder


def loaded(folder, task=TEXT, **row):
    """Load what a folder holds; give it with its row."""
    made = row_type(task)(model=folder.name, labels={"*": "*"}, **row)
    found = load(task, find(made, folder.parent, folder.parent))
    known = inspect.signature(type(found.model).forward).parameters
    found.reader.model_input_names = [name for name in found.reader.model_input_names if name in known]
    return found, made


def scores(loaded, row, texts):
    """Return the score of `good` of each text."""
    return [{s.label: s.score for s in one.scores}["good"] for one in TEXT.predict(loaded, texts, row)]


def alone(loaded):
    """Return what transformers' pipeline says of each text alone."""
    import transformers

    pipeline = transformers.pipeline("text-classification", model=loaded.model, tokenizer=loaded.reader, top_k=None)
    return [next(s["score"] for s in pipeline([text])[0] if s["label"] == "good") for text in TEXTS]


@pytest.mark.parametrize(
    ("in_tokenizer", "in_model"),
    [(None, None), ("<pad>", None), (None, 1), ("<pad>", 1), ("<pad>", 3), ("</s>", 2)],
    ids=["none", "tokenizer", "model", "both", "different", "end of text"],
)
def test_pad_token(tmp_path, in_tokenizer, in_model):
    """Texts of a batch are judged as each alone by the pipeline, whoever knows a pad token."""
    import torch
    from transformers import GPT2Config, GPT2ForSequenceClassification

    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(WORDS), n_embd=16, n_layer=1, n_head=2, n_positions=32, pad_token_id=in_model, **CLASSES
    )
    model, row = loaded(saved(tmp_path / "model", GPT2ForSequenceClassification(config), words(in_tokenizer)))
    ours = scores(model, row, TEXTS)
    assert ours == pytest.approx(alone(model), abs=1e-6)
    assert max(ours) - min(ours) > 0.01


@pytest.mark.parametrize("kind", ["Roberta", "Camembert", "XLMRoberta", "MPNet", "Data2VecText"])
def test_positions_behind_the_pad(tmp_path, kind):
    """A model that counts positions from behind its pad token reads that many fewer; one more token is an error."""
    import transformers

    config = getattr(transformers, f"{kind}Config")(
        vocab_size=len(WORDS), max_position_embeddings=34, pad_token_id=1, **SIZES, **CLASSES
    )
    made = getattr(transformers, f"{kind}ForSequenceClassification")(config)
    model, row = loaded(saved(tmp_path / "model", made, words()))
    assert model.most_tokens == 32
    assert len(scores(model, row, ["bad " * 30, "good"])) == 2
    with pytest.raises(SurroundingsFault, match="a text has 33 tokens, the model reads at most 32"):
        scores(model, row, ["bad " * 31, "good"])


@pytest.mark.parametrize("kind", ["XLNet", "Bert"])
def test_limits(tmp_path, kind):
    """A limit of -1 is none; that of BERT is what its config.json says."""
    from transformers import BertConfig, BertForSequenceClassification, XLNetConfig, XLNetForSequenceClassification

    if kind == "XLNet":
        config = XLNetConfig(
            vocab_size=len(WORDS), d_model=16, n_layer=1, n_head=2, d_inner=16, pad_token_id=1, **CLASSES
        )
        made = XLNetForSequenceClassification(config)
    else:
        config = BertConfig(vocab_size=len(WORDS), max_position_embeddings=700, pad_token_id=1, **SIZES, **CLASSES)
        made = BertForSequenceClassification(config)
    model, row = loaded(saved(tmp_path / "model", made, words()))
    assert len(scores(model, row, ["bad " * 600])) == 1
    assert model.most_tokens == (700 if kind == "Bert" else pytest.approx(model.reader.model_max_length))


@pytest.mark.parametrize("task", ["ner", "question-answering"], ids=["entities", "answers"])
@pytest.mark.parametrize("kind", ["Phobert", "Bertweet", "Canine"])
def test_tokenizer_without_offsets(tmp_path, kind, task):
    """A tokenizer that keeps no offsets is one error, which names it, also where a tokenizer.json lies beside it."""
    import transformers

    config = {"vocab_size": 10, "max_position_embeddings": 34, "pad_token_id": 1} if kind != "Canine" else {}
    made = "Canine" if kind == "Canine" else "Roberta"
    head = "TokenClassification" if task == "ner" else "QuestionAnswering"
    model = getattr(transformers, f"{made}For{head}")(getattr(transformers, f"{made}Config")(**config, **SIZES))
    folder = saved(tmp_path / "model", model)
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": f"{kind}Tokenizer"}))
    if kind != "Canine":
        (folder / "vocab.txt").write_text("a 5\nb 3\n")
        (folder / "bpe.codes").write_text("a b 3\n")
        words().save_pretrained(tmp_path / "fast")
        (folder / "tokenizer.json").write_bytes((tmp_path / "fast" / "tokenizer.json").read_bytes())
    kind_of = find_task(task)
    row = row_type(kind_of)(model="model", **({"labels": {"*": "*"}} if task == "ner" else {}))
    with pytest.raises(SurroundingsFault) as caught:
        load(kind_of, find(row, tmp_path, tmp_path))
    assert str(caught.value) == (
        f"model: its tokenizer, {kind}Tokenizer, keeps no offsets into the text; judge a model whose tokenizer does, as"
        " fast ones with a tokenizer.json do"
    )


@pytest.mark.parametrize("kind", ["canine", "canine by its kind", "byt5"])
def test_no_vocabulary(tmp_path, kind):
    """A model that reads bytes or letters needs no vocabulary."""
    from transformers import CanineConfig, CanineForSequenceClassification, T5Config, T5ForSequenceClassification

    if kind == "byt5":
        config = T5Config(
            vocab_size=384, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0, **CLASSES
        )
        folder = saved(tmp_path / "model", T5ForSequenceClassification(config))
        (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "ByT5Tokenizer"}')
    else:
        folder = saved(tmp_path / "model", CanineForSequenceClassification(CanineConfig(**SIZES, **CLASSES)))
        if kind == "canine":
            (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "CanineTokenizer"}')
    model, row = loaded(folder)
    assert scores(model, row, TEXTS) == pytest.approx(alone(model), abs=1e-5)


def bert(folder):
    """Save a BERT without a tokenizer."""
    from transformers import BertConfig, BertForSequenceClassification

    return saved(folder, BertForSequenceClassification(BertConfig(vocab_size=len(WORDS), **SIZES, **CLASSES)))


def test_no_tokenizer(tmp_path):
    """A model that needs a vocabulary and has none is an error that says so."""
    with pytest.raises(SurroundingsFault, match=r"^model holds no tokenizer \(tokenizer.json, added_tokens.json, …\)"):
        loaded(bert(tmp_path / "model"))


@pytest.mark.skipif(importlib.util.find_spec("sentencepiece") is not None, reason="sentencepiece is installed")
@pytest.mark.parametrize("name", ["spiece.model", "sentencepiece.bpe.model", "spm.model", "tokenizer.model"])
def test_sentencepiece(tmp_path, name):
    """A tokenizer that sentencepiece would read is an error that names what is to be installed."""
    folder = bert(tmp_path / "model")
    (folder / name).write_bytes(b"\x0a\x0e\x0a\x05<unk>\x15\x00\x00\x00\x00\x18\x02")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "XLNetTokenizer"}))
    with pytest.raises(SurroundingsFault) as caught:
        loaded(folder)
    assert str(caught.value) == (
        f"model has its tokenizer in {name} alone, which is read by sentencepiece and protobuf; install them with: pip"
        " install sentencepiece protobuf, or save the model with its tokenizer.json"
    )


@pytest.mark.parametrize("kind", ["ConvBert", "FNet", "Nystromformer", "Yoso", "XLNet", "Bert"])
def test_models_that_see_pads(tmp_path, kind):
    """A text is judged as alone by the pipeline, also by a model that does not mask pads."""
    import transformers

    sizes = {"d_model": 16, "n_layer": 1, "n_head": 2, "d_inner": 16} if kind == "XLNet" else SIZES
    config = getattr(transformers, f"{kind}Config")(vocab_size=len(WORDS), pad_token_id=1, **sizes, **CLASSES)
    made = getattr(transformers, f"{kind}ForSequenceClassification")(config)
    model, row = loaded(saved(tmp_path / "model", made, words()))
    assert scores(model, row, TEXTS) == pytest.approx(alone(model), abs=1e-5)


NAMED = {"model_input_names": ["input_ids", "token_type_ids"]}


def unmasked(task, folder, kind, head, sizes, **row):
    """Return a model whose tokenizer does not tell it which tokens are pads, as its folder says, and its row."""
    import transformers

    config = getattr(transformers, f"{kind}Config")(vocab_size=len(WORDS), pad_token_id=1, **sizes)
    reader = words()
    reader.cls_token, reader.sep_token = "<s>", "</s>"
    saved(folder, getattr(transformers, f"{kind}For{head}")(config), reader)
    said = folder / "tokenizer_config.json"
    said.write_text(json.dumps(json.loads(said.read_text()) | NAMED))
    named = {"labels": {"*": "*"}} if task.label_names else {}
    made = row_type(task)(model=folder.name, **named, **row)
    return load(task, find(made, folder.parent, folder.parent)), made


SIDES = {
    **{"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 16},
    **{"decoder_attention_heads": 2, "decoder_ffn_dim": 16, "bos_token_id": 0, "eos_token_id": 2},
    **{"decoder_start_token_id": 0, "forced_eos_token_id": None},
}


@pytest.mark.parametrize(
    ("name", "kind", "head", "sizes"),
    [
        ("text-classification", "Bert", "SequenceClassification", {**SIZES, **CLASSES}),
        (
            "ner",
            "Bert",
            "TokenClassification",
            {**SIZES, "id2label": {0: "O", 1: "B-X"}, "label2id": {"O": 0, "B-X": 1}},
        ),
        ("question-answering", "Bert", "QuestionAnswering", SIZES),
        ("summarization", "Bart", "ConditionalGeneration", SIDES),
    ],
    ids=["labels", "entities", "answers", "texts"],
)
def test_tokenizer_that_names_no_mask(tmp_path, name, kind, head, sizes):
    """Where nothing tells a model which tokens are pads, an answer is the same beside a long text as alone."""
    task = find_task(name)
    more = {"generation": {"max_length": 8, "num_beams": 1}} if name == "summarization" else {}
    model, row = unmasked(task, tmp_path / "model", kind, head, sizes, **more)
    texts = ["a good film", "bad " * 25, "no film at all"]
    given = [Question("a film", one) for one in texts] if name == "question-answering" else texts
    together = task.predict(model, given, row)
    assert [task.predict(model, [one], row)[0] for one in given] == together


def test_windows_that_see_pads(tmp_path):
    """The last window of a long text is read without pads by a model that would see them."""
    task, sizes = find_task("ner"), {**SIZES, "id2label": {0: "O", 1: "B-X"}, "label2id": {"O": 0, "B-X": 1}}
    model, row = unmasked(task, tmp_path / "model", "Bert", "TokenClassification", sizes, long="window")
    model.reader.model_max_length = 8
    asked, forward = [], model.model.forward
    model.model.forward = lambda **batch: asked.append(batch) or forward(**batch)
    task.predict(model, ["good bad film no at all is a good film good bad bad"], row)
    ids = [batch["input_ids"] for batch in asked]
    assert len(ids) > 1
    assert [tuple(one.shape[:1]) for one in ids] == [(1,)] * len(ids)
    assert not any((one == model.reader.pad_token_id).any() for one in ids)


@pytest.mark.parametrize("whole", [False, True])
def test_kin_of_big_bird(whole):
    """Big Bird sees pads under each of its names, also as the encoder of another model."""
    kind = SimpleNamespace(model_type="big_bird")
    config = SimpleNamespace(model_type="encoder-decoder", encoder=kind) if whole else kind
    reader = SimpleNamespace(padding_side="right", model_input_names=["input_ids", "attention_mask"])
    assert sees_pads(Loaded(SimpleNamespace(config=config), reader))
    kind.model_type = "bigbird_pegasus"
    assert sees_pads(Loaded(SimpleNamespace(config=config), reader))
    kind.model_type = "bert"
    assert not sees_pads(Loaded(SimpleNamespace(config=config), reader))
