"""
An overfitting study
====================

When does a network start to memorise its data, and what prevents it? A study trains a
network with each of several penalties on each fold of a cross-validation, and measures
it after every epoch: thirty training runs, 4,500 networks, a few seconds.
"""

# %%
# 500 handwritten digits, one in ten of which is deliberately given a random label:
# something that can only be memorised.

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

from sklearn_bp import BackpropClassifier, OverfittingDisplay, overfitting_study

X, y = load_digits(return_X_y=True)
X, y = X[:500] / 16, y[:500].copy()
rng = np.random.RandomState(0)
wrong = rng.choice(500, size=50, replace=False)
y[wrong] = rng.randint(10, size=50)

# %%
# Folds are rows of one X, and networks train in parallel threads.

network = BackpropClassifier(
    hidden_layer_sizes=(100,), learning_rate_init=0.003, max_iter=150, random_state=0
)
start = time.perf_counter()
study = overfitting_study(
    network,
    X,
    y,
    {"alpha": [0.0001, 0.01, 0.1, 1.0, 3.0, 10.0]},
    cv=StratifiedKFold(5, shuffle=True, random_state=0),
    n_jobs=2,
)
print(f"30 training runs of up to 150 epochs in {time.perf_counter() - start:.1f} s\n")

# %%
# The table has a row for each penalty: the best epoch, the test accuracy at that epoch,
# and how far it is below the training accuracy, at that epoch and at the end.

columns = ["alpha", "best_epoch", "test_score", "standard_error", "gap", "last_gap"]
print(study.to_frame()[columns].to_string(index=False, float_format="{:.4g}".format))

# %%
# The same in words.

print()
print(study.summary())

# %%
# And in pictures: where the test loss turns upwards, the network learns labels that are
# of no use for other digits.

display = OverfittingDisplay.from_study(study)
display.figure_.suptitle("500 digits, one label in ten at random")
display.figure_.savefig("plot_overfitting_study.png", dpi=120)
print("written: plot_overfitting_study.png")
plt.show()
