"""How many tokens a model reads: as many as its table of positions has places for, any number where it has none."""

import math
from pathlib import Path

import pytest
import torch
import transformers

from swapgate.core.faults import SurroundingsFault
from swapgate.project.manifest import row_type
from swapgate.tasks import find_task
from swapgate.tasks.positions import LENGTH, most_places, whole_number
from swapgate.tasks.task import Loaded

ZOO = Path(__file__).parents[3] / "fixtures" / "zoo"
PLACES = 40
TINY = {
    "vocab_size": 200,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": PLACES,
    "pad_token_id": 0,
}
REFORMER = {
    "vocab_size": 200,
    "attention_head_size": 8,
    "attn_layers": ["local"],
    "axial_pos_shape": [5, 8],
    "axial_pos_embds_dim": [8, 8],
    "hidden_size": 16,
    "num_attention_heads": 2,
    "local_attn_chunk_length": 8,
    "max_position_embeddings": PLACES,
}
LED = {
    "vocab_size": 200,
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "attention_window": 8,
    "max_encoder_position_embeddings": PLACES,
    "max_decoder_position_embeddings": 10,
}


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")  # what transformers 4 decorates DeBERTa with
@pytest.mark.parametrize(
    ("kind", "settings", "places"),
    [
        ("Deberta", TINY | {"position_biased_input": False, "relative_attention": True}, math.inf),
        ("DebertaV2", TINY | {"position_biased_input": False, "position_buckets": 20}, math.inf),
        ("DebertaV2", TINY, PLACES),
        ("ModernBert", TINY, math.inf),
        ("Llama", TINY, math.inf),
        ("RoFormer", TINY, PLACES),
        ("Bert", TINY, PLACES),
        ("Roberta", TINY | {"pad_token_id": 1}, PLACES - 2),
        ("IBert", TINY | {"pad_token_id": 1, "quant_mode": False}, PLACES - 2),
        ("Nystromformer", TINY, PLACES),
        (
            "CTRL",
            {"vocab_size": 200, "n_positions": PLACES, "n_embd": 16, "dff": 16, "n_layer": 1, "n_head": 2},
            PLACES,
        ),
        ("GPTJ", {"n_positions": PLACES, "n_embd": 16, "n_layer": 1, "n_head": 2, "rotary_dim": 4}, PLACES),
        ("Reformer", REFORMER, PLACES),
        ("LED", LED, PLACES),
    ],
)
def test_places(kind, settings, places):
    """A model takes as many tokens as it is said to, and none more where that is a number."""
    config = getattr(transformers, f"{kind}Config")(**settings)
    config.pad_token_id = config.pad_token_id or 0
    model = getattr(transformers, f"{kind}Model")(config).eval()
    assert most_places(model) == places

    def read(count):
        with torch.inference_mode():
            decoder = {"decoder_input_ids": torch.full((1, 5), 7)} if kind == "LED" else {}
            return model(input_ids=torch.full((1, count), 7), **decoder)

    if places == math.inf:
        read(5 * PLACES)
        return
    read(places)
    with pytest.raises((IndexError, RuntimeError, ValueError)):
        read(places + 1)


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_limit_of_the_tokenizer_alone():
    """A model without a table reads as much as its tokenizer allows, and a text that is longer is told by whom."""
    reader = transformers.AutoTokenizer.from_pretrained(ZOO / "sentiment" / "small")
    reader.model_max_length = 100
    config = transformers.ModernBertConfig(**TINY | {"vocab_size": len(reader)})
    loaded = Loaded(transformers.ModernBertForSequenceClassification(config).eval(), reader)
    task = find_task("sentiment")
    row = row_type(task)(model="x", labels={"*": "*"})
    assert task.predict(loaded, ["good " * 90], row)
    words = "the model reads at most 100 by the model_max_length in its tokenizer_config.json; shorten it, or write"
    with pytest.raises(SurroundingsFault, match=words):
        task.predict(loaded, ["good " * 110], row)


@pytest.mark.parametrize("limit", ["512", 4.5, math.nan, True])
def test_limit_that_is_no_number(limit):
    """A limit that is no number of tokens is told with the key to mend."""
    words = f"reads at most {limit!r} tokens, which is no number; mend model_max_length in tokenizer_config.json"
    with pytest.raises(SurroundingsFault, match=words):
        whole_number(limit, *LENGTH)
