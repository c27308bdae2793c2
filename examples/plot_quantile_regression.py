"""
A prediction band by quantile regression
========================================

How far off can a prediction be? A network that minimises the pinball loss [1]_ predicts
a quantile instead of the mean: nine targets in ten should lie between the 0.05 and the
0.95 quantile, even where the targets spread more widely.

.. [1] Koenker, R. & Bassett, G. (1978). "Regression quantiles." Econometrica 46.
"""

# %%
# The data are the progression of diabetes in 442 patients and their body mass index,
# which here has mean 0 and a sum of squares of 1. Targets are standardised, because the
# learning rate sets the length of the steps whatever the scale of the targets.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropRegressor

X, y = load_diabetes(return_X_y=True, as_frame=True)
X = X[["bmi"]]


def make_model(quantile):
    network = BackpropRegressor(
        loss="quantile",
        quantile=quantile,
        hidden_layer_sizes=(20,),
        activation="tanh",
        alpha=1.0,
        learning_rate_init=0.02,
        learning_rate="cosine",
        max_iter=150,
        tol=0,
        n_iter_no_change=150,
        random_state=0,
    )
    return TransformedTargetRegressor(
        make_pipeline(StandardScaler(), network), transformer=StandardScaler()
    )


# %%
# The share of targets below each quantile is counted on patients that the network has
# not seen.

QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]
for quantile in QUANTILES:
    predicted = cross_val_predict(make_model(quantile), X, y, cv=10)
    print(f"below the {quantile:4} quantile: {np.mean(y <= predicted):.3f}")

low, high = (cross_val_predict(make_model(q), X, y, cv=10) for q in (0.05, 0.95))
covered = np.mean((low <= y) & (y <= high))
print(f"between 0.05 and 0.95: {covered:.3f}")

# %%
# Not only the median grows with the index, but also the width of the band.

grid = X.iloc[:0].reindex(range(200))
grid["bmi"] = np.linspace(X["bmi"].min(), X["bmi"].max(), 200)
curves = {q: make_model(q).fit(X, y).predict(grid) for q in QUANTILES}

figure, ax = plt.subplots(figsize=(7.5, 4.8), layout="constrained")
ax.plot(X["bmi"], y, ".", color="#555555", markersize=4, label="patients")
for inner, label, alpha in ((0.05, "nine in ten", 0.2), (0.25, "half", 0.45)):
    ax.fill_between(
        grid["bmi"],
        curves[inner],
        curves[1 - inner],
        color="#0072B2",
        alpha=alpha,
        linewidth=0,
        label=f"band of {label}",
    )
ax.plot(grid["bmi"], curves[0.5], color="#D55E00", linewidth=2, label="median")
ax.set_xlabel("body mass index, standardised (sum of squares 1)")
ax.set_ylabel("progression after a year")
ax.set_title(f"{covered:.0%} of unseen patients lie in the band of nine in ten")
ax.legend(frameon=False, loc="upper left")
figure.savefig("plot_quantile_regression.png", dpi=120)
print("written: plot_quantile_regression.png")
plt.show()
