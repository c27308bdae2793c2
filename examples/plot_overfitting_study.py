"""
An overfitting study
====================

When does a network start to learn its data by heart, and what keeps it from that? A
study trains a network with each of several penalties on each fold of a
cross-validation, and measures it after every epoch: thirty trainings, 4,500 networks,
a few seconds.
"""

# %%
# 500 handwritten digits, of which one in ten has a random label on purpose: something
# that can only be learned by heart.

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
# Folds are rows of one X, and networks train side by side in threads.

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
print(f"30 trainings of up to 150 epochs in {time.perf_counter() - start:.1f} s\n")

# %%
# The table has a row for each penalty: the best epoch, the accuracy then, and how far
# it lies below the accuracy in training, then and at the end.

columns = ["alpha", "best_epoch", "test_score", "standard_error", "gap", "last_gap"]
print(study.to_frame()[columns].to_string(index=False, float_format="{:.4g}".format))

# %%
# The same in words.

print()
print(study.summary())

# %%
# And in pictures: where the test loss turns upwards, the network learns labels that say
# nothing about other digits.

display = OverfittingDisplay.from_study(study)
display.figure_.suptitle("500 digits, one label in ten at random")
display.figure_.savefig("plot_overfitting_study.png", dpi=120)
print("written: plot_overfitting_study.png")
plt.show()
