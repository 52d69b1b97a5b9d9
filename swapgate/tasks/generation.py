"""How texts are written, as a row of the models file may set it."""

from pydantic import ConfigDict, Field

from swapgate.core.tables import Table


class Generation(Table):
    """How a text is written; what is not set is as the model's own generation_config.json says."""

    model_config = ConfigDict(allow_inf_nan=False)

    num_beams: int | None = Field(None, ge=1)
    min_length: int | None = Field(None, ge=0)
    max_length: int | None = Field(None, ge=1)
    min_new_tokens: int | None = Field(None, ge=0)
    max_new_tokens: int | None = Field(None, ge=1)
    length_penalty: float | None = None
    no_repeat_ngram_size: int | None = Field(None, ge=0)
