"""
Data larger than memory
=======================

`partial_fit` trains a network on a file of any length, batch by batch: here on two
million samples in a Parquet file, of which one batch at a time is in memory.
The blocks of a Dask array work the same way: ``for block in X.blocks``.
"""

# %%
# The file is also written in batches. A random network determines the labels, and one
# label in twenty is then replaced by a random one.

import resource
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sklearn_bp import BackpropClassifier

N_BATCHES, BATCH, N_FEATURES = 40, 50_000, 30
rng = np.random.RandomState(0)
teacher = rng.normal(size=(N_FEATURES, 8)), rng.normal(size=(8, 3))


def make_batch(n_samples):
    X = rng.normal(size=(n_samples, N_FEATURES)).astype(np.float32)
    y = (np.tanh(X @ teacher[0] / 2) @ teacher[1]).argmax(axis=1)
    wrong = rng.uniform(size=n_samples) < 0.05
    y[wrong] = rng.randint(3, size=wrong.sum())
    return X, y


def write(path):
    names = [f"x{i}" for i in range(N_FEATURES)]
    schema = pa.schema([(name, pa.float32()) for name in names] + [("y", pa.int64())])
    with pq.ParquetWriter(path, schema) as writer:
        for _ in range(N_BATCHES):
            X, y = make_batch(BATCH)
            writer.write_table(pa.table([*X.T, y], schema=schema))


def read(path):
    """Yield batches, as arrays that the engine uses without conversion."""
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            batch = file.read_row_group(number)
            X = np.column_stack([batch.column(i) for i in range(N_FEATURES)])
            yield X, batch.column("y").to_numpy()


# %%
# Each batch is seen once. Before the network is trained on it, the batch tests what it
# has learned from all earlier ones: there is no better test set than data to come.

model = BackpropClassifier(
    hidden_layer_sizes=(64,), learning_rate_init=0.002, random_state=0
)
accuracies = []
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "data.parquet"
    write(path)
    megabytes = path.stat().st_size / 2**20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for X, y in read(path):
        if hasattr(model, "coefs_"):
            accuracies.append(model.score(X, y))
        model.partial_fit(X, y, classes=[0, 1, 2])
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

print(f"{N_BATCHES * BATCH:,} samples in {megabytes:.0f} MiB")
print(f"peak memory grew by {(after - before) / 1024:.0f} MiB while training")
print(f"accuracy on the next batch: {accuracies[0]:.3f}, at last {accuracies[-1]:.3f}")

# %%
# One pass is enough: two million samples are too many to be memorised.

figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
seen = BATCH * np.arange(1, N_BATCHES) / 1e6
ax.plot(seen, accuracies, marker="o", color="#0072B2")
ax.axhline(1 - 0.05 * 2 / 3, color="#555555", linestyle=":", label="correct labels")
ax.set(
    xlabel="million samples seen",
    ylabel="accuracy on the next 50,000",
    title=f"A file of {megabytes:.0f} MiB, {(after - before) / 1024:.0f} MiB of memory",
)
ax.legend(frameon=False, loc="lower right")
ax.grid(alpha=0.3)

figure.savefig("plot_larger_than_memory.png", dpi=120)
print("written: plot_larger_than_memory.png")
plt.show()
