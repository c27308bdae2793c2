"""
More data, less overfitting
===========================

The same network is trained on 50 to 1,400 handwritten digits. With few digits the test
loss is far above the training loss, and rises again as training goes on; the more
digits there are, the smaller the gap.
"""

# %%
# For each size there are five random training sets, each with 397 other digits for
# testing. Each training run is followed to epoch 300.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedShuffleSplit

from sklearn_bp import BackpropClassifier, epoch_curve

X, y = load_digits(return_X_y=True)
X /= 16
sizes = [50, 100, 200, 400, 800, 1400]
network = BackpropClassifier(
    hidden_layer_sizes=(50,),
    learning_rate_init=0.01,
    max_iter=300,
    n_iter_no_change=np.inf,
    random_state=0,
)
curves = {}
for size in sizes:
    folds = StratifiedShuffleSplit(5, train_size=size, test_size=397, random_state=0)
    curves[size] = epoch_curve(network, X, y, cv=folds, n_jobs=2)

print("  size   best epoch   test loss   training loss   accuracy")
rows = []
for size, curve in curves.items():
    test = curve.test_losses.mean(axis=1)
    best = test.argmin()
    train = curve.train_losses[best].mean()
    rows.append((test[best], train, test[-1]))
    accuracy = curve.test_scores[best].mean()
    losses = f"{test[best]:9.3f}   {train:13.3f}"
    print(f"{size:6d}   {best + 1:10d}   {losses}   {accuracy:8.3f}")

# %%
# On the left, the test loss by epoch; on the right, the gap that remains at the best
# epoch.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
colors = plt.colormaps["viridis"](np.linspace(0, 0.9, len(sizes)))
for color, (size, curve) in zip(colors, curves.items(), strict=True):
    test = curve.test_losses.mean(axis=1)
    left.plot(np.arange(1, 301), test, color=color, label=f"{size} samples")
    left.plot(test.argmin() + 1, test.min(), "o", color=color)
left.set(
    xlabel="epoch",
    ylabel="test log loss",
    yscale="log",
    title="Dots mark the best epochs",
)
left.legend(frameon=False, fontsize="small")
left.grid(alpha=0.3)

test, train, last = np.transpose(rows)
right.plot(sizes, last, "o:", color="#555555", label="test, after 300 epochs")
right.plot(sizes, test, "o-", color="#D55E00", label="test, at the best epoch")
right.plot(sizes, train, "o-", color="#0072B2", label="training, at the best epoch")
right.fill_between(sizes, train, test, color="#D55E00", alpha=0.15, label="the gap")
right.set(
    xlabel="training samples",
    ylabel="log loss",
    xscale="log",
    title="The gap closes with more data",
)
right.set_xticks(sizes, map(str, sizes), minor=False)
right.minorticks_off()
right.legend(frameon=False)
right.grid(alpha=0.3)

figure.savefig("plot_learning_curve.png", dpi=120)
print("written: plot_learning_curve.png")
plt.show()
