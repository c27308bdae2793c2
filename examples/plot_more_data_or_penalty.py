"""
More data, or more penalty?
===========================

One study answers both: each penalty is tried on growing parts of each fold. On
handwritten digits, some of them with wrong labels, twice the data bring more than the
best of these penalties; too strong a penalty does more harm than the loss of half the
data.
"""

# %%
# A tenth of the digits' labels are wrong, so that there is something to overfit. Each
# setting is trained on four parts of each fold, and tested on the same digits.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sklearn_bp import BackpropClassifier, OverfittingDisplay, overfitting_study

X, y = load_digits(return_X_y=True)
X /= 16
rng = np.random.RandomState(0)
wrong = rng.random_sample(len(y)) < 0.1
y[wrong] = rng.randint(10, size=wrong.sum())

network = BackpropClassifier(
    hidden_layer_sizes=(50,),
    learning_rate_init=0.01,
    max_iter=60,
    n_iter_no_change=np.inf,
    random_state=0,
)
study = overfitting_study(
    network,
    X,
    y,
    {"alpha": [0.0001, 1, 5]},
    scoring="neg_log_loss",
    train_sizes=[0.1, 0.25, 0.5, 1.0],
)
print(study.summary())

# %%
# How much of the best score is luck? The other folds choose, and the choice is scored
# on the fold that they did not look at.

score, bias, standard_error = study.corrected_score()
print(f"best score {study.best_score_:.4f}, corrected {score:.4f}")
print(study.compare().to_frame().to_string(float_format="{:.4f}".format))

# %%
# The lines are penalties: the distance between them is what a penalty brings, their
# slope is what more data bring. Training scores are dotted.

display = OverfittingDisplay.from_study(study, kind="train_sizes")
display.figure_.savefig("plot_more_data_or_penalty.png", dpi=120)
print("written: plot_more_data_or_penalty.png")
plt.show()
