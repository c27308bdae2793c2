"""The tables of a study."""

import numpy as np
from scipy.stats import rankdata

from ._summary import format_params


class Tables:
    """The part of an `OverfittingStudy` that shows its settings in rows."""

    @property
    def cv_results_(self):
        return self.cv_results()

    @np.errstate(invalid="ignore")  # of infinite losses
    def cv_results(self, epoch=None):
        """Show results as :class:`sklearn.model_selection.GridSearchCV` does.

        Parameters
        ----------
        epoch : int, default=None
            The epoch to show: the results are those of a grid search with that
            `max_iter` or, for settings that were given up earlier, of their last epoch.
            None is each setting's best epoch.

        Returns
        -------
        results : dict of ndarray
            'params', a masked array for each parameter, the training and test scores of
            each fold, their mean, standard deviation (both over the folds that have a
            score, see `EpochCurve.left_out`) and rank, the times of the whole training;
            also 'epoch', which the scores belong to, and 'n_epochs', which
            the setting was trained for. With several metrics, scores are called by
            their names, such as 'mean_test_accuracy'; all are those after the same
            epoch.
        """
        rows = [self._row(index, epoch) for index in range(len(self.params))]
        results = {
            **_moments("fit_time", [curve.fit_times for curve in self.curves]),
            **_moments("score_time", [curve.score_times for curve in self.curves]),
            **_columns_of_params(self.params),
            "params": self.params,
        }
        for name in self.metrics:
            shown = [curve.of_metric(name) for curve in self.curves]
            results |= _columns_of_scores(name, shown, rows)
        if not self.metrics:
            results |= _columns_of_scores("score", self.curves, rows)
        results["epoch"] = np.array(rows) + 1
        results["n_epochs"] = np.array([len(c.test_scores) for c in self.curves])
        return results

    def to_frame(self, by_epoch=False, by_size=False):
        """Make a :class:`pandas.DataFrame`.

        Parameters
        ----------
        by_epoch : bool, default=False
            Whether to have a row for each setting, fold and epoch, instead of one for
            each setting.
        by_size : bool, default=False
            Whether to have these rows for each of `train_sizes`, in a column of this
            name in the singular.

        Returns
        -------
        frame : DataFrame
            A column for each parameter. For each setting: its best epoch; the mean
            training and test scores and the standard error there; the gap between these
            two scores, there and at the last epoch; the mean losses there; the
            number of epochs that it was trained for; and with several metrics the mean
            training and test scores there by each.
        """
        import pandas as pd

        if by_size:
            frames = []
            for size in self.train_sizes.tolist():
                frames.append(self.at_size(size).to_frame(by_epoch))
                frames[-1].insert(0, "train_size", size)
            return pd.concat(frames, ignore_index=True)
        params = pd.DataFrame(self.params)
        if by_epoch:
            frames = [curve.to_frame() for curve in self.curves]
            of_curves = pd.concat(frames, keys=range(len(frames)), names=["setting"])
            of_curves = of_curves.reset_index(level=0)
            return params.join(of_curves.set_index("setting")).reset_index(drop=True)
        return params.join(pd.DataFrame(map(self.measures, range(len(self.params)))))

    @np.errstate(invalid="ignore")  # of infinite losses
    def measures(self, index):
        """The numbers that characterise a setting.

        Parameters
        ----------
        index : int
            The number of the setting.

        Returns
        -------
        measures : dict
            The columns of `to_frame`, except the parameters.
        """
        curve, row = self.curves[index], self._row(index, None)
        gaps = curve.counting_scores("gap").mean(axis=1)
        return {
            "best_epoch": row + 1,
            "test_score": curve.mean_test_scores[row],
            "standard_error": curve.standard_errors[row],
            "train_score": curve.mean_scores("train")[row],
            "gap": gaps[row],
            "last_gap": gaps[-1],
            "test_loss": curve.test_losses[row].mean(),
            "train_loss": curve.train_losses[row].mean(),
            "n_epochs": len(curve.test_scores),
            **{
                f"{part}_score_{name}": curve.of_metric(name).mean_scores(part)[row]
                for name in self.metrics
                for part in ("test", "train")
            },
        }

    def _table(self):
        names = list(self.measures(0))
        header = ["setting", *(name.replace("_", " ") for name in names)]
        rows = [
            [format_params(params), *self.measures(index).values()]
            for index, params in enumerate(self.params)
        ]
        return header, rows


def _columns_of_scores(name, curves, rows):
    """The scores after one epoch of each setting, by name."""
    columns = {}
    for part in ("test", "train"):
        scores, counting = [], []
        for curve, row in zip(curves, rows, strict=True):
            scores.append(getattr(curve, f"{part}_scores")[row])
            counting.append(curve.counting_scores(part)[row])
        for fold, column in enumerate(np.transpose(scores)):
            columns[f"split{fold}_{part}_{name}"] = column
        columns |= _moments(f"{part}_{name}", counting)
        if part == "test":
            mean = columns[f"mean_test_{name}"]
            mean = np.where(np.isnan(mean), -np.inf, mean)
            rank = rankdata(-mean, method="min").astype(np.int32)
            columns[f"rank_test_{name}"] = rank
    return columns


def _moments(name, rows):
    """Mean and standard deviation over the folds, by name."""
    return {
        f"mean_{name}": np.array([row.mean() for row in rows]),
        f"std_{name}": np.array([row.std() for row in rows]),
    }


def _columns_of_params(params):
    """A masked array for each parameter, as not every setting may have it."""
    columns = {}
    for name in sorted({name for setting in params for name in setting}):
        has_it = [name in setting for setting in params]
        column = np.ma.MaskedArray(
            np.empty(len(params), dtype=object), mask=np.logical_not(has_it)
        )
        for index in np.flatnonzero(has_it):
            column[index] = params[index][name]
        columns[f"param_{name}"] = column
    return columns
