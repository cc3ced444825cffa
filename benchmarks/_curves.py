"""The figure of accuracy_over_time.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from afina.pages.drawing import BLUE, GREEN, INK, MUTED, ORANGE, VERMILION, canvas, to_svg

# Colour, line and dot of each method: none is told by colour alone.
_STYLES = {
    "full": (BLUE, "-", "o"),
    "frozen": (GREEN, "-", "s"),
    "head": (ORANGE, "-", "^"),
    "lora": (VERMILION, "-", "D"),
    "tfidf": (INK, (0, (4, 2)), "x"),
}
_NAMES = {"tfidf": "TF-IDF"}
_LOWEST = 0.7


def draw_curves(curves: Mapping[str, Sequence[Mapping[str, float]]], *, marks: Sequence[float], name: str) -> str:
    """A line of accuracy against seconds for each method, as a file of its own.

    Args:
        curves: Points with `seconds` and `accuracy` by method.
        marks: Accuracies at which a dashed line stands.
        name: The data set.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    seconds = [point["seconds"] for points in curves.values() for point in points]
    accuracies = [point["accuracy"] for points in curves.values() for point in points]
    with canvas(300, width=480) as (figure, axes):
        axes.set(xscale="log", xlabel="seconds of training", ylabel="accuracy on held-out texts")
        axes.set(xlim=(min(seconds) * 0.8, max(seconds) * 1.25), ylim=(_LOWEST, max(0.92, *accuracies) + 0.01))
        axes.grid(axis="y")
        for mark in marks:
            axes.axhline(mark, color=MUTED, linestyle=(0, (1, 2)), linewidth=1)
        for method, points in curves.items():
            colour, line, dot = _STYLES[method]
            axes.plot(
                [point["seconds"] for point in points], [point["accuracy"] for point in points], color=colour,
                linestyle=line, marker=dot, markersize=4, linewidth=1.6, label=_NAMES.get(method, method),
            )  # fmt: skip
        axes.xaxis.set_major_locator(FixedLocator([0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1200]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.minorticks_off()
        axes.legend(loc="lower right", frameon=False, labelcolor=INK)
        told = "; ".join(
            f"{_NAMES.get(method, method)}: {points[-1]['accuracy']:.3f} after {points[-1]['seconds']:.0f} seconds"
            for method, points in curves.items()
        )
        svg = to_svg(figure, title=f"Accuracy against seconds of training on {name}", description=f"{told}.")
    # Shown as a picture, it gets no colours from the page; without a ground of its own a dark page would hide it.
    return str(svg).replace('style="', f'style="background: #ffffff; color: {INK}; ', 1)
