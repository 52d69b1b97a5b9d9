"""Models that keep something of an input: what they say of the next does not depend on it."""

import pytest
import torch
import transformers

from swapgate.project.manifest import row_type
from swapgate.tasks import find_task
from swapgate.tasks.classes import classified
from swapgate.tasks.task import Loaded

TINY = {"vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


def texts(*lengths):
    """Return texts of these lengths, as batches."""
    torch.manual_seed(2)
    return [{"input_ids": torch.randint(5, 50, (1, length))} for length in lengths]


def big_bird():
    """Return a model that turns to full attention at a short text, and a short and a long one."""
    config = transformers.BigBirdConfig(**TINY, attention_type="block_sparse", block_size=4, num_random_blocks=1)
    return transformers.BigBirdForSequenceClassification(config), texts(8, 400)


def reformer():
    """Return a model that draws its hashes, and settles how many there are by the first text."""
    config = transformers.ReformerConfig(
        vocab_size=50,
        hidden_size=32,
        num_attention_heads=2,
        attention_head_size=16,
        attn_layers=["lsh"],
        lsh_attn_chunk_length=4,
        axial_pos_embds=False,
        max_position_embeddings=512,
        is_decoder=False,
    )
    return transformers.ReformerForSequenceClassification(config), texts(16, 256)


def rotary():
    """Return a model whose rotary positions are those of the longest text so far, and two that are beyond the usual."""
    rope = {"rope_type": "dynamic", "factor": 4.0}
    config = transformers.LlamaConfig(**TINY, max_position_embeddings=16, rope_scaling=rope, pad_token_id=0)
    return transformers.LlamaForSequenceClassification(config), texts(60, 20)


def swin():
    """Return a model that shifts no windows from a picture of one window on, and a small and a large one."""
    config = transformers.SwinConfig(
        image_size=64, patch_size=4, window_size=4, embed_dim=16, depths=[2], num_heads=[2]
    )
    pictures = [{"pixel_values": torch.rand(1, 3, size, size)} for size in (16, 64)]
    return transformers.SwinForImageClassification(config), pictures


@pytest.mark.parametrize("kind", [big_bird, reformer, rotary, swin])
def test_nothing_of_the_input_before(kind):
    """What a model says of an input is the same to the last bit, whether or not it was given another one before."""
    torch.manual_seed(1)
    model, (before, given) = kind()
    for weights in model.parameters():
        torch.nn.init.normal_(weights)  # large ones, so that what differs is seen
    row = row_type(find_task("sentiment"))(model="m", labels={"*": "*"})
    loaded = Loaded(model.eval(), None)
    alone = classified(loaded, given, row)
    classified(loaded, before, row)
    assert classified(loaded, given, row) == alone
    with torch.inference_mode():  # without forgetting it is another answer
        model(**before)
        scores = model(**given).logits.softmax(-1).min().item()
    assert scores != alone[0].scores[-1].score


def test_hooks_of_the_library_stay():
    """Hooks that transformers adds at the first call, as for a model that sums its layers, are not added once more."""
    config = transformers.Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8, 8),
        conv_stride=(5, 4),
        conv_kernel=(10, 8),
        num_feat_extract_layers=2,
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
        classifier_proj_size=8,
        use_weighted_layer_sum=True,
    )
    loaded = Loaded(transformers.Wav2Vec2ForSequenceClassification(config).eval(), None)
    row = row_type(find_task("sentiment"))(model="m", labels={"*": "*"})
    first, longer = ({"input_values": torch.rand(1, length)} for length in (1_600, 3_200))
    alone = classified(loaded, first, row)
    classified(loaded, longer, row)
    assert classified(loaded, first, row) == alone
