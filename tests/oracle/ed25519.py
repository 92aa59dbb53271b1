"""Ed25519 signatures (RFC 8032, section 5.1), from the formulas there. Not for secrets: nothing here takes constant time."""
import hashlib

P = 2 ** 255 - 19
L = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(p, q):
    """Points in extended coordinates (X, Y, Z, T)."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def base_point():
    y = 4 * pow(5, P - 2, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    x = P - x if x & 1 else x
    return x, y, 1, x * y % P


def multiples():
    """Of the base point: for each of a scalar's 64 hexadecimal digits, what its 16 values stand for."""
    table, point = [], base_point()
    for _ in range(64):
        row = [(0, 1, 1, 0)]
        for _ in range(15):
            row.append(add(row[-1], point))
        table.append(row)
        point = add(row[-1], point)
    return table


TABLE = multiples()


def times_base(scalar):
    """The encoded point."""
    point = (0, 1, 1, 0)
    for row in TABLE:
        point = add(point, row[scalar & 15])
        scalar >>= 4
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def expand(seed):
    h = hashlib.sha512(seed).digest()
    return int.from_bytes(h[:32], "little") & (2 ** 254 - 8) | 2 ** 254, h[32:]


def public_key(seed):
    return times_base(expand(seed)[0])


def sign(seed, message):
    a, prefix = expand(seed)
    r = number(prefix, message)
    big_r = times_base(r)
    return big_r + ((r + number(big_r, times_base(a), message) * a) % L).to_bytes(32, "little")
