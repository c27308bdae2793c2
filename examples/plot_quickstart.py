"""
Handwritten digits, from pixels to a drawn network
==================================================

After less than a second of training, a network with one hidden layer reads 97 in 100
handwritten digits that it has never seen. What it has learned can be inspected: each
hidden unit is a filter on the image.
"""

# %%
# A quarter of the 1,797 images of 8 x 8 pixels is kept for testing. The network follows
# a scaler in a pipeline, like any other scikit-learn estimator.

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import sklearn_bp
from sklearn_bp import BackpropClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, stratify=y, test_size=0.25, random_state=0
)

network = BackpropClassifier(
    hidden_layer_sizes=(100,), alpha=0.1, learning_rate_init=0.005, random_state=0
)
model = make_pipeline(MinMaxScaler(), network)

start = time.perf_counter()
model.fit(X_train, y_train)
seconds = time.perf_counter() - start

accuracy = model.score(X_test, y_test)
sklearn_bp.show_versions()
print(f"trained for {network.n_iter_} epochs in {seconds:.2f} s")
print(f"test accuracy: {accuracy:.3f}")

# %%
# The loss falls from epoch to epoch. The weights of a hidden unit have the shape of the
# image: red pixels are evidence for the unit's pattern, blue ones against it. The
# misread digits are those that a person would hesitate over.

figure = plt.figure(figsize=(10, 5.6), layout="constrained")
top, bottom = figure.subfigures(2, 1, height_ratios=[3.2, 1.2])
left, right = top.subfigures(1, 2)

ax = left.subplots()
ax.plot(np.arange(1, network.n_iter_ + 1), network.loss_curve_, color="#0072B2")
ax.set(xlabel="epoch", ylabel="training loss", yscale="log", title="Training")
ax.grid(alpha=0.3)

right.suptitle("First layer: weights of 24 hidden units")
weights = network.coefs_[0].T
strongest = np.argsort(-np.abs(weights).sum(axis=1))[:24]
limit = np.abs(weights[strongest]).max()
for ax, unit in zip(right.subplots(4, 6).flat, strongest, strict=True):
    ax.imshow(weights[unit].reshape(8, 8), cmap="RdBu_r", vmin=-limit, vmax=limit)
    ax.set_axis_off()

predicted = model.predict(X_test)
misread = np.flatnonzero(predicted != y_test)
bottom.suptitle(
    f"{len(misread)} of {len(y_test)} test digits are misread (accuracy {accuracy:.3f})"
)
for ax in bottom.subplots(1, 12).flat:
    ax.set_axis_off()
for ax, row in zip(bottom.axes, misread, strict=False):
    ax.imshow(X_test[row].reshape(8, 8), cmap="gray_r")
    ax.set_title(f"a {y_test[row]},\nread as {predicted[row]}", fontsize=9)

figure.savefig("plot_quickstart.png", dpi=120)
print("written: plot_quickstart.png")
plt.show()
