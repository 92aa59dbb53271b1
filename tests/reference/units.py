"""Integers that count 10^-18, as docs/definitions.md has them ("Numbers"); text in, text out."""
ONE = 10 ** 18
SECOND = 10 ** 9
MINUTE = 60 * SECOND
DAY = 86400 * SECOND


def parse(text):
    """A decimal as written -> units. More than 18 places, or anything else than digits and a point, is refused."""
    text = str(text).strip()
    sign = -1 if text.startswith("-") else 1
    body = text.lstrip("+-")
    exponent = 0
    if "e" in body.lower():
        body, e = body.lower().split("e")
        exponent = int(e)
    whole, _, places = body.partition(".")
    digits, shift = whole + places, 18 - len(places) + exponent
    if not digits.isdigit():
        raise ValueError("not a decimal: " + text)
    if shift >= 0:
        return sign * int(digits) * 10 ** shift
    value, lost = divmod(int(digits), 10 ** -shift)
    if lost:
        raise ValueError("more than 18 places: " + text)
    return sign * value


def show(value):
    """Units -> the shortest text."""
    whole, places = divmod(abs(value), ONE)
    text = str(whole) + ("." + "%018d" % places if places else "")
    return ("-" if value < 0 else "") + (text.rstrip("0") if places else text)


def mul_up(a, b):
    return -(-a * b // ONE)


def mul_down(a, b):
    return a * b // ONE


def div_up(a, b):
    return -(-a * ONE // b)


def div_down(a, b):
    return a * ONE // b


def floor_to(value, step):
    return value // step * step


def ceil_to(value, step):
    return -(-value // step) * step


def duration(text):
    """"250ms", "15s", "5m", "1h", "1d" -> nanoseconds."""
    for unit, size in (("ms", 10 ** 6), ("s", SECOND), ("m", MINUTE), ("h", 60 * MINUTE), ("d", DAY)):
        if text.endswith(unit):
            return int(text[:-len(unit)]) * size
    raise ValueError("not a duration: " + text)


def stamp(ns):
    """Nanoseconds since 1970 -> 2024-01-02T00:30:00.000000000Z (days to a civil date, proleptic Gregorian)."""
    days, rest = divmod(ns, DAY)
    seconds, nanos = divmod(rest, SECOND)
    year, month, lengths = 1970, 0, None
    while True:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if days < 365 + leap:
            break
        days -= 365 + leap
        year += 1
    lengths = [31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    while days >= lengths[month]:
        days -= lengths[month]
        month += 1
    return "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ" % (
        year, month + 1, days + 1, seconds // 3600, seconds // 60 % 60, seconds % 60, nanos)
