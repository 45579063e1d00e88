"""Kinds of damage to the bytes of a file, drawn by chance; none takes or needs to know a format."""


def flip(chance, data):
    for _ in range(chance.randint(1, 30)):
        place = chance.randrange(len(data))
        data[place] ^= 1 << chance.randrange(8)
    return data


def head(chance, data):
    """Numbers of the header become extreme."""
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(min(len(data), 200))
        data[place : place + 4] = chance.choice([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", chance.randbytes(4)])
    return data


def cut(chance, data):
    return data[: chance.randrange(len(data))]


def smear(chance, data):
    start = chance.randrange(len(data))
    end = min(len(data), start + chance.randint(1, 500))
    data[start:end] = chance.randbytes(end - start)
    return data


def repeat(chance, data):
    start = chance.randrange(len(data))
    return data[:start] + data[start : start + 300] * chance.randint(2, 40) + data[start:]


def swap(chance, data):
    """The beginning of one file, the end of another."""
    place = chance.randrange(len(data))
    return data[place:] + data[:place]


DAMAGES = (flip, head, cut, smear, repeat, swap)
