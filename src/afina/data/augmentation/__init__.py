"""Made-up sentences: templates and slips of the keyboard, and the texts that are taught with `--augment`."""

from afina.data.augmentation.augmenting import Augmented, augment
from afina.data.augmentation.templates import Lexicon, fill, fill_each, fill_many
from afina.data.augmentation.typos import double_letter, hit_neighbour, leave_out_letter, swap_letters

__all__ = [
    "Augmented",
    "Lexicon",
    "augment",
    "double_letter",
    "fill",
    "fill_each",
    "fill_many",
    "hit_neighbour",
    "leave_out_letter",
    "swap_letters",
]
