"""Weights that a file lacks: what no answer depends on harms nothing, what is read and would be random is refused."""

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from swapgate.core.faults import SurroundingsFault
from swapgate.models.loading import find, load
from swapgate.project.manifest import Row, row_type
from swapgate.tasks import find_task

SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
TWO_SIDED = {
    **{"vocab_size": 50, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2},
    **{"decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "pad_token_id": 1},
    **{"bos_token_id": 2, "eos_token_id": 2, "decoder_start_token_id": 3},
}
WAVES = {**SMALL, "vocab_size": 10, "conv_dim": (8,) * 7, "num_conv_pos_embeddings": 4}
WAVES |= {"num_conv_pos_embedding_groups": 2}
MODELS = {
    "Bert": ("SequenceClassification", {**SMALL, "vocab_size": 50}),
    "Beit": ("ImageClassification", {**SMALL, "image_size": 32, "use_mask_token": True}),
    "DistilBert": (
        "SequenceClassification",
        {"vocab_size": 50, "dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 16, "sinusoidal_pos_embds": True},
    ),
    "Dinov2": ("ImageClassification", {**SMALL, "image_size": 28}),
    "Hubert": ("CTC", WAVES),
    "Mamba": ("CausalLM", {"vocab_size": 50, "hidden_size": 16, "num_hidden_layers": 1, "state_size": 4}),
    "Pegasus": ("ConditionalGeneration", TWO_SIDED),
    "ResNet": (
        "ImageClassification",
        {"embedding_size": 8, "hidden_sizes": [8], "depths": [1], "layer_type": "basic"},
    ),
    "Swin": (
        "ImageClassification",
        {"image_size": 32, "embed_dim": 8, "depths": [1], "num_heads": [2], "window_size": 4},
    ),
    "Wav2Vec2": ("CTC", WAVES),
    "Wav2Vec2Bert": ("CTC", {**SMALL, "vocab_size": 10, "feature_projection_input_dim": 8}),
    "Whisper": ("ConditionalGeneration", {**TWO_SIDED, "num_mel_bins": 8, "max_source_positions": 20}),
    "XLNet": (
        "SequenceClassification",
        {"vocab_size": 50, "d_model": 16, "n_layer": 1, "n_head": 2, "d_inner": 16},
    ),
}
"""From families of models to what one is for, and its sizes."""
AUTO = {"Pegasus": "AutoModelForSeq2SeqLM", "Whisper": "AutoModelForSpeechSeq2Seq"}


@pytest.fixture
def without(tmp_path):
    """Return a model of a family with random weights, and what it is once some are taken out of its file."""

    def make(family, *lost, **config):
        head, sizes = MODELS[family]
        torch.manual_seed(7)
        settings = getattr(transformers, f"{family}Config")(**sizes, **config)
        whole = getattr(transformers, f"{family}For{head}")(settings).eval()
        folder = tmp_path / "model"
        whole.save_pretrained(folder)
        file = folder / "model.safetensors"
        kept = {name: one for name, one in load_file(file).items() if not any(part in name for part in lost)}
        save_file(kept, file, metadata={"format": "pt"})
        auto = AUTO.get(family, f"AutoModelFor{head}")
        return whole, load(find(Row(model=str(folder)), tmp_path, tmp_path), auto, None).model

    return make


@pytest.mark.parametrize(
    ("family", "lost", "given"),
    [
        ("Wav2Vec2", "masked_spec_embed", (1, 4000)),
        ("Hubert", "masked_spec_embed", (1, 4000)),
        ("Wav2Vec2Bert", "masked_spec_embed", (1, 9, 8)),
        ("Dinov2", "mask_token", (1, 3, 28, 28)),
        ("Beit", "mask_token", (1, 3, 32, 32)),
        ("XLNet", "mask_emb", None),
        ("ResNet", "num_batches_tracked", (1, 3, 32, 32)),
        ("Swin", "relative_position_index", (1, 3, 32, 32)),
        ("Whisper", "encoder.embed_positions", (1, 8, 40)),
        ("Pegasus", "embed_positions", None),
        ("DistilBert", "position_embeddings", None),
    ],
)
def test_weights_of_no_answer(without, family, lost, given):
    """Without masks of the training, counters and tables that the architecture computes, answers are the same."""
    whole, found = without(family, lost)
    inputs = torch.tensor([[5, 6, 7, 2]]) if given is None else torch.randn(given)
    more = {"decoder_input_ids": torch.tensor([[3, 8]])} if whole.config.is_encoder_decoder else {}
    with torch.inference_mode():
        one, other = (model(**{model.main_input_name: inputs, **more}).logits for model in (whole, found))
    assert torch.allclose(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("family", "lost"),
    [
        ("Bert", "classifier.weight"),
        ("Bert", "classifier.bias"),
        ("Bert", "output.LayerNorm.weight"),
        ("Bert", "position_embeddings"),
        ("Beit", "cls_token"),
        ("ResNet", "running_mean"),
        ("Whisper", "decoder.embed_positions"),
        ("Mamba", "A_log"),
        ("XLNet", "r_w_bias"),
        ("Swin", "relative_position_bias_table"),
    ],
)
def test_weights_of_answers(without, family, lost):
    """A weight that an answer depends on is refused, also one that is always 0 or 1, or a ramp, before the training."""
    with pytest.raises(SurroundingsFault, match=rf"^model lacks \d of the weights .*{lost}.*; they would be random"):
        without(family, lost)


def test_masks_beside_heads(without):
    """A mask that harms nothing does not excuse a head that is missing too."""
    with pytest.raises(SurroundingsFault, match="lacks 2 of the weights"):
        without("Dinov2", "mask_token", "classifier.bias")


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_broken_weights_are_not_missing_ones(tmp_path, value):
    """A model whose own numbers are broken is not told to lack a pooler that nobody reads: what it says is red."""
    torch.manual_seed(7)
    model = transformers.BertModel(transformers.BertConfig(**SMALL, vocab_size=50), add_pooling_layer=False)
    model.encoder.layer[0].output.LayerNorm.weight.data[0] = value
    model.save_pretrained(tmp_path / "model")
    row = row_type(find_task("retrieval"))(model=str(tmp_path / "model"))
    found = load(find(row, tmp_path, tmp_path), "AutoModel", None).model
    assert not found(torch.tensor([[5, 6]])).last_hidden_state.isfinite().all()
    assert found.pooler.dense.weight.isnan().all()


def test_masks_are_no_numbers(without):
    """What no answer reads is NaN from then on: an answer that reads it after all is no number, and red."""
    _, found = without("Wav2Vec2", "masked_spec_embed")
    assert found.wav2vec2.masked_spec_embed.isnan().all()
