"""One module a task: from inputs to predictions. Each gives `label_names`, `load` and `predict`."""

from types import ModuleType

from swapgate.tasks import (
    audio_classification,
    image_classification,
    ner,
    object_detection,
    question_answering,
    sentiment,
    speech_recognition,
    summarization,
)

TASKS: dict[str, ModuleType] = {
    "sentiment": sentiment,
    "ner": ner,
    "question-answering": question_answering,
    "summarization": summarization,
    "speech-recognition": speech_recognition,
    "audio-classification": audio_classification,
    "image-classification": image_classification,
    "object-detection": object_detection,
}
