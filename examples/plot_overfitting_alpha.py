"""
Overfitting, and the penalty that closes the gap
================================================

A network with many weights learns a small, noisy data set by heart. The L2 penalty
`alpha` keeps the weights small. Cross-validation shows where it starts to help, and
where it is too much: scikit-learn's own tools do the study.
"""

# %%
# 300 handwritten digits, and every tenth label is wrong on purpose.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss, make_scorer
from sklearn.model_selection import StratifiedKFold, validation_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_bp import BackpropClassifier

X, y = load_digits(return_X_y=True)
X, y = X[:300], y[:300].copy()
rng = np.random.RandomState(0)
wrong = rng.choice(300, size=30, replace=False)
y[wrong] = rng.randint(10, size=30)

# %%
# Five folds for each of eleven penalties: 55 networks. `lbfgs` goes to the minimum, so
# that nothing but the penalty holds a network back. (Where there is hardly a penalty,
# the minimum is far off, and a warning would say so for each network.)

warnings.simplefilter("ignore", ConvergenceWarning)
alphas = np.logspace(-3, 2, 11)
model = make_pipeline(
    MinMaxScaler(),
    BackpropClassifier(
        hidden_layer_sizes=(50,), solver="lbfgs", max_iter=300, random_state=0
    ),
)
negative_log_loss = make_scorer(
    log_loss, greater_is_better=False, response_method="predict_proba", labels=range(10)
)
train, test = (
    -scores
    for scores in validation_curve(
        model,
        X,
        y,
        param_name="backpropclassifier__alpha",
        param_range=alphas,
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
        scoring=negative_log_loss,
    )
)

print("   alpha   training loss   test loss")
for alpha, train_loss, test_loss in zip(
    alphas, train.mean(axis=1), test.mean(axis=1), strict=True
):
    print(f"{alpha:8.3f}   {train_loss:13.3f}   {test_loss:9.3f}")
best = alphas[test.mean(axis=1).argmin()]
print(f"the smallest test loss is at alpha = {best:.3g}")

# %%
# On the left the network knows the wrong labels by heart: no loss in training, the
# largest one in the test. On the right it can no longer tell the digits apart.

figure, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
for losses, label, color in (
    (train, "training folds", "#E69F00"),
    (test, "test folds", "#0072B2"),
):
    mean, spread = losses.mean(axis=1), losses.std(axis=1)
    ax.plot(alphas, mean, marker="o", color=color, label=label)
    ax.fill_between(alphas, mean - spread, mean + spread, color=color, alpha=0.2)
ax.axvline(best, color="black", linestyle=":", label=f"best: {best:.3g}")
ax.set(
    xscale="log",
    xlabel="alpha, the strength of the L2 penalty",
    ylabel="log loss",
    title="300 digits, one label in ten wrong",
)
ax.legend(frameon=False)
ax.grid(alpha=0.3)

figure.savefig("plot_overfitting_alpha.png", dpi=120)
print("written: plot_overfitting_alpha.png")
plt.show()
