"""Invented names of municipalities, towns, villages and schools, made systematically: prefix + colour + stone."""

from effschool.demo.settings import DemoSettings


def count_roots(names: DemoSettings) -> int:
    """How many different roots the building blocks give."""
    return len(names.prefixes) * len(names.colours) * len(names.stones)


def make_root(number: int, names: DemoSettings) -> str:
    """The root of a given number; roots without a prefix come first, all are used before one returns."""
    plain = len(names.colours) * len(names.stones)
    prefix = names.prefixes[number // plain % len(names.prefixes)]
    colour, stone = divmod(number * names.stride % plain, len(names.stones))
    return (prefix + names.colours[colour] + names.stones[stone]).capitalize()


def name_town(number: int, names: DemoSettings) -> str:
    """«Алоагатовск»."""
    return names.town.format(root=make_root(number, names))


def name_village(number: int, names: DemoSettings) -> str:
    """«Алоагатовка»."""
    return names.village.format(root=make_root(number, names))


def name_municipality(number: int, is_urban: bool, names: DemoSettings) -> str:
    """«городской округ Алоагатовск» or «Алоагатовский муниципальный район» (or «округ»), in turn."""
    pattern = names.urban if is_urban else names.districts[number % len(names.districts)]
    return pattern.format(town=name_town(number, names))
