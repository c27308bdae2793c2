"""
Class weights, when one kind of error costs more than the other
===============================================================

A malignant tumour that is mistaken for a benign one costs more than a false alarm. The
weight of the malignant class tells the network by how much: its threshold moves, and
it finds tumours that it would otherwise miss, at the price of more false alarms.
"""

# %%
# To measure both error rates on all samples, each sample is predicted once in each of
# ten cross-validations, by networks that have not seen it.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropClassifier

data = load_breast_cancer()
X, y = data.data, data.target_names[data.target]
malignant = y == "malignant"

WEIGHTS = [1, 3, 10, 30, 100]
N_REPEATS = 10


def missed_and_false_alarms(weight):
    """Missed malignant tumours and false alarms in percent, per cross-validation."""
    network = BackpropClassifier(
        hidden_layer_sizes=(20,),
        class_weight={"malignant": weight},
        alpha=10,
        learning_rate_init=0.01,
        max_iter=60,
        tol=0.01,
        random_state=0,
    )
    model = make_pipeline(StandardScaler(), network)
    shares = []
    for seed in range(N_REPEATS):
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        alarm = cross_val_predict(model, X, y, cv=folds) == "malignant"
        shares.append([np.mean(~alarm[malignant]), np.mean(alarm[~malignant])])
    return 100 * np.array(shares)


results = np.array([missed_and_false_alarms(weight) for weight in WEIGHTS])
for weight, (missed, false) in zip(WEIGHTS, results.mean(axis=1)):
    print(f"weight {weight:3}: {missed:.1f} % missed, {false:.1f} % false alarms")

# %%
# Bands show the standard deviation over the cross-validations. Which weight is best
# depends on what each error costs, which is not a matter of statistics.

figure, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
for column, label, color in (
    (0, "missed malignant tumours", "#D55E00"),
    (1, "benign tumours with a false alarm", "#0072B2"),
):
    shares = results[:, :, column]
    mean, spread = shares.mean(axis=1), shares.std(axis=1)
    ax.plot(WEIGHTS, mean, "o-", color=color, label=label)
    ax.fill_between(WEIGHTS, mean - spread, mean + spread, color=color, alpha=0.2)
ax.set_xscale("log")
ax.set_xticks(WEIGHTS, WEIGHTS)
ax.minorticks_off()
ax.set_ylim(bottom=0)
ax.set_xlabel("weight of the malignant class (benign: 1)")
ax.set_ylabel("percentage of the class")
ax.set_title("Breast cancer: 357 benign and 212 malignant tumours")
ax.legend(frameon=False)
ax.grid(alpha=0.3)
figure.savefig("plot_class_weight.png", dpi=120)
print("written: plot_class_weight.png")
plt.show()
