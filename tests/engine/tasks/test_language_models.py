"""What causal models write and weigh: beside transformers' pipeline, loops by hand, and in batches."""

import functools
import json
import shutil
import sys
import time
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

from swapgate.backends.transformers import load
from swapgate.core.faults import InputFault, ModelFault, SurroundingsFault
from swapgate.models.digest import folder_digest
from swapgate.models.loading import find, fingerprint
from swapgate.project.cases import read_cases
from swapgate.project.manifest import row_type
from swapgate.tasks import chats, find_task, text_generation
from swapgate.tasks.text_generation import PADDABLE

TASK = find_task("text-generation")
LETTERS = sorted(pre_tokenizers.ByteLevel.alphabet())
SPECIALS = ["<pad>", "<s>", "</s>", "<|user|>", "<|assistant|>", "<|system|>"]
TEMPLATE = (
    "<s>{% for message in messages %}{% if message.role == 'judge' %}{{ raise_exception('no judge') }}{% endif %}"
    "<|{{ message.role }}|>{{ message.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
PROMPTS = ["a", "The sun is out.", "So", "Once more, and then again", "é ß"]
CHAT = {"prompt": [{"role": "user", "content": "Who?"}]}
SIZE = {"vocab_size": len(LETTERS) + len(SPECIALS), "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}


def save(folder, model_type="llama", seed=0, scale=0.4, template=TEMPLATE, **changes):
    """Save a tiny model of random weights that reads letters, and give its folder."""
    torch.manual_seed(seed)
    small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 32}
    small |= {"num_key_value_heads": 4, "head_dim": 8, "ffn_dim": 32, "n_embd": 32, "n_layer": 2, "n_head": 4}
    small |= {"word_embed_proj_dim": 32, "num_layers": 2, "num_heads": 4, "n_layers": 2, "n_heads": 4, "d_model": 32}
    small |= {"attention_types": [[["global", "local"], 1]], "initializer_range": scale, "rotary_dim": 4}
    known = transformers.AutoConfig.for_model(model_type)
    own = {key: value for key, value in small.items() if hasattr(known, key)}
    config = transformers.AutoConfig.for_model(model_type, **{**own, **SIZE, **changes})
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    model.generation_config.max_new_tokens = 12
    model.save_pretrained(folder)
    tokenizer = Tokenizer(models.BPE({one: at for at, one in enumerate([*SPECIALS, *LETTERS])}, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.add_special_tokens(SPECIALS)
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "model_max_length": 100}
    named["tokenizer_class"] = "PreTrainedTokenizerFast"
    (folder / "tokenizer_config.json").write_text(json.dumps(named))
    if template:
        (folder / "chat_template.jinja").write_text(template)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny Llama."""
    return save(tmp_path_factory.mktemp("llama"))


def row(folder, **keys):
    """Return a row of a models file."""
    return row_type(TASK).model_validate({"model": str(folder), **keys})


def loaded(folder, **keys):
    """Load a model of a folder."""
    return load(TASK, find(row(folder, **keys), Path("/"), Path("/")))


@pytest.fixture(scope="module")
def model(folder):
    """The tiny Llama, loaded."""
    return loaded(folder)


def predict(model, folder, *inputs, **keys):
    """Ask a model by a row with these keys."""
    return TASK.predict(model, inputs, row(folder, **keys))


def test_texts_equal_the_pipeline(model, folder):
    """What is written in one batch is what transformers' pipeline writes one by one, of prompts and of chats."""
    pipeline = transformers.pipeline("text-generation", model=model.model, tokenizer=model.reader)
    ours = predict(model, folder, *PROMPTS, CHAT)
    theirs = [
        pipeline(one, do_sample=False, max_new_tokens=12, return_full_text=False)[0]["generated_text"]
        for one in PROMPTS
    ]
    theirs.append(pipeline(CHAT["prompt"], do_sample=False, max_new_tokens=12)[0]["generated_text"][-1]["content"])
    assert [one.text for one in ours] == [one.strip() for one in theirs]
    assert len({one.text for one in ours}) > 2


def test_likelihoods_equal_a_loop(model, folder):
    """The log-likelihood of a choice is the sum over its tokens, with the spaces at the end of the prompt."""
    (found,) = predict(model, folder, {"prompt": "To be ", "choices": ["or", "not at all"]})
    for choice in found.choices:
        ids, start = model.reader("To be " + choice.text)["input_ids"], len(model.reader("To be")["input_ids"])
        total = 0.0
        for at in range(start, len(ids)):
            with torch.no_grad():
                scores = model.model(torch.tensor([ids[:at]])).logits[0, -1].double()
            total += float(scores.log_softmax(-1)[ids[at]])
        assert choice.log_likelihood == pytest.approx(total, abs=1e-4)
        assert choice.tokens == len(ids) - start


def test_choices_by_their_length(model, folder):
    """Choices are weighed by the sum, or by it a character, byte or token."""
    asked = {"prompt": "I say", "choices": [" no", " yéééés", " certainly and always"]}
    for normalize, length in [(None, lambda _: 1), ("characters", len), ("bytes", lambda text: len(text.encode()))]:
        (found,) = predict(model, folder, asked, **({"normalize": normalize} if normalize else {}))
        scores = {one.text: one.log_likelihood / length(one.text.strip()) for one in found.choices}
        assert found.text == max(scores, key=scores.get)
        chances = torch.tensor([*scores.values()]).softmax(0).tolist()
        assert [one.chance for one in found.choices] == pytest.approx(chances, abs=1e-5)
        first, second = sorted(chances, reverse=True)[:2]
        assert found.margin == pytest.approx(first - second, abs=1e-5)


@pytest.mark.parametrize(
    "own",
    [
        {"max_new_tokens": 5},
        {"min_new_tokens": 9},
        {"min_new_tokens": 3, "max_new_tokens": 9},
    ],
)
def test_the_models_own_lengths(tmp_path, own):
    """A text is as long as generate of transformers makes it by the model's own settings, whatever is beside it."""
    read = loaded(where := save(tmp_path))
    settings = read.model.generation_config
    alone = {one: read.reader(one, return_tensors="pt") for one in PROMPTS if len(one) < 20}
    first = read.model.generate(**alone["So"], do_sample=False)[0, alone["So"]["input_ids"].shape[1] :]
    settings.update(max_new_tokens=None, eos_token_id=[2, int(first[2])])
    (plain,) = predict(read, where, "So", generation={"max_new_tokens": 40})
    settings.update(**own)
    more = {} if "max_new_tokens" in own else {"max_new_tokens": 40}
    ours = predict(read, where, *alone, generation=more)
    for prompt, found in zip(alone, ours, strict=True):
        ids = read.model.generate(**alone[prompt], do_sample=False, **more)[0, alone[prompt]["input_ids"].shape[1] :]
        assert found.text == read.reader.decode(ids, skip_special_tokens=True).strip()
    assert (ours[[*alone].index("So")].text == plain.text) is not ("min_new_tokens" in own)


def test_margin_is_the_smallest_lead(model, folder):
    """The margin is the smallest lead of a step, as steps taken by hand have it."""
    (found,) = predict(model, folder, "The sun")
    ids, leads = model.reader("The sun")["input_ids"], []
    for _ in range(12):
        with torch.no_grad():
            best = model.model(torch.tensor([ids])).logits[0, -1].softmax(-1).topk(2)
        leads.append(float(best.values[0] - best.values[1]))
        ids.append(int(best.indices[0]))
        if ids[-1] == 2:
            break
    assert found.margin == pytest.approx(min(leads), abs=1e-5)


@pytest.mark.parametrize("model_type", sorted(PADDABLE))
def test_padding_changes_nothing(tmp_path, model_type):
    """Of each kind that reads prompts of several lengths together, none changes another."""
    try:
        where = save(tmp_path, model_type)
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # pragma: no cover - of an older transformers
        pytest.skip(f"{model_type}: {error}")
    read = loaded(where)
    asked = [*PROMPTS, {"prompt": "Go", "choices": [" on", " away from here"]}, {"prompt": "A", "reference": " text."}]
    for one, together in zip(asked, predict(read, where, *asked), strict=True):
        (alone,) = predict(read, where, one)
        assert together.text == alone.text
        assert together.margin == pytest.approx(alone.margin, abs=1e-5)
        for ours, theirs in zip(together.choices, alone.choices, strict=True):
            assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, abs=1e-3)


def test_stop_texts(model, folder, monkeypatch):
    """A text ends before the first of its stop texts, but has as many tokens as it must."""
    (whole,) = predict(model, folder, "Once more")
    letter = whole.text[4]
    (found,) = predict(model, folder, "Once more", stop=[letter, "never written"])
    assert found.text == whole.text[: whole.text.index(letter)].strip()
    assert found.margin >= whole.margin
    calls, kind = [], type(model.model)
    real = kind.forward
    monkeypatch.setattr(kind, "forward", functools.wraps(real)(lambda *a, **k: calls.append(1) or real(*a, **k)))
    predict(model, folder, "Once more", stop=[letter])
    assert 0 < len(calls) < 12
    calls.clear()
    predict(model, folder, "Once more", stop=[letter], generation={"min_new_tokens": 9, "max_new_tokens": 9})
    assert len(calls) == 9


def test_the_model_says_the_least(model, folder, monkeypatch):
    """A text has as many tokens as the model itself says, unless the row says another number."""
    letter = predict(model, folder, "Once more")[0].text[0]
    short = predict(model, folder, "Once more", stop=[letter])
    least = {"stop": [letter], "generation": {"min_new_tokens": 9}}
    (kept,) = predict(model, folder, "Once more", **least)
    monkeypatch.setattr(model.model.generation_config, "min_new_tokens", 9)
    assert predict(model, folder, "Once more", stop=[letter]) == [kept] != short
    none = {"stop": [letter], "generation": {"min_new_tokens": 0}}
    assert predict(model, folder, "Once more", **none) == short


def test_special_tokens_and_templates(model, folder):
    """Special tokens, a chat template and what the system says change what is read."""
    (plain,) = predict(model, folder, "Who?", generation={"max_new_tokens": 8})
    (chat,) = predict(model, folder, CHAT, generation={"max_new_tokens": 8})
    more = {"generation": {"max_new_tokens": 8}}
    assert predict(model, folder, "Who?", chat_template=True, **more) == [chat]
    assert predict(model, folder, "<s><|user|>Who?<|assistant|>", special_tokens=False, **more) == [chat]
    system = {"prompt": [{"role": "system", "content": "Hm."}, *CHAT["prompt"]]}
    assert predict(model, folder, CHAT, system="Hm.", **more) == predict(model, folder, system, **more)
    (other,) = predict(model, folder, "Who?", special_tokens=False, **more)
    assert len({one.margin for one in (plain, chat, other)}) == 3


def test_a_begun_answer_goes_on(model, folder):
    """Where the assistant has begun to answer, it goes on."""
    begun = {"prompt": [*CHAT["prompt"], {"role": "assistant", "content": "It is"}]}
    raw = "<s><|user|>Who?<|assistant|>It is"
    assert predict(model, folder, begun)[0].text == predict(model, folder, raw, special_tokens=False)[0].text


def test_the_day_changes_nothing(tmp_path):
    """A chat template that writes the date writes the same one each day."""
    where = save(tmp_path, template="{{ strftime_now('%A, %d %B %Y') }} {{ messages[0].content }}")
    head = text_generation._head(loaded(where), CHAT["prompt"], row(where))
    assert head == ("Wednesday, 01 January 2025 Who?", False)


LOOPS = "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}"
LINES = "{% for i in range(90000) %}{% for j in range(90000) %}\n{{ j }}\n{% endfor %}{% endfor %}"
CALLS = "{% macro f(x) %}{% if x %}{{ f(x - 1) }}{{ f(x - 1) }}{% endif %}{% endmacro %}{{ f(60) }}"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (LOOPS, "(TimeoutError: it took more than 1 s)"),
        (LINES, "(TimeoutError: it took more than 1 s)"),
        (CALLS, "(TimeoutError: it took more than 1 s)"),
        ("{{ 'a' * 30000000 }}", "it writes 30,000,000 letters, and may write 1,000,000"),
        ("{{ 10 ** 10 ** 10 }}", "it has powers (**), which may take for ever"),
        ("{% set x = 10 %}{{ x ** x ** x }}", "it has powers (**), which may take for ever"),
        ("{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}", "(Recursion"),
        ("{% for %}", "(TemplateSyntaxError: "),
    ],
)
def test_templates_without_end(tmp_path, monkeypatch, template, message):
    """A chat template that takes too long or writes too much is told in words, and nothing of it goes on."""
    where = save(tmp_path, template=template)
    monkeypatch.setattr(chats, "SECONDS", 1)
    before, read = sys.gettrace(), loaded(where)
    with pytest.raises(SurroundingsFault) as caught:
        predict(read, where, CHAT)
    assert message in str(caught.value)
    assert str(caught.value).startswith("its chat template does not take a chat of user (")
    assert sys.gettrace() is before
    start = time.thread_time()
    with pytest.raises(SurroundingsFault) as again:  # and not tried with each chat anew
        predict(read, where, CHAT)
    assert str(again.value) == str(caught.value)
    assert time.thread_time() - start < 1


def test_a_long_chat_is_written(tmp_path):
    """What a template may write grows with the chat, and stars in its text are no powers."""
    where = save(tmp_path, template="**{{ messages[0].content }}{{ messages[0].content }}")
    text = "x" * 600_000
    assert text_generation._head(loaded(where), [{"role": "user", "content": text}], row(where))[0] == f"**{text}{text}"


@pytest.mark.parametrize("own", [{"penalty_alpha": 0.6, "top_k": 4}, {"dola_layers": "high"}])
def test_ways_to_write_that_are_not_there(tmp_path, own):
    """What a model asks for that is not done is told with what to take out."""
    read = loaded(where := save(tmp_path))
    read.model.generation_config.update(**own)
    with pytest.raises(SurroundingsFault, match=f"take {min(own)} = .* out of its generation_config.json: judging"):
        predict(read, where, "So")


@pytest.mark.parametrize(
    ("asked", "keys", "message"),
    [
        ("x" * 95, {}, "a prompt has 96 tokens and up to 12 are to stand behind it, the model reads at most 100"),
        ("x", {"generation": {"max_new_tokens": 5000}}, "a text may have 5,000 tokens and must have 0"),
        ("x", {"generation": {"min_new_tokens": 9, "max_new_tokens": 4}}, "a text may have 4 tokens and must have 9"),
        ("x", {"system": "Hm."}, "system in its row is of chats"),
        (
            {"prompt": [{"role": "judge", "content": "x"}]},
            {},
            "does not take a chat of judge (TemplateError: no judge)",
        ),
        ({"prompt": "x" * 101, "choices": ["a", "b"]}, {}, "a prompt has 103 tokens and up to 0"),
    ],
)
def test_impossible(model, folder, asked, keys, message):
    """What cannot be read or written is told in words."""
    with pytest.raises(SurroundingsFault) as caught:
        predict(model, folder, asked, **keys)
    assert message in str(caught.value)


def test_without_a_template(tmp_path):
    """A chat needs a chat template; a prompt does not."""
    where = save(tmp_path, template=None)
    read = loaded(where)
    assert predict(read, where, "a")[0].text
    with pytest.raises(SurroundingsFault, match="has no chat template, and a prompt is a chat"):
        predict(read, where, CHAT)


def test_broken_weights(tmp_path):
    """Scores that are NaN are a fault of the model, of what is written and of what is weighed."""
    where = save(tmp_path)
    read = loaded(where)
    with torch.no_grad():
        read.model.model.norm.weight.fill_(torch.nan)
    written, chosen = predict(read, where, "a", {"prompt": "a", "choices": [" b", " c"]})
    assert isinstance(written, ModelFault)
    assert "2 of 2 texts have a score that is NaN" in str(chosen)


def test_a_template_counts_in_the_digest(tmp_path, folder):
    """A chat template that is dropped or changed makes another model; in which file it stands makes none."""
    first, as_loaded = folder_digest(folder), fingerprint(loaded(folder))
    inside = Path(shutil.copytree(folder, tmp_path / "inside"))
    settings = json.loads((inside / "tokenizer_config.json").read_text())
    text = (inside / "chat_template.jinja").read_text()
    (inside / "chat_template.jinja").unlink()
    assert folder_digest(inside) != first
    (inside / "tokenizer_config.json").write_text(json.dumps({**settings, "chat_template": text}))
    assert folder_digest(inside) == first
    assert fingerprint(loaded(inside)) == as_loaded
    (inside / "chat_template.jinja").write_text(f"{text} ")
    assert folder_digest(inside) != first
    assert fingerprint(loaded(inside)) != as_loaded


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"architectures": ["LlamaForCausalLM"]}, ""),
        ({"architectures": ["GPT2LMHeadModel"]}, ""),
        ({}, ""),
        ({"architectures": ["BertForMaskedLM"]}, "it is a BertForMaskedLM, which was not trained to write"),
        ({"is_encoder_decoder": True, "architectures": ["T5ForConditionalGeneration"]}, "has an encoder and a decoder"),
    ],
)
def test_other_models(config, words):
    """A model that was not trained to write behind a prompt is told from its config.json."""
    found = TASK.check_config(config)
    assert words in found
    assert bool(found) == bool(words)


def test_what_servers_are_asked(folder):
    """A server is asked for the text behind a prompt or in a chat; it weighs nothing."""
    more = {"stop": ["."], "generation": {"max_new_tokens": 9}}
    method, told = TASK.served("Go", row(folder, **more))
    assert (method, told["prompt"], told["max_new_tokens"], told["stop"]) == ("text_generation", "Go", 9, ["."])
    method, told = TASK.served(CHAT, row(folder, system="Hm.", **more))
    assert (method, told["max_tokens"]) == ("chat_completion", 9)
    assert told["messages"] == [{"role": "system", "content": "Hm."}, *CHAT["prompt"]]
    with pytest.raises(SurroundingsFault, match="weighed by a model itself"):
        TASK.served({"prompt": "a", "reference": "b"}, row(folder))


def cases(path, prompt='"Go"', **keys):
    """Write a cases file of one case, and read it."""
    lines = [f"{key} = {value}" for key, value in {"prompt": prompt, **keys}.items()]
    path.write_text("\n".join(['latency = "one"', "[[case]]", 'id = "one"', *lines]))
    return read_cases(path, TASK).cases[0]


def test_cases(tmp_path):
    """A case gives a prompt or messages, maybe choices or a reference, and what must be true."""
    path = tmp_path / "cases.toml"
    assert cases(path, expected='"Yes"').given == "Go"
    assert cases(path, expected='"Yes"').expected.text == "Yes"
    chosen = cases(path, choices='[" on", " off"]', expected='" on"')
    assert (chosen.input, chosen.expected.choice) == ({"prompt": "Go", "choices": [" on", " off"]}, " on")
    chat = cases(path, prompt='[{ role = "user", content = "Who?" }]', expected='{ contains = ["a"] }')
    assert (chat.input, chat.expected.contains) == (CHAT, ("a",))
    assert cases(path, reference='" on"', expected="{}").expected.reference == " on"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"expected": "{}"}, "expected asks for nothing; give"),
        ({"expected": "34"}, "case[one].expected: must be a text, found 34"),
        ({"expected": '{ choice = "a" }'}, "expected.choice is of a case with choices"),
        ({"expected": "{ bits_per_byte = 1 }"}, "expected.bits_per_byte is of a case with reference"),
        ({"expected": '{ matches = "(" }'}, "expected.matches = '(' is no regular expression"),
        ({"expected": '{ json_schema = { type = "x" } }'}, "expected.json_schema is no JSON schema"),
        ({"expected": '{ contains = ["\\u200b"] }'}, "expected.contains has"),
        (
            {"expected": f'{{ matches = "{"(" * 3000}{")" * 3000}" }}'},
            "is no regular expression (it is nested too deep",
        ),
        ({"expected": "{ json_schema = { const = 1979-05-27 } }"}, "holds what JSON has not"),
        ({"expected": "{ json_schema = { maximum = inf } }"}, "holds what JSON has not"),
        ({"expected": '{ json_schema = { requierd = ["a"] } }'}, "'requierd', did you mean 'required'?"),
        ({"expected": '{ json_schema = { properties.a.requierd = ["a"] } }'}, "no keyword is called 'requierd'"),
        ({"expected": '{ json_schema = { dependencies.a = ["b"] } }'}, "no keyword is called 'dependencies'"),
        ({"expected": '{ json_schema = { "$schema" = "http://json-schema.org/draft-07/schema#" } }'}, "$schema is"),
        ({"expected": '{ json_schema = { const = 5, "$ref" = "#/const" } }'}, "'#/const' refers to what is no schema"),
        ({"expected": '{ json_schema = { const = { type = "foo" }, "$ref" = "#/const" } }'}, "'foo' is not valid"),
        ({"expected": '{ json_schema = { pattern = "(" } }'}, "is not a 'regex'"),
        ({"expected": '{ json_schema = { "$ref" = "http://127.0.0.1:1/x" } }'}, "is no JSON schema (Unresolvable"),
        ({"expected": '{ json_schema = { "$id" = "http://[", "$ref" = "a" } }'}, "Invalid IPv6 URL"),
        ({"expected": '{ json_schema = { items."$ref" = "#/gone" } }'}, "is no JSON schema (PointerToNowhere"),
        ({"expected": '{ json_schema = { "$ref" = "#" } }'}, "is no JSON schema (it is nested too deep, or refers to"),
        ({"reference": '"c"', "expected": "{ bits_per_byte = inf }"}, "bits_per_byte: must be a finite number"),
        ({"reference": '" \\n"', "expected": "{}"}, "reference = ' \\n' has nothing that can be seen"),
        ({"expected": '" "'}, "expected.text = ' ' has nothing that can be seen"),
        ({"choices": '["a", "b"]', "expected": '"c"'}, "expected.choice = 'c' is none of its choices"),
        ({"choices": '["a", "a"]', "expected": '"a"'}, "a choice stands twice"),
        ({"choices": '["a"]', "expected": '"a"'}, "must have 2 parts or more"),
        ({"choices": '["a", "b"]', "expected": '{ text = "a" }'}, "so that nothing is written"),
        ({"choices": '["a", "b"]', "reference": '"c"', "expected": '"a"'}, "has choices and a reference"),
        ({"reference": '"c"', "expected": '"a"'}, "has a reference, so that nothing is written"),
        ({"prompt": "[]", "expected": '"a"'}, "prompt"),
        ({"prompt": '[{ role = "user" }]', "expected": '"a"'}, "content: missing; add it"),
    ],
)
def test_cases_that_ask_wrongly(tmp_path, keys, message):
    """What does not fit together in a case is told in words."""
    with pytest.raises(InputFault) as caught:
        cases(tmp_path / "cases.toml", **keys)
    assert message in str(caught.value)


def test_what_takes_long_to_see(tmp_path, monkeypatch):
    """Patterns and schemas are tried before anything is judged; no process is begun where tests are only shown."""
    path = tmp_path / "cases.toml"
    with pytest.raises(InputFault, match="is no regular expression"):
        cases(path, expected='{ matches = "(" }')
    monkeypatch.setattr("swapgate.outputs.checker._running", lambda: pytest.fail("a process was begun"))
    assert read_cases(path, TASK, thorough=False).cases[0].expected.matches == "("


FAULTY_CASES = """
latency = "raw"

[[case]]
id = "raw"
prompt = "Once more"
expected = { must_not = ["zzz"] }

[[case]]
id = "chat"
prompt = [{ role = "user", content = "Who?" }]
expected = { must_not = ["zzz"] }

[[case]]
id = "known"
prompt = "To be"
reference = " or not"
expected = {}
"""


def noisy(path):
    """Add noise of a twentieth of its spread to each tensor of a weight file."""
    drawn = torch.Generator().manual_seed(7)
    tensors = {
        name: one + torch.randn(one.shape, generator=drawn) * one.std(correction=0) / 20
        for name, one in load_file(path).items()
    }
    save_file(tensors, path, {"format": "pt"})


def turned(path):
    """Let a tokenizer write and read each letter as another one."""
    whole = json.loads(path.read_text())
    letters = [one for one in whole["model"]["vocab"] if one not in SPECIALS]
    moved = dict(zip(letters, [*letters[1:], letters[0]], strict=True))
    whole["model"]["vocab"] = {moved.get(one, one): at for one, at in whole["model"]["vocab"].items()}
    path.write_text(json.dumps(whole))


def test_faults(faults, folder):
    """Another tokenizer, noise, a template or stop text that is gone, a shorter text, another prompt: none passes."""
    project = faults("text-generation", FAULTY_CASES)
    (whole,) = predict(loaded(folder), folder, "Once more")
    settings = [f"stop = [{json.dumps(whole.text[6])}]", "generation = { max_new_tokens = 12 }"]
    tiers = {"as_it_was": settings, "tokenizer": settings, "noise": settings, "no_template": settings}
    tiers |= {"template": settings, "no_stop": settings[1:], "shorter": [settings[0], settings[1].replace("12", "3")]}
    tiers |= {"system": [*settings, 'system = "Hm."'], "no_special": [*settings, "special_tokens = false"]}
    for tier in tiers:
        shutil.copytree(folder, project.path / "models" / tier)
    model = 'model = "../../models/{}"'
    project.rows({tier: "\n".join([model.format(tier), *settings]) for tier in tiers})
    assert {verdict for verdict, _ in project.run("--snapshot-update").values()} == {"PASS"}
    models = project.path / "models"
    turned(models / "tokenizer" / "tokenizer.json")
    noisy(models / "noise" / "model.safetensors")
    (models / "no_template" / "chat_template.jinja").unlink()
    (models / "template" / "chat_template.jinja").write_text(TEMPLATE.replace("<|user|>", "").replace("<s>", ""))
    project.rows({tier: "\n".join([model.format(tier), *lines]) for tier, lines in tiers.items()})
    found = project.run()
    assert found.pop("as_it_was")[0] == "PASS"
    assert {tier: verdict for tier, (verdict, _) in found.items() if verdict == "PASS"} == {}
    project.write("fixtures/text-generation/cases.toml", FAULTY_CASES.replace("Who?", "Who is it?"))
    verdict, why = project.run()["as_it_was"]
    assert verdict != "PASS"
    assert "the input was changed since the golden was recorded" in why
