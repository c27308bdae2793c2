"""Draw the pictures of the user guide: each Display, with what the examples study.

python doc/draw.py
"""

import os
import runpy
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt

from sklearn_bp import EpochCurveDisplay

HERE = Path(__file__).resolve().parent
# Text stays text, and the same figures make the same file.
plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "sklearn_bp"})
plt.switch_backend("Agg")


def run(example):
    """What an example has made, by its names; its picture is not kept."""
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        made = runpy.run_path(str(HERE.parent / "examples" / f"{example}.py"))
        os.chdir(HERE)
    return made


def save(figure, name):
    figure.savefig(HERE / "pictures" / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)


studied = run("plot_overfitting_study")
save(studied["display"].figure_, "overfitting_study")
save(EpochCurveDisplay.from_study(studied["study"], 0).figure_, "epoch_curve")
save(run("plot_dropout_or_alpha")["display"].figure_, "overfitting_map")
save(run("plot_more_data_or_penalty")["display"].figure_, "train_sizes")
