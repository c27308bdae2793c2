"""
The worked XOR example, step by step
====================================

Textbooks introduce backpropagation with a network of 2 inputs, 3 hidden units and 1
output, whose activation is the identity and whose weights are all 1. Every number in
its first step of batch gradient descent can be computed by hand, and the engine finds
the same numbers. But a linear network cannot learn XOR; one with tanh units can.
"""

# %%
# Forward
# -------
# In textbook notation, Theta(l) maps layer l to layer l + 1, and its column 0 holds the
# biases. With all weights 1 and the input (0, 0), each hidden unit is the bias alone,
# 1, and the output is 1 + 1 + 1 + 1 = 4.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_bp import BackpropClassifier, BackpropRegressor

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([0.0, 1.0, 1.0, 0.0])
m = len(X)
learning_rate = 0.1

Theta_1 = np.ones((3, 3))
Theta_2 = np.ones((1, 4))


def with_bias(a):
    return np.column_stack([np.ones(len(a)), a])


a_1 = X
a_2 = with_bias(a_1) @ Theta_1.T  # g is the identity
a_3 = with_bias(a_2) @ Theta_2.T

print("input     hidden units   output   target")
for i in range(m):
    print(f"{X[i]}   {a_2[i]}     {a_3[i, 0]:4.0f}   {y[i]:6.0f}")

assert (a_2[0] == 1).all()
assert a_3[0, 0] == 4

# %%
# Backward
# --------
# The error is propagated back through the weights: delta(3) = a(3) - y, and
# delta(2) = Theta(2)' delta(3) times g'(z) = 1, without the biases. The gradient of the
# weights is the sum of delta a' over the four examples, divided by m.

delta_3 = a_3 - y[:, np.newaxis]
delta_2 = delta_3 @ Theta_2[:, 1:]
D_2 = delta_3.T @ with_bias(a_2) / m
D_1 = delta_2.T @ with_bias(a_1) / m

print("\ninput     delta(3)   delta(2)")
for i in range(m):
    print(f"{X[i]}   {delta_3[i, 0]:8.0f}   {delta_2[i]}")
print(f"\nD(2) = {D_2[0]}\nD(1), the same for each hidden unit = {D_1[0]}")

# %%
# Update
# ------
# One step of gradient descent: Theta := Theta - 0.1 D. The engine does the same step:
# a warm start continues from the weights that it is given, here all ones. (It does not
# converge in one step, hence the filter for that warning.)

Theta_1 = Theta_1 - learning_rate * D_1
Theta_2 = Theta_2 - learning_rate * D_2

warnings.simplefilter("ignore", ConvergenceWarning)
network = BackpropRegressor(
    hidden_layer_sizes=(3,),
    activation="identity",
    solver="sgd",
    batch_size="full",
    learning_rate_init=learning_rate,
    momentum=0,
    alpha=0,
)
network.set_params(learning_rate_init=1e-300).partial_fit(X, y)  # builds the network
for part in (*network.coefs_, *network.intercepts_):
    part[:] = 1
print(f"\nthe engine's output for (0, 0): {network.predict(X[:1])[0]:.0f}")
network.set_params(learning_rate_init=learning_rate, warm_start=True, max_iter=1)
network.fit(X, y)

print("            by hand                       by the engine")
for name, by_hand, coef, intercept in zip(
    ("Theta(1)", "Theta(2)"),
    (Theta_1, Theta_2),
    network.coefs_,
    network.intercepts_,
    strict=True,
):
    by_engine = np.column_stack([intercept, coef.T])
    print(f"{name}    {by_hand[0]}    {by_engine[0]}")
    np.testing.assert_allclose(by_engine, by_hand, rtol=1e-12)

# %%
# Learning XOR
# ------------
# However long it is trained, the linear network ends at 0.5 for all four inputs, with a
# log loss of log 2. Three tanh units bend the plane, and XOR is learned.

settings = {
    "hidden_layer_sizes": (3,),
    "solver": "sgd",
    "batch_size": "full",
    "learning_rate_init": 0.2,
    "alpha": 0,
    "max_iter": 500,
    "n_iter_no_change": np.inf,
    "random_state": 3,
}
with np.printoptions(precision=3, suppress=True):
    linear = BackpropClassifier(activation="identity", **settings).fit(X, y)
    print(f"\nprobability of 1, linear network: {linear.predict_proba(X)[:, 1]}")
    bent = BackpropClassifier(activation="tanh", **settings).fit(X, y)
    print(f"probability of 1, tanh network:   {bent.predict_proba(X)[:, 1]}")
assert (bent.predict(X) == y).all()

figure, (loss_ax, *surfaces) = plt.subplots(
    1, 3, figsize=(11, 3.6), layout="constrained"
)
for model, label, color in (
    (linear, "identity", "#E69F00"),
    (bent, "tanh", "#0072B2"),
):
    loss_ax.plot(model.loss_curve_, label=label, color=color)
loss_ax.set(xlabel="step", ylabel="log loss", title="Batch gradient descent")
loss_ax.legend(title="hidden units", frameon=False)

grid = np.linspace(-0.5, 1.5, 200)
points = np.column_stack([part.ravel() for part in np.meshgrid(grid, grid)])
for ax, model, title in zip(
    surfaces, (linear, bent), ("identity: a plane", "tanh: XOR"), strict=True
):
    surface = model.predict_proba(points)[:, 1].reshape(200, 200)
    image = ax.pcolormesh(grid, grid, surface, cmap="PuOr", vmin=0, vmax=1)
    if model is bent:  # the other surface is 0.5 everywhere
        ax.contour(grid, grid, surface, levels=[0.5], colors="black")
    ax.scatter(
        *X.T, c=y, cmap="PuOr", vmin=0, vmax=1, edgecolor="white", linewidth=2, s=110
    )
    ax.set(xlabel="$x_1$", ylabel="$x_2$", title=title, aspect="equal")
figure.colorbar(image, ax=surfaces, label="probability of 1")

figure.savefig("plot_xor_by_hand.png", dpi=120)
print("written: plot_xor_by_hand.png")
plt.show()
