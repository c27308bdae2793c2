"""Trainings, led to their ends: one alone, or several side by side.

A training is a generator. It yields what the engine is to run next, as
`Engine.run_together` takes it, is sent the sums and how many seconds that took, and
returns its result. It knows nothing of others, and has the same bits as without them.
"""

from time import perf_counter

from ..engine import one_blas_thread


def run_alone(training):
    """Run one training; returns what it returns.

    Whatever is raised within a call of the engine, it is raised in the training.
    """
    try:
        run = next(training)
        with one_blas_thread.held():
            while True:
                try:
                    run_steps, *arguments = run
                    start = perf_counter()
                    sums = run_steps(*arguments)
                    run = training.send((sums, perf_counter() - start))
                except StopIteration:
                    raise
                except BaseException as error:  # of a training that is over: once more
                    run = training.throw(error)
    except StopIteration as end:
        return end.value


def run_together(trainings, engine):
    """Run several trainings side by side, block by block.

    Parameters
    ----------
    trainings : list of generator
        The trainings, which return a result even if they fail.
    engine : Engine
        The engine that they were all prepared for.

    Returns
    -------
    results : list
        What they return. Of a call for all of them, each is told an equal share of the
        seconds.
    """
    results, runs = [None] * len(trainings), {}

    def resume(number, method, *arguments):
        try:
            runs[number] = method(*arguments)
        except StopIteration as end:
            runs.pop(number, None)
            results[number] = end.value

    try:
        for number, training in enumerate(trainings):
            resume(number, next, training)
        with one_blas_thread.held():
            while runs:
                start = perf_counter()
                try:
                    sums = engine.run_together(list(runs.values()))
                except Exception as error:
                    for number in list(runs):
                        resume(number, trainings[number].throw, error)
                    continue
                seconds = (perf_counter() - start) / len(runs)
                for number, of_one in zip(list(runs), sums, strict=True):
                    resume(number, trainings[number].send, (of_one, seconds))
    finally:
        for training in trainings:
            training.close()
    return results
