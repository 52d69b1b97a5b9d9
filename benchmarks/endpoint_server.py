"""The zoo behind HTTP: python benchmarks/endpoint_server.py PORT serves each original model's pipeline at /SUITE.

Needs transformers 4.57, whose pipelines are of all eight tasks, and: pip install starlette uvicorn
"""

import base64
import functools
import io
import sys
from pathlib import Path
from typing import Any

import librosa
import soundfile
import torch
import transformers
import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

ZOO = Path(__file__).parents[1] / "fixtures" / "zoo"
KINDS = {"sentiment": "text-classification", "speech-recognition": "automatic-speech-recognition"}
"""Pipelines of suites that are called otherwise."""


@functools.cache
def pipeline(suite: str) -> Any:
    """Load the pipeline of a suite's original model."""
    return transformers.pipeline(KINDS.get(suite, suite), str(ZOO / suite / "original"), dtype=torch.float32)


def predict(suite: str, inputs: Any, parameters: dict[str, Any]) -> Any:
    """Return what the pipeline says of an input, as JSON."""
    how = parameters.pop("generate_parameters", {})
    if isinstance(inputs, dict) and "question" in inputs:
        return pipeline(suite)(**inputs, **parameters)
    return pipeline(suite)(inputs, **parameters, **how)


async def answer(request: Request) -> JSONResponse:
    """Answer one request."""
    suite, body, kind = request.path_params["suite"], await request.body(), request.headers["content-type"]
    pipeline(suite)  # here and not in the pool of threads, which would load it several times at once
    asked: dict[str, Any] = {"inputs": body}
    if kind == "application/json":
        asked = await request.json()
    if kind.startswith("audio/"):
        samples, rate = soundfile.read(io.BytesIO(body), dtype="float32")
        own = pipeline(suite).feature_extractor.sampling_rate  # the pipeline would ask for torchaudio
        asked["inputs"] = {"raw": librosa.resample(samples, orig_sr=rate, target_sr=own), "sampling_rate": own}
    elif suite in ("image-classification", "object-detection"):
        given = asked["inputs"]
        asked["inputs"] = Image.open(io.BytesIO(given if isinstance(given, bytes) else base64.b64decode(given)))
    try:
        said = await run_in_threadpool(predict, suite, asked["inputs"], asked.get("parameters", {}))
    except Exception as error:  # as the inference toolkit does
        return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=400)
    return JSONResponse(plain(said))


def plain(said: Any) -> Any:
    """Return what JSON can hold of numbers of numpy."""
    if isinstance(said, dict):
        return {key: plain(value) for key, value in said.items()}
    if isinstance(said, list):
        return [plain(value) for value in said]
    return said.item() if hasattr(said, "item") else said


if __name__ == "__main__":
    torch.set_num_threads(1)
    routes = [Route("/{suite}", answer, methods=["POST"])]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
