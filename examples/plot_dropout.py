"""
Dropout against overfitting
===========================

A wide network that sees few digits soon memorises them: its loss on other digits
falls, and then rises again. Dropout [1]_ leaves out a share of the hidden units in each
step, different ones each time, so that no unit can rely on its neighbours. The network
learns more slowly, and generalises better to digits that it has not seen.

.. [1] Srivastava, N., Hinton, G., Krizhevsky, A., Sutskever, I. & Salakhutdinov, R.
   (2014). "Dropout: a simple way to prevent neural networks from overfitting." JMLR 15.
"""

# %%
# 200 digits to learn from, and 1,597 on which the network is measured after each epoch.

import warnings

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sklearn_bp import BackpropClassifier

warnings.simplefilter("ignore", ConvergenceWarning)  # all are trained equally long

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, train_size=200, stratify=y, random_state=0
)

# %%
# ``history_`` holds the loss on both sets for each epoch. With dropout, the training
# loss is that of the thinned network.

RATES = {0.0: "#555555", 0.25: "#0072B2", 0.5: "#D55E00"}
histories, errors = {}, {}
for rate in RATES:
    model = BackpropClassifier(
        hidden_layer_sizes=(512, 512),
        dropout=rate,
        max_iter=300,
        tol=0,
        n_iter_no_change=300,
        random_state=0,
    )
    model.fit(X_train, y_train, X_val=X_test, y_val=y_test)
    histories[rate] = pd.DataFrame(model.history_)
    errors[rate] = 1 - model.score(X_test, y_test)
    best = histories[rate]["validation_loss"].min()
    last = histories[rate]["validation_loss"].iloc[-1]
    print(
        f"dropout {rate:4}: test loss {best:.3f} at best, {last:.3f} at the end;"
        f" {errors[rate]:.1%} misread"
    )

# %%
# Without dropout the test loss starts to rise after forty epochs; with dropout it
# starts later, from a lower minimum, and ends lower.

figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for rate, history in histories.items():
    label = f"dropout={rate}: {errors[rate]:.1%} misread"
    epochs = history.index + 1
    axes[0].plot(epochs, history["loss"], color=RATES[rate])
    axes[1].plot(epochs, history["validation_loss"], color=RATES[rate], label=label)
    lowest = history["validation_loss"].idxmin()
    axes[1].plot(lowest + 1, history["validation_loss"][lowest], "o", color=RATES[rate])
axes[0].set(title="Training: 200 digits", ylabel="log loss", yscale="log")
axes[1].set(title="Test: 1,597 digits", ylabel="log loss", ylim=(0.15, 0.6))
for ax in axes:
    ax.set_xlabel("epoch")
    ax.grid(alpha=0.3)
axes[1].legend(frameon=False)
figure.savefig("plot_dropout.png", dpi=120)
print("written: plot_dropout.png")
plt.show()
