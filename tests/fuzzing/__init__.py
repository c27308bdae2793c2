"""A fuzzer: random lines of Python on both engines, and what may come of them.

What is drawn is source code, so that a fault is shown as a script that can be pasted.

- `forms`: what the lines call: data of every kind, functions for parameters;
- `parameters`, `data`: what is drawn, as source;
- `outcomes`: what may come of a call, and what is a fault;
- `fitted`: what holds of a fitted estimator and of its answers;
- `session`: lines run on each engine, and held against these rules;
- `machine`: sequences of calls, by hypothesis;
- `known`: faults that are known and not yet mended.

`python -m fuzzing`, called in the folder of the tests, makes a long run.
"""
