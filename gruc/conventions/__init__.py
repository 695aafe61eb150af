"""scikit-learn's conventions for sequences: checks, weights, callbacks, pickles, Ctrl-C."""
