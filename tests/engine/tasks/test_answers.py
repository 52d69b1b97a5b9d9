"""Answers in every writing system, with tokenizers whose words begin with a space, or are whole sentences."""

from types import SimpleNamespace

import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from swapgate.inputs.given import Question
from swapgate.outputs import check_expected, output_of
from swapgate.outputs.answer import Answer, AnswerSpan, count
from swapgate.tasks import question_answering

SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]
KINDS = ["bert", "xlm-roberta", "deberta-v3", "modernbert"]
ANSWERS = {
    "English": ("The capital of France is Paris today.", "Paris"),
    "first": ("Paris is the capital of France.", "Paris"),
    "two words": ("She works for the New York Times now.", "New York Times"),
    "number": ("It cost 1,000.50 dollars.", "1,000.50"),
    "Russian": ("Столица Франции город Париж сегодня", "Париж"),
    "Korean": ("한국의 수도는 서울 입니다", "서울"),
    "Hindi": ("भारत की राजधानी नई दिल्ली है", "नई दिल्ली"),
    "Arabic": ("عاصمة فرنسا هي باريس اليوم", "باريس"),
    "Chinese": ("中国的首都是北京。上海很大。", "北京"),
    "Japanese": ("日本の首都は東京です。大阪もあります。", "東京"),
    "kana": ("わたしはりんごがすきです。", "りんご"),
    "mixed": ("彼は1995年にMicrosoftで働いていた。", "Microsoft"),
    "year": ("彼は1995年にMicrosoftで働いていた。", "1995"),
    "name in English": ("The tower 東京タワー stands in Tokyo today.", "東京タワー"),
    "Thai": ("เมืองหลวงของประเทศไทยคือกรุงเทพมหานคร", "กรุงเทพ"),
    "Lao": ("ນະຄອນຫຼວງຂອງລາວແມ່ນວຽງຈັນຢູ່", "ວຽງຈັນ"),
    "Khmer": ("រាជធានីគឺភ្នំពេញនៅកម្ពុជា", "ភ្នំពេញ"),
    "Burmese": ("မြို့တော်မှာနေပြည်တော်ဖြစ်သည်", "နေပြည်တော်"),
}


def split(kind):
    """Return what cuts a text into words, as the tokenizers of these models do."""
    space = pre_tokenizers.Metaspace()
    return {
        "bert": pre_tokenizers.BertPreTokenizer(),
        "xlm-roberta": pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), space]),
        "deberta-v3": space,
        "modernbert": pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False),
    }[kind]


def reader(kind, texts, limit=512):
    """Return a tokenizer that knows each character of these texts."""
    signs = sorted({*"".join(texts), "▁", *pre_tokenizers.ByteLevel.alphabet()} - {" "})
    if kind == "bert":
        vocabulary = [*SPECIAL, *signs, *(f"##{sign}" for sign in signs)]
        tokenizer = Tokenizer(
            models.WordPiece({token: at for at, token in enumerate(vocabulary)}, unk_token=SPECIAL[3])
        )
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    else:
        vocabulary = [*SPECIAL, *signs]
        tokenizer = Tokenizer(models.BPE({token: at for at, token in enumerate(vocabulary)}, [], unk_token=SPECIAL[3]))
    tokenizer.pre_tokenizer = split(kind)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    names = {"pad_token": "<pad>", "cls_token": "<s>", "sep_token": "</s>", "unk_token": "<unk>"}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=limit, model_input_names=["input_ids", "attention_mask"], **names
    )


def loaded(model, tokenizer):
    """Return a model and its tokenizer as the engine has them."""
    return SimpleNamespace(model=model, reader=tokenizer, placed=lambda batch: batch, most_tokens=1_000)


def answering(tokenizer, seed):
    """Return a model for question answering whose random weights make clear choices."""
    torch.manual_seed(seed)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.BertConfig(vocab_size=len(tokenizer), initializer_range=1.0, **sizes)
    model = transformers.BertForQuestionAnswering(config).eval()
    with torch.no_grad():
        model.qa_outputs.weight.normal_(0, 0.6)
    return model


class Sure(torch.nn.Module):
    """A model that is sure of one stretch of its context."""

    def __init__(self, tokenizer, context, start, end):
        super().__init__()
        self.config = SimpleNamespace(model_type="made up")
        (window,) = tokenizer("?", context)._encodings
        self.inside = [
            at
            for at, (side, (begin, until)) in enumerate(zip(window.sequence_ids, window.offsets, strict=True))
            if side == 1 and begin < end and until > start and context[begin:until].strip()
        ]

    def forward(self, input_ids, attention_mask):
        """Return the logits."""
        starts, ends = torch.zeros(2, *input_ids.shape)
        starts[:, self.inside[0]] = ends[:, self.inside[-1]] = 20.0
        return SimpleNamespace(start_logits=starts, end_logits=ends)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("context", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_right_answer(kind, context, answer, monkeypatch):
    """The answer that a model is sure of is given in its place, without the space before it, and is right."""
    monkeypatch.setattr(question_answering, "LONGEST", 64)  # each byte is a token
    start = context.index(answer)
    tokenizer = reader(kind, ["?", context])
    sure = loaded(Sure(tokenizer, context, start, start + len(answer)), tokenizer)
    (found,) = question_answering.predict(sure, [Question("?", context)], SimpleNamespace(no_answer=False, long=None))
    assert context[found.start : found.end] == found.text == found.text.strip()
    if kind in ("xlm-roberta", "deberta-v3") and context.isascii():
        assert found.text.rstrip(".") == answer  # such a tokenizer's words have their full stops
    else:
        assert (found.text, found.start) == (answer, start)
    assert check_expected(found, (AnswerSpan(start, answer),)) == []
    counted = count(found, (AnswerSpan(start, answer),))
    assert (counted["F1"], counted["exact match"]) == (1, 1)
    assert found.margin > 0.9


CONTEXTS = {
    "English": "The capital of France is Paris, said Ada (born 1815). Don't ask: Paris cost 1,000.50 dollars.",
    "Korean": "서울은 한국의 수도이고 부산은 항구 도시이다. 서울에서 만나자.",
    "Hindi": "भारत की राजधानी नई दिल्ली है। मुंबई एक बड़ा शहर है।",
    "Arabic": "عاصمة فرنسا هي باريس، وعاصمة مصر هي القاهرة.",
    "Chinese": "中国的首都是北京。上海是中国最大的城市。北京有很多人。",
    "Japanese": "日本の首都は東京です。大阪は日本の都市です。東京の人口は多いです。カタカナの言葉。",
    "mixed": "彼は1995年にMicrosoftで働く。彼女はGoogleで2001年に働いた。",
    "Thai": "ประเทศไทยมีเมืองหลวงคือกรุงเทพ และเชียงใหม่เป็นเมืองใหญ่",
}


@pytest.mark.skipif(transformers.__version__ >= "5", reason="transformers 5 has no such pipeline")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # numpy 2, of the pipeline's tensors
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", CONTEXTS)
@pytest.mark.parametrize("limit", [512, 64], ids=["one window", "several"])
def test_answer_of_the_pipeline(kind, language, limit):
    """Answer and score are the pipeline's but for spaces around it; where it takes sentences for words, those without.

    A tokenizer of BERT knows each Chinese character as a word, and so does the pipeline.
    """
    context = CONTEXTS[language]
    tokenizer = reader(kind, ["?", *CONTEXTS.values()], limit)
    aligned = language not in ("Chinese", "Japanese", "mixed", "Thai") or (kind, language) == ("bert", "Chinese")
    for seed in range(5):
        model = answering(tokenizer, seed)
        pipeline = transformers.pipeline("question-answering", model=model, tokenizer=tokenizer)
        theirs = pipeline(question="?", context=context, align_to_words=aligned)
        (ours,) = question_answering.predict(
            loaded(model, tokenizer), [Question("?", context)], SimpleNamespace(no_answer=False, long=None)
        )
        assert ours.text == theirs["answer"].strip()
        assert theirs["start"] <= ours.start <= ours.end <= theirs["end"]
        assert ours.score == pytest.approx(theirs["score"], abs=1e-5)


def test_no_blank_answer():
    """A model that is sure of a space gives the words beside it, or another answer, and never a blank one."""
    context = "one  \u3000 two"
    for kind in KINDS:
        tokenizer = reader(kind, ["?", context, "\u3000"])
        for seed in range(5):
            drawn = loaded(answering(tokenizer, seed), tokenizer)
            (found,) = question_answering.predict(
                drawn, [Question("?", context)], SimpleNamespace(no_answer=False, long=None)
            )
            assert found.text.strip() == found.text != ""
            assert context[found.start : found.end] == found.text


@pytest.mark.parametrize(("said", "right"), [("型", "A型"), ("社", "A社"), ("!", "?"), ("the", "")])
def test_words_that_a_metric_would_drop(said, right):
    """What is no right answer is no exact match either: a letter is no article, and signs that stand alone count."""
    wanted = (AnswerSpan(0, right),) if right else ()
    found = count(Answer(said, 0, len(said), 0.9, 0.9), wanted)
    assert found["exact match"] == 0
    assert found["F1"] < 1


def test_told_apart_by_place():
    """The same words at another place are another answer, for one of them may be wrong; scores are not told."""
    here, there, surer = (
        Answer("Paris", start, start + 5, score, 0.8) for start, score in ((0, 0.9), (40, 0.9), (0, 1))
    )
    told = output_of(here).answer
    assert told(here) == told(surer) == "Paris (0-5)"
    assert told(there) != told(here)
    assert told(Answer("", 0, 0, 0.9, 0.8)) == "no answer"
