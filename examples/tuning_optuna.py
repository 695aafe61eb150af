"""Tuning with Optuna: unpromising trials are pruned after a few epochs.

Needs `pip install optuna`. Each call of `partial_fit` is one epoch, after which the validation score is
reported to Optuna, which prunes the trials that fall behind.
"""

import numpy as np
from gruc import GRUClassifier
from gruc.datasets import load_japanese_vowels
from sklearn.model_selection import train_test_split

try:
    import optuna
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install optuna") from None

X, y = load_japanese_vowels(subset="train", return_X_y=True)
X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)
X_fit, X_val, y_fit, y_val = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
N_EPOCHS = 25


def suggest(trial):
    """A model with the trial's settings."""
    n_layers = trial.suggest_int("n_layers", 1, 2)
    return GRUClassifier(
        hidden_layer_sizes=(trial.suggest_int("units", 8, 64, log=True),) * n_layers,
        bidirectional=trial.suggest_categorical("bidirectional", [False, True]),
        pooling=trial.suggest_categorical("pooling", ["last", "mean", "max", "attention"]),
        frame_length=trial.suggest_int("frame_length", 1, 4),
        dropout=trial.suggest_float("dropout", 0.0, 0.5),
        learning_rate_init=trial.suggest_float("learning_rate_init", 1e-3, 3e-2, log=True),
        max_iter=N_EPOCHS,
        n_iter_no_change=np.inf,
        random_state=0,
    )


def objective(trial):
    model = suggest(trial)
    scores = []
    for epoch in range(N_EPOCHS):
        model.partial_fit(X_fit, y_fit, classes=np.unique(y))
        scores.append(model.score(X_val, y_val))
        trial.report(scores[-1], epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return np.mean(scores[-5:])  # average over the noise of single epochs


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(
    direction="maximize",
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=4),
)
study.optimize(objective, n_trials=25)

n_pruned = len(study.get_trials(states=[optuna.trial.TrialState.PRUNED]))
print(f"{len(study.trials)} trials, {n_pruned} of them pruned; best {study.best_value:.3f}:")
print(f"  {study.best_params}")
best = suggest(optuna.trial.FixedTrial(study.best_params))
print(f"Accuracy on test utterances: {best.set_params(max_iter=60).fit(X, y).score(X_test, y_test):.3f}")
