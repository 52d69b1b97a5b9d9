"""Which models are still needed: each is let go when the last test that runs it is over."""

from collections import Counter

from swapgate.trials.running import Model


class Pool:
    """How many of the tests to come need each model, so that it is let go when its last test is over."""

    def __init__(self) -> None:
        self._needs: Counter[Model] = Counter()

    def expect(self, models: list[Model]) -> None:
        """Count the models that one test will need."""
        self._needs.update(models)

    def done(self, models: list[Model]) -> None:
        """Note that a test that needed these models is over."""
        for model in models:
            self._needs[model] -= 1
            if self._needs[model] <= 0:
                model.release()
