"""How models are told their languages: by the tokenizer, before the text, or not at all."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

from swapgate.backends.transformers import load
from swapgate.core.faults import SurroundingsFault
from swapgate.models.loading import find
from swapgate.project.manifest import row_type
from swapgate.tasks import find_task, translation
from swapgate.tasks.task import Loaded

TASK = find_task("translation")
LETTERS = sorted(pre_tokenizers.ByteLevel.alphabet())
LANGUAGES = ["eng_Latn", "deu_Latn", "fra_Latn"]
SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]
TEXTS = ["The sun is out.", "Once", "é ß, and more of it"]
PREFIXES = {"translation_en_to_de": {"prefix": "to German: "}, "translation_en_to_fr": {"prefix": "to French: "}}


def row(**keys):
    """Return a row of a models file."""
    return row_type(TASK).model_validate({"model": "x", **keys})


def pair(source="en", target="de", **keys):
    """Return a row with two languages."""
    return row(source_language=source, target_language=target, **keys)


def told(reader=None, params=None, **keys):
    """Return what a model is asked for by a row with these keys."""
    config = SimpleNamespace(task_specific_params=params)
    return translation.told(Loaded(SimpleNamespace(config=config), reader or SimpleNamespace()), row(**keys))


def languages(codes=None):
    """Return a tokenizer that takes languages, which may have tokens of another name."""
    names = {"en": "__en__", "de": "__de__"} if codes else {"en": "en", "de": "de"}
    return SimpleNamespace(
        src_lang=None,
        all_special_tokens=["</s>", *names],
        convert_tokens_to_ids=dict(zip(names.values(), (7, 8), strict=True)).get,
        **({"lang_code_to_token": names} if codes else {}),
    )


def save(folder, model_type, **changes):
    """Save a tiny model of random weights that reads letters, with a tokenizer that takes languages."""
    torch.manual_seed(0)
    size = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    size |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "max_position_embeddings": 64, "init_std": 0.5}
    names = [*SPECIALS, *LETTERS, *LANGUAGES]
    tokens = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}
    config = transformers.AutoConfig.for_model(model_type, vocab_size=len(names), **size, **tokens, **changes)
    model = transformers.AutoModelForSeq2SeqLM.from_config(config)
    model.generation_config.update(max_length=12, num_beams=1)
    model.save_pretrained(folder)
    tokenizer = Tokenizer(models.BPE({one: at for at, one in enumerate(names)}, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    tokenizer.add_special_tokens([*SPECIALS, *LANGUAGES])
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    named |= {"tokenizer_class": "NllbTokenizer", "src_lang": "eng_Latn", "additional_special_tokens": LANGUAGES}
    (folder / "tokenizer_config.json").write_text(json.dumps({**named, "model_max_length": 60}))


@pytest.fixture(scope="module")
def nllb(tmp_path_factory):
    """A tiny model of NLLB's kind, loaded."""
    folder = tmp_path_factory.mktemp("nllb")
    save(folder, "m2m_100")
    return load(TASK, find(row(model=str(folder)), Path("/"), Path("/")))


def test_languages_are_told_to_the_tokenizer(nllb):
    """Source and target language change what is written, each by its token, and whatever was asked before."""
    source, target = nllb.reader.convert_tokens_to_ids(["eng_Latn", "deu_Latn"])
    texts = {}
    for one in (("eng_Latn", "deu_Latn"), ("eng_Latn", "fra_Latn"), ("fra_Latn", "deu_Latn"), ("eng_Latn", "deu_Latn")):
        found = tuple((one.text, one.margin) for one in TASK.predict(nllb, TEXTS, pair(*one)))
        assert texts.setdefault(one, found) == found
    assert len({*texts.values()}) == 3
    nllb.reader.src_lang = "eng_Latn"
    batch = nllb.reader(TEXTS[0], return_tensors="pt")
    assert source in batch["input_ids"][0]
    written = nllb.model.generate(**batch, forced_bos_token_id=target, num_beams=1, max_length=12)
    assert int(written[0, 1]) == target
    text = nllb.reader.decode(written[0], skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert TASK.predict(nllb, TEXTS[:1], pair("eng_Latn", "deu_Latn"))[0].text == text


def test_a_batch_changes_nothing(nllb):
    """Texts of several lengths are translated together as each alone."""
    asked = pair("eng_Latn", "fra_Latn")
    for text, together in zip(TEXTS, TASK.predict(nllb, TEXTS, asked), strict=True):
        (alone,) = TASK.predict(nllb, [text], asked)
        assert together.text == alone.text
        assert together.margin == pytest.approx(alone.margin, abs=1e-5)


@pytest.mark.skipif(transformers.__version__ >= "5", reason="transformers 5 has no such pipeline")
@pytest.mark.parametrize("beams", [1, 3])
def test_translations_equal_the_pipeline(nllb, beams):
    """Each translation is that of transformers' pipeline, letter for letter, greedily and with beams."""
    languages = {"src_lang": "eng_Latn", "tgt_lang": "deu_Latn"}
    pipeline = transformers.pipeline("translation", model=nllb.model, tokenizer=nllb.reader, **languages)
    asked = pair("eng_Latn", "deu_Latn", generation={"num_beams": beams, "max_new_tokens": 9})
    theirs = [pipeline(one, num_beams=beams, max_new_tokens=9)[0]["translation_text"] for one in TEXTS]
    assert [one.text for one in TASK.predict(nllb, TEXTS, asked)] == theirs
    assert len({*theirs}) > 1


@pytest.mark.parametrize("codes", [False, True])
def test_forced_tokens(codes):
    """The token of the target language is forced, whether a language is its own token or has one of another name."""
    reader = languages(codes)
    assert told(reader, source_language="en", target_language="de").options == {"forced_bos_token_id": 8}
    assert reader.src_lang == "en"


def test_prefixes():
    """A model that has settings for both languages is asked by them, and one that is told a prefix by that."""
    asked = told(params=PREFIXES, source_language="en", target_language="de")
    assert (asked.params, asked.prefix) == ("translation_en_to_de", None)
    assert told(params=PREFIXES, source_language="en", target_language="de", prefix="x: ").prefix == "x: "
    assert told(params=PREFIXES, prefix=">>deu<< ").prefix == ">>deu<< "
    assert told().prefix is None
    assert told(prefix="").prefix == ""


@pytest.mark.parametrize(
    ("reader", "params", "keys", "message"),
    [
        (languages(), None, {}, "it writes in several languages: write source_language and target_language, both"),
        (languages(), None, {"source_language": "en"}, "write source_language and target_language, both"),
        (
            languages(),
            None,
            {"source_language": "en", "target_language": "fr"},
            "target_language = 'fr' is no language",
        ),
        (
            languages(),
            None,
            {"source_language": "ne", "target_language": "de"},
            "source_language = 'ne' is no language",
        ),
        (languages(True), None, {"source_language": "en", "target_language": "__de__"}, "'__de__' is no language"),
        (None, PREFIXES, {}, "several languages (translation_en_to_de, translation_en_to_fr): write source_language"),
        (None, PREFIXES, {"source_language": "en", "target_language": "dee"}, "did you mean 'translation_en_to_de'?"),
        (None, None, {"source_language": "en", "target_language": "de"}, "its tokenizer takes no languages"),
        (None, None, {"target_language": "de"}, "one language alone is said"),
    ],
    ids=range(9),
)
def test_languages_that_cannot_be_told(reader, params, keys, message):
    """A model that needs languages and is told none, or is told what it does not know, is asked nothing."""
    with pytest.raises(SurroundingsFault) as caught:
        told(reader, params, **keys)
    assert message in str(caught.value)


def test_what_servers_are_asked():
    """A server is told both languages, or what its chat is to be told."""
    method, told_server = TASK.served("Hi.", pair(generation={"max_new_tokens": 9}, prefix="x: "))
    assert (method, told_server["text"]) == ("translation", "x: Hi.")
    assert (told_server["src_lang"], told_server["tgt_lang"]) == ("en", "de")
    method, told_server = TASK.served("Hi.", row(chat={"prompt": "In German: {text}"}))
    assert (method, told_server["messages"][0]["content"]) == ("chat_completion", "In German: Hi.")


def test_settings_that_are_replaced():
    """What a model says for both languages counts more than what it says at all."""
    config = {"task_specific_params": {"translation_en_to_de": {"do_sample": False}}}
    settings = {"do_sample": True, "max_length": 400}
    assert TASK.replaced(config, settings, pair()) == []
    assert "do_sample = True" in TASK.replaced(config, settings, pair(target="fr"))


FAULTY_CASES = """
latency = "sun"

[[case]]
id = "sun"
text = "The sun is out."
expected = { translation = "Die Sonne scheint.", must_not = ["zzz"] }

[[case]]
id = "once"
text = "Once"
expected = { translation = "Einmal.", must_not = ["zzz"] }
"""


def test_faults(faults):
    """Another tokenizer, noise, another language, a shorter text, a prefix, another text: none passes."""
    project = faults("translation", FAULTY_CASES)
    settings = ['source_language = "eng_Latn"', 'target_language = "deu_Latn"', "generation = { max_new_tokens = 9 }"]
    tiers = dict.fromkeys(["as_it_was", "tokenizer", "noise"], settings)
    tiers |= {"target": [settings[0], settings[1].replace("deu", "fra"), settings[2]], "none": settings[2:]}
    tiers |= {"shorter": [*settings[:2], settings[2].replace("9", "3")], "prefix": [*settings, 'prefix = "> "']}
    for tier in tiers:
        folder = project.path / "models" / tier
        folder.mkdir(parents=True)
        save(folder, "m2m_100")
    model = 'model = "../../models/{}"'
    project.rows({tier: "\n".join([model.format(tier), *settings]) for tier in tiers})
    assert {verdict for verdict, _ in project.run("--snapshot-update").values()} == {"PASS"}
    path = project.path / "models" / "tokenizer" / "tokenizer.json"
    whole = json.loads(path.read_text())
    moved = dict(zip(LETTERS, [*LETTERS[1:], LETTERS[0]], strict=True))
    whole["model"]["vocab"] = {moved.get(one, one): at for one, at in whole["model"]["vocab"].items()}
    path.write_text(json.dumps(whole))
    path = project.path / "models" / "noise" / "model.safetensors"
    drawn = torch.Generator().manual_seed(7)
    tensors = {name: one + torch.randn(one.shape, generator=drawn) / 20 for name, one in load_file(path).items()}
    save_file(tensors, path, {"format": "pt"})
    project.rows({tier: "\n".join([model.format(tier), *lines]) for tier, lines in tiers.items()})
    found = project.run()
    assert found.pop("as_it_was")[0] == "PASS"
    assert {tier: verdict for tier, (verdict, _) in found.items() if verdict == "PASS"} == {}
    assert "write source_language and target_language" in found["none"][1]
    project.write("fixtures/translation/cases.toml", FAULTY_CASES.replace("is out", "is in"))
    verdict, why = project.run()["as_it_was"]
    assert verdict != "PASS"
    assert "the input was changed since the golden was recorded" in why
