"""The words for a study, of curves whose courses are known."""

from dataclasses import replace

import numpy as np

from sklearn_bp import EpochCurve, OverfittingStudy

EPOCHS = np.arange(1, 101)
NOISE = np.random.RandomState(0).normal(scale=0.01, size=5)
FALLING = 2 / EPOCHS


def curve(train_loss, test_loss, test_score):
    """Means by epoch, of folds that differ by a constant."""
    test_losses, test_scores = (
        mean[:, np.newaxis] + NOISE for mean in (test_loss, test_score)
    )
    train_losses = np.repeat(train_loss[:, np.newaxis], 5, axis=1)
    times = np.ones(5)
    return EpochCurve(
        train_losses,
        test_losses,
        1 - train_losses,
        test_scores,
        np.full(5, 100),
        times,
        times,
        "accuracy",
    )


def study_of(**curves):
    """Settings of alpha, which stand in the names of the arguments."""
    alphas = [float(name.split("_")[1]) for name in curves]
    return OverfittingStudy(
        [{"net__alpha": alpha} for alpha in alphas],
        list(curves.values()),
        [None] * len(alphas),
        [(10, -alpha, 0.0, 0.0) for alpha in alphas],
        "accuracy",
    )


LEVEL = np.full(100, 0.9)
# least at epoch 40, and from there on up to 0.8
OVERFITTING = curve(FALLING, 0.2 + ((EPOCHS - 40) / 60) ** 2 * 0.6, LEVEL - 0.05)
FLAT = curve(0.3 + FALLING, 0.35 + np.maximum(FALLING, 0.05), LEVEL)
IMPROVING = curve(3 - EPOCHS / 50, 3 - EPOCHS / 60, LEVEL - 0.3)
# Losses rise in training, too.
SPOILED = curve(2 + EPOCHS / 100, 2 + EPOCHS / 90, LEVEL - 0.4)


def test_what_overfits_from_when_on_and_what_helps():
    text = study_of(alpha_0=OVERFITTING, alpha_1=FLAT).summary()
    assert "Best: alpha=1 after 1 epoch, with test accuracy 0.9" in text
    assert "alpha=0 overfits from epoch 40 on: by epoch 100 its test loss rises" in text
    assert "while its training loss goes from 0.05 to 0.02." in text
    assert "alpha=1 closes the gap at no cost" in text
    assert "improving" not in text


def test_nothing_overfits():
    text = study_of(alpha_0=IMPROVING, alpha_1=SPOILED, alpha_2=FLAT).summary()
    assert "No setting overfits" in text
    assert "alpha=0 is still improving at the end: more epochs may help." in text
    assert "closes the gap" not in text


def test_a_rise_within_the_noise_is_none():
    noise = np.random.RandomState(0).normal(size=(100, 5))
    noise -= noise.mean(axis=1, keepdims=True)
    noisy = curve(FALLING, 0.5 + EPOCHS / 2000, LEVEL)
    noisy.test_losses[:] += noise
    assert "No setting overfits" in study_of(alpha_0=noisy).summary()


def test_many_settings_take_no_more_lines():
    curves = {
        f"alpha_{i}": curve(
            FALLING, 0.2 + ((EPOCHS - 40 + i) / 60) ** 2 * 0.6, LEVEL - 0.05
        )
        for i in range(30)
    }
    text = study_of(**curves).summary()
    assert len(text.splitlines()) <= 7
    assert "alpha=29 overfits from epoch 11 on" in text
    assert "27 more overfit, less so, from epoch 14 on at the earliest." in text
    text = replace(study_of(**curves), given_up=(3,)).summary()
    assert "27 more overfit, less so or for fewer epochs, from epoch" in text


def test_what_was_given_up_early_is_no_remedy_and_not_the_worst():
    study = study_of(alpha_0=OVERFITTING, alpha_1=FLAT)
    assert "closes the gap" not in replace(study, given_up=(1,)).summary()
    assert "closes the gap" not in replace(study, given_up=(0, 1)).summary()
    worse = curve(FALLING, 0.2 + ((EPOCHS - 40) / 60) ** 2 * 6, LEVEL - 0.05)
    study = replace(study_of(alpha_0=OVERFITTING, alpha_1=worse), given_up=(1,))
    lines = study.summary().splitlines()
    assert lines[2].startswith("alpha=0 overfits")
    assert lines[3].startswith("alpha=1 overfits")


def test_a_simpler_model_within_one_standard_error():
    best = curve(FALLING, FALLING, 0.9 + EPOCHS * 1e-5)
    study = study_of(alpha_0=best, alpha_1=best)
    text = study.summary()
    assert "Best: alpha=0 after 100 epochs" in text
    assert "The simplest model within one standard error of it: alpha=1 after 1" in text


def test_a_negated_loss_is_shown_as_a_loss():
    study = study_of(alpha_0=curve(FALLING, FALLING, -FALLING))
    study = replace(study, score_name="negated loss")
    assert f"with test loss {-study.best_score_:.4g}" in study.summary()
