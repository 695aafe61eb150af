"""What the displays have in common: axes, names of steps, and of outputs."""

from numbers import Integral

import numpy as np

from ..sequences import as_groups

# upper limits on named ticks, for words and for times
MOST_WORDS, MOST_TIMES = 40, 16


def matplotlib_pyplot():
    """matplotlib.pyplot, or an ImportError that says how to get it."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("gruc.inspection draws with matplotlib: pip install matplotlib.") from error
    return pyplot


def stacked_axes(ax, heights, width):
    """Axes one below the other, which share the axis of steps.

    Parameters
    ----------
    ax : matplotlib Axes or None
        Whose place they take; None: a new figure.
    heights : list of float
        Of each, in inches of a new figure.
    width : float
        Of a new figure.

    Returns
    -------
    list of matplotlib Axes
    """
    plt = matplotlib_pyplot()
    if ax is None:
        figure = plt.figure(figsize=(width, sum(heights) + 0.6), layout="constrained")
        grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    else:
        figure = ax.figure
        ax.set_axis_off()
        grid = ax.get_subplotspec().subgridspec(len(heights), 1, height_ratios=heights, hspace=0.12)
    first = figure.add_subplot(grid[0])
    axes = [first, *(figure.add_subplot(grid[i], sharex=first) for i in range(1, len(heights)))]
    for above in axes[:-1]:
        above.tick_params(labelbottom=False)
    return axes


def heat(ax, rows, *, cmap, limits, label=None, **kwargs):
    """Rows (n, T) as an image over steps 0, 1, ..., the first row at the top, with a colour bar."""
    low, high = limits
    options = {"cmap": cmap, "vmin": low, "vmax": high, "aspect": "auto", "interpolation": "nearest"}
    image = ax.imshow(rows, **options | kwargs)
    ax.figure.colorbar(image, cax=ax.inset_axes((1.015, 0, 0.02, 1)), label=label)
    return image


def name_steps(ax, names, n_steps, label="step"):
    """Ticks of steps: their numbers, or names as long as there is room for them."""
    ax.set_xlim(-0.5, n_steps - 0.5)
    if names is None:
        from matplotlib.ticker import MaxNLocator

        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.set_xlabel(label)
        return
    longest = max(map(len, names))
    most = n_steps if longest <= 2 else MOST_WORDS if longest < 10 else MOST_TIMES
    every = -(-n_steps // most)
    places = np.arange(n_steps - 1, -1, -every)[::-1]  # the last step is named
    ax.set_xticks(places, [names[i] for i in places], rotation=0 if longest <= 2 else 90)


def one_of(X, index):
    """The sequence of X at `index`, as a collection of one, in the form of X."""
    X = as_groups(X)
    n = len(X)
    if not isinstance(index, Integral) or not -n <= index < n:
        raise ValueError(
            f"index must be an integer from {-n} to {n - 1}, since X has {n} sequences; got {index!r}."
        )
    place = slice(int(index) % n, int(index) % n + 1)
    return X.iloc[place] if hasattr(X, "iloc") else X[place]
