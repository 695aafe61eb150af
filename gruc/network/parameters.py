"""One table (name, shape) lays out every flat buffer of a network.

Parameters, gradients and the optimiser's moments are 1-D arrays of the same
layout, so that zeroing, clipping, a step of Adam, a copy of the best weights
and saving are each one call over one array.
"""

from math import prod

import numpy as np


class ParameterTable:
    """Names and shapes in the order in which they lie in a flat buffer.

    Parameters
    ----------
    entries : list of (str, tuple of int)
        Names are torch's, see `GRUNetwork`; matrices lie (inputs, outputs), the
        transposes of torch's.
    lookup_tables : collection of str
        Names of those that lie as torch's: tables of vectors, a row for each token.
    """

    def __init__(self, entries, lookup_tables=()):
        self.entries = entries
        self.lookup_tables = frozenset(lookup_tables)
        self._offsets, self.size = {}, 0
        for name, shape in entries:
            self._offsets[name] = self.size
            self.size += prod(shape)

    def offset(self, name):
        """Where a parameter begins in a flat buffer."""
        return self._offsets[name]

    def names_from(self, offset, n):
        """Names of n parameters that stand one after the other in a flat buffer, the first at `offset`."""
        names = [name for name, _ in self.entries]
        first = next(i for i, name in enumerate(names) if self.offset(name) == offset)
        return names[first : first + n]

    def weights(self):
        """Slices of a flat buffer that hold weights, without biases; neighbours in one."""
        slices = []
        for name, shape in self.entries:
            start = self.offset(name)
            stop = start + prod(shape)
            if len(shape) > 1 and slices and slices[-1].stop == start:
                slices[-1] = slice(slices[-1].start, stop)
            elif len(shape) > 1:
                slices.append(slice(start, stop))
        return slices

    def views(self, flat):
        """Dict of named views into `flat`, an array of `size` elements."""
        views = {}
        for name, shape in self.entries:
            start = self.offset(name)
            views[name] = flat[start : start + prod(shape)].reshape(shape)
        return views

    def torch_shapes(self):
        """Dict of torch's shapes by name."""
        return {name: shape if name in self.lookup_tables else shape[::-1] for name, shape in self.entries}

    def flat(self, arrays, dtype):
        """A flat buffer of arrays by name, in torch's shapes; they are known to fit."""
        flat = np.empty(self.size, dtype)
        for name, view in self.torch_views(flat).items():
            view[...] = arrays[name]
        return flat

    def torch_views(self, flat):
        """The same in torch's shapes: matrices (outputs, inputs)."""
        views = self.views(flat).items()
        return {name: view if name in self.lookup_tables else view.T for name, view in views}


def glorot_uniform(rng, shape):
    """Uniform within +-sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""
    limit = np.sqrt(6.0 / sum(shape))
    return rng.uniform(-limit, limit, shape)


def orthogonal(rng, n):
    """A random orthogonal (n, n) matrix, uniform over all (Mezzadri 2007)."""
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return q * np.sign(np.diag(r))
