"""
The same study on a cluster
===========================

A study runs wherever joblib sends it, here to a Dask cluster: two worker processes on
this machine, which might as well be two hundred on many. The result is the same to the
last bit.
"""

# %%
# Worker processes import this file, so code that must run only once is in a function.

import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bp import BackpropClassifier, OverfittingDisplay, overfitting_study


def study_digits():
    """The scaler is fitted on the training part of each fold."""
    X, y = load_digits(return_X_y=True)
    network = BackpropClassifier(
        hidden_layer_sizes=(50,), max_iter=60, dtype="float32", random_state=0
    )
    return overfitting_study(
        make_pipeline(StandardScaler(), network),
        X,
        y,
        {"backpropclassifier__alpha": [0.001, 0.1, 1.0, 10.0]},
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
        verbose=1,
    )


# %%
# Only the backend has to be chosen.


def main():
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as local,
        Client(local),
        parallel_config(backend="dask"),
    ):
        study = study_digits()
    same_bits = all(
        np.array_equal(curve.test_losses, other.test_losses)
        for curve, other in zip(study.curves, study_digits().curves, strict=True)
    )
    print(f"same result without the cluster: {same_bits}")
    print(study.summary())
    display = OverfittingDisplay.from_study(study)
    display.figure_.savefig("plot_dask_cluster.png", dpi=120)
    print("written: plot_dask_cluster.png")
    plt.show()


if __name__ == "__main__":
    main()
