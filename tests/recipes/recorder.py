"""A reporter for tests."""

from afina.recipes import Silent


class Recorder(Silent):
    """Keeps what it is told."""

    def __init__(self):
        self.told, self.warned, self.steps = [], [], []

    def tell(self, message):
        self.told.append(message)

    def warn(self, message):
        self.warned.append(message)

    def step(self, step, *, seconds_left):
        self.steps.append(step)
        assert seconds_left >= 0
