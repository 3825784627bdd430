from common import errors
from common.errors import ConfigurationError, DarkroomError, ImageError, TransientError


def descendants(kind: type[DarkroomError]) -> set[type[DarkroomError]]:
    found = set(kind.__subclasses__())
    return found | {each for child in found for each in descendants(child)}


OURS = {each for each in descendants(DarkroomError) if each.__module__ == errors.__name__}


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [each.code for each in OURS]

    assert len(set(codes)) == len(codes)
    assert all(code == code.lower() and " " not in code for code in codes)


def test_nobody_is_at_fault_twice() -> None:
    for each in OURS:
        faults = [kind for kind in (ImageError, TransientError, ConfigurationError) if issubclass(each, kind)]
        assert len(faults) <= 1, each


def test_every_error_says_what_it_means() -> None:
    assert all(each.__doc__ for each in OURS)
