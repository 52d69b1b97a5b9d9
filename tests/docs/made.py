"""Makes what pages need and no page makes: python made.py onnx|lora MODEL FOLDER, of a classifier of tokens."""

import shutil
import sys
import warnings
from pathlib import Path

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

kind, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
model = AutoModelForTokenClassification.from_pretrained(source, dtype=torch.float32, attn_implementation="eager").eval()
warnings.simplefilter("ignore")  # of what is traced, and of what peft finds renamed
if kind == "lora":
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    wrapped = get_peft_model(model, LoraConfig(r=4, target_modules=["query", "value"]))
    for name, tensor in wrapped.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(tensor, std=1e-3)
    wrapped.save_pretrained(target)
else:
    example = dict(AutoTokenizer.from_pretrained(source)(["Ada came.", "She went."], padding=True, return_tensors="pt"))
    target.mkdir(parents=True)
    for path in [*source.glob("*.json"), *source.glob("*.txt")]:
        shutil.copy(path, target)
    model.forward = lambda *given, said=model.forward: said(**dict(zip(example, given, strict=True))).logits
    torch.onnx.export(
        model,
        (*example.values(),),
        str(target / "model.onnx"),
        input_names=[*example],
        output_names=["logits"],
        dynamic_axes={name: {0: "batch_size", 1: "length"} for name in [*example, "logits"]},
        opset_version=17,
        dynamo=False,
    )
