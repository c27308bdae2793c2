"""
What a prediction is made of
============================

Why does the network expect this patient's diabetes to get worse? Integrated gradients
[1]_ divide the difference between a prediction and that for a baseline among the
features: the derivatives with respect to each feature, averaged along the straight line
from the baseline to the sample, times the length of the way in this feature. They need
nothing but `input_gradients`.

.. [1] Sundararajan, M., Taly, A. & Yan, Q. (2017). "Axiomatic attribution for deep
   networks." ICML.
"""

# %%
# The network scales features and targets by itself, and chooses its penalty and number
# of epochs; its derivatives are in the units of the data. The baseline is the mean of
# all patients.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

from sklearn_bp import BackpropRegressor, BackpropRegressorCV

data = load_diabetes(scaled=False)
X, y = data.data, data.target
model = BackpropRegressorCV(
    BackpropRegressor(activation="tanh", learning_rate_init=0.01),
    alphas=[1, 10],
    hidden_layer_sizes=[(20,)],
    max_iter=200,
    random_state=0,
)
model.fit(X, y)
baseline = X.mean(axis=0)


def integrated_gradients(model, X, baseline, n_steps):
    """Contributions of shape (n_samples, n_features), by the midpoint rule."""
    along = (np.arange(n_steps) + 0.5) / n_steps
    points = baseline + along[:, np.newaxis, np.newaxis] * (X - baseline)
    gradients = model.input_gradients(points.reshape(-1, X.shape[1]))
    return gradients.reshape(points.shape).mean(axis=0) * (X - baseline)


# %%
# Contributions are complete: they add up to the difference between the two predictions,
# as the integral of a derivative does. What is missing is the error of the integration,
# which falls with the square of the number of points.

difference = model.predict(X) - model.predict(baseline[np.newaxis])
STEPS = [1, 2, 5, 10, 20, 50, 100, 200]
errors = []
for n_steps in STEPS:
    contributions = integrated_gradients(model, X, baseline, n_steps)
    errors.append(np.abs(contributions.sum(axis=1) - difference).max())
    print(f"{n_steps:3} points: the sum is off by at most {errors[-1]:.2g}")
assert errors[-1] < 1e-3 * np.abs(difference).max()

# %%
# Shapley values with the same baseline are complete, too, and share out by replacing
# features one after the other, in all orders. They see predictions alone, and take
# thousands of them for each sample. Where features hardly interact, both say the same.

patient = int(difference.argmax())
try:
    import shap
except ImportError:
    print("not compared with Shapley values: shap is not installed")
else:
    explainer = shap.KernelExplainer(model.predict, baseline[np.newaxis])
    values = explainer.shap_values(X[:20], silent=True)
    agreement = np.corrcoef(values.ravel(), contributions[:20].ravel())[0, 1]
    print(f"correlation with Shapley values of 20 patients: {agreement:.3f}")
    assert agreement > 0.95

# %%
# The patient with the worst outlook, feature by feature.

order = np.argsort(np.abs(contributions[patient]))
figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4.4), layout="constrained", width_ratios=[3, 2]
)
shown = contributions[patient, order]
left.barh(
    np.array(data.feature_names)[order],
    shown,
    color=np.where(shown > 0, "#D55E00", "#0072B2"),
)
left.axvline(0, color="black", linewidth=0.8)
left.set_xlabel("contribution to the expected progression")
left.set_title(f"{shown.sum():+.0f} above the mean patient, feature by feature")
right.loglog(STEPS, errors, "o-", color="#0072B2")
right.set_xlabel("points on the way from the mean patient")
right.set_ylabel("largest error of the sum, of all patients")
right.set_title("Contributions add up")
figure.savefig("plot_integrated_gradients.png", dpi=120)
print("written: plot_integrated_gradients.png")
plt.show()
