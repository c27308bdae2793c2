"""
Dropout or a penalty?
=====================

Both keep a network from memorising its data. Which of them helps more, and do they
help together? A study over a grid of both tells, with the best epoch of each pair.
"""

# %%
# 500 samples, a fifth of them with a random label, and a network that is much too large
# for them.

import matplotlib.pyplot as plt
from sklearn.datasets import make_classification
from sklearn.model_selection import StratifiedKFold

from sklearn_bp import BackpropClassifier, OverfittingDisplay, overfitting_study

X, y = make_classification(
    500, n_features=20, n_informative=10, flip_y=0.2, class_sep=1.5, random_state=0
)
network = BackpropClassifier(
    hidden_layer_sizes=(200,), learning_rate_init=0.005, max_iter=100, random_state=0
)
grid = {"dropout": [0.0, 0.2, 0.4, 0.6], "alpha": [0.01, 1.0, 3.0, 10.0, 30.0]}
study = overfitting_study(
    network,
    X,
    y,
    grid,
    cv=StratifiedKFold(5, shuffle=True, random_state=0),
    scoring="loss",
    n_jobs=2,
)
print(study.summary())

# %%
# The lightest cell, in a solid frame, is the best pair; a dashed frame marks the
# simplest pair that is worse by at most one standard error.

display = OverfittingDisplay.from_study(study)
display.figure_.savefig("plot_dropout_or_alpha.png", dpi=120)
print("written: plot_dropout_or_alpha.png")
plt.show()
