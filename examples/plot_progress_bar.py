"""
A live progress bar in a grid search
====================================

A grid search over networks can take a while. scikit-learn's callbacks (from version
1.9 on) show its progress: one bar for the search and one for each fit, with one step
per epoch. They are set on the search alone, which passes them on.
"""

# %%
# The search chooses the width of the hidden layer and the penalty by three-fold
# cross-validation.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_bp import BackpropClassifier

try:
    from sklearn.callback import ProgressBar
except ImportError:
    ProgressBar = None
    print("This version of scikit-learn has no callbacks: the search shows no bar.")

X, y = load_digits(return_X_y=True)
network = BackpropClassifier(learning_rate_init=0.005, max_iter=80, random_state=0)
grid = {
    "backpropclassifier__hidden_layer_sizes": [(10,), (30,), (100,)],
    "backpropclassifier__alpha": [0.01, 0.1, 1.0, 10.0],
}
search = GridSearchCV(make_pipeline(MinMaxScaler(), network), grid, cv=3)
if ProgressBar is not None:
    search.set_callbacks(ProgressBar(max_propagation_depth=2))
search.fit(X, y)
print(f"best: {search.best_params_}, accuracy {search.best_score_:.3f}")

# %%
# The result of the search: a wider layer helps, unless the penalty is too strong.

results = search.cv_results_
widths, alphas = grid.values()
scores = np.array(results["mean_test_score"]).reshape(len(alphas), len(widths))
figure, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
image = ax.imshow(100 * scores, cmap="cividis", aspect="auto")
ax.set_xticks(range(len(widths)), [width for (width,) in widths])
ax.set_yticks(range(len(alphas)), alphas)
ax.set_xlabel("hidden units")
ax.set_ylabel("alpha, the penalty")
middle = 50 * (scores.min() + scores.max())
for (row, column), score in np.ndenumerate(100 * scores):
    color = "white" if score < middle else "black"
    ax.text(column, row, f"{score:.1f}", ha="center", va="center", color=color)
figure.colorbar(image, label="cross-validated accuracy, %")
ax.set_title("Handwritten digits")
figure.savefig("plot_progress_bar.png", dpi=120)
print("written: plot_progress_bar.png")
plt.show()
