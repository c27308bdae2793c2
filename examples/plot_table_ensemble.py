"""
An ensemble on a raw table
==========================

Tables as people have them hold numbers of all sizes, categories and gaps.
`BackpropEnsembleRegressor` takes them as they are: it encodes the columns, trains
networks for each of eight folds until their loss on the fold no longer falls, and
averages them. Each sample has then been predicted by networks that have not seen it, so
that one fit also says how good the predictions are, whether the networks have
overfitted, and how far off a prediction may be [1]_.

.. [1] Barber, R. F., Candès, E., Ramdas, A. & Tibshirani, R. (2021). "Predictive
   inference with the jackknife+." Annals of Statistics 49.
"""

# %%
# Flats to let, made up: their rent grows with the area, less so for large ones, and
# depends on the district, the year of construction, which is often unknown, and the
# floor, which is worth more where there is a lift.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from sklearn_bp import BackpropEnsembleRegressor

rng = np.random.default_rng(0)
n_flats = 3000
districts = ["old town", "harbour", "hill", "station", "meadows", "mill"]
flats = pd.DataFrame(
    {
        "area": rng.lognormal(4.2, 0.4, n_flats).round(),
        "district": rng.choice(districts, n_flats, p=[0.2, 0.1, 0.1, 0.3, 0.28, 0.02]),
        "built": rng.choice([1890, 1925, 1955, 1972, 1998, 2015], n_flats)
        + rng.integers(-8, 9, n_flats),
        "floor": rng.integers(0, 7, n_flats),
        "lift": rng.random(n_flats) < 0.4,
    }
)
per_metre = flats["district"].map(dict(zip(districts, [17, 15, 19, 12, 11, 14])))
age = np.abs(flats["built"] - 1955) / 40  # old and new flats are in demand
by_floor = np.where(flats["lift"], 0.03, -0.03) * flats["floor"]
rent = per_metre * flats["area"] ** 0.9 * (1 + 0.2 * age + by_floor)
rent *= rng.lognormal(0, 0.12, n_flats)
flats.loc[rng.random(n_flats) < 0.2, "built"] = np.nan
flats.loc[rng.random(n_flats) < 0.05, "district"] = None
print(flats.head())

# %%
# One line trains sixteen networks, two for each fold: one that sees all encoded
# columns, and one that sees fewer.

known, new, known_rent, new_rent = train_test_split(flats, rent, random_state=0)
model = BackpropEnsembleRegressor(random_state=0).fit(known, known_rent)
print(f"R2 expected from the folds: {model.oof_score_:.3f}")
print(f"R2 for new flats:           {model.score(new, new_rent):.3f}")

intervals = model.predict_interval(new, coverage=0.9)
is_inside = (intervals[:, 0] <= new_rent) & (new_rent <= intervals[:, 1])
print(f"rents of new flats in their intervals of 90 %: {is_inside.mean():.1%}")

# %%
# `study_` has the learning curves of the members. Where their loss on the fold turns,
# each was stopped.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
number = np.flatnonzero(model.setting_weights_)[0]
curve = model.study_.curves[number]
for fold, epoch in enumerate(model.best_epochs_[0]):
    n_epochs = curve.n_epochs[fold]
    epochs = np.arange(1, n_epochs + 1)
    label = {} if fold else {"label": "its loss on the fold that it has not seen"}
    left.plot(epochs, curve.test_losses[:n_epochs, fold], color="#0072B2", **label)
    label = {} if fold else {"label": "where it is kept"}
    left.plot(epoch, curve.test_losses[epoch - 1, fold], "o", color="#D55E00", **label)
    label = {} if fold else {"label": "a network's loss in training, with dropout"}
    left.plot(
        epochs, curve.train_losses[:n_epochs, fold], color="#999999", lw=0.8, **label
    )
left.set_yscale("log")
left.set_xlabel("epoch")
left.set_ylabel("half the squared error, in units of the variance")
left.set_title("Each network stops where its own fold says")
left.legend(frameon=False)

shown = rng.choice(len(new), 60, replace=False)
shown = shown[np.argsort(model.predict(new)[shown])]
low, high = intervals[shown].T
right.vlines(np.arange(60), low, high, color="#0072B2", alpha=0.4, lw=3, label="90 %")
right.plot(model.predict(new)[shown], "_", color="#0072B2", label="predicted")
right.plot(new_rent.to_numpy()[shown], ".", color="#D55E00", label="rent")
right.set_xlabel("60 new flats, by predicted rent")
right.set_ylabel("rent")
right.set_title(f"{is_inside.mean():.0%} of the rents lie in intervals of 90 %")
right.legend(frameon=False, loc="upper left")
figure.savefig("plot_table_ensemble.png", dpi=120)
print("written: plot_table_ensemble.png")
plt.show()
