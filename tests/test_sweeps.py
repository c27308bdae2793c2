from itertools import combinations, product

from sweeps import cover

TABLES = {"a": range(7), "b": [None, "x"], "c": [[], {}, ()], "d": [True, False]}


def occur(rows, names):
    """The combinations of values of these tables that stand in the rows, by `repr`."""
    return {tuple(repr(row[name]) for name in names) for row in rows}


def all_of(names):
    return {tuple(map(repr, values)) for values in product(*map(TABLES.get, names))}


def test_any_two_values_of_two_tables_occur():
    rows = cover(TABLES)
    for names in combinations(TABLES, 2):
        assert occur(rows, names) == all_of(names)
    assert len(rows) == 7 * 3  # the two longest tables take as many


def test_what_stands_together_occurs_in_each_combination():
    rows = cover(TABLES, [("d", "b", "c"), ("a", "d")])
    for names in [("d", "b", "c"), *combinations(TABLES, 2)]:
        assert occur(rows, names) == all_of(names)
    assert len(rows) < 7 * 3 * 2
    assert rows == cover(TABLES, [("d", "b", "c"), ("a", "d")])


def test_two_tables_have_their_product():
    assert len(cover({"a": range(3), "b": range(4)})) == 3 * 4
