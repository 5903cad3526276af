"""Student's t distribution, by the incomplete beta function, with Python's own library alone."""

import math

_STEPS = 500  # of the continued fraction, which needs far fewer but for huge degrees of freedom
_PRECISION = 1e-15
_TINY = 1e-300


def two_sided_p(t: float, freedom: float) -> float:
    """Return the probability of a value at least as far from 0 as ``t`` on either side.

    Parameters
    ----------
    t
        The value.
    freedom
        The degrees of freedom, above 0; they need not be whole.
    """
    if math.isinf(t * t):
        return 0.0
    whole = freedom + t * t
    return _incomplete_beta(freedom / whole, t * t / whole, freedom / 2, 0.5)


def critical(level: float, freedom: float) -> float:
    """Return the ``t`` within which a share of the distribution lies on both sides of 0.

    Parameters
    ----------
    level
        The share, such as 0.95.
    freedom
        The degrees of freedom, above 0.
    """
    low, high = 0.0, 1.0
    while two_sided_p(high, freedom) > 1 - level:
        low, high = high, 2 * high
    for _ in range(100):  # halves the interval until it is as small as floats allow
        middle = (low + high) / 2
        if two_sided_p(middle, freedom) > 1 - level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """Return the regularized incomplete beta function I_x(a, b); ``rest`` is 1 - x, not rounded.

    By the continued fraction of Abramowitz and Stegun, 1964: Handbook of mathematical functions,
    26.5.8, evaluated by Lentz's method.
    """
    if not x or not rest:
        return 1.0 if x else 0.0
    if x > (a + 1) / (a + b + 2):  # where the fraction would converge slowly
        return 1 - _incomplete_beta(rest, x, b, a)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)
    )
    c, d = 1.0, 1 / _away_from_0(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, _STEPS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_0(1 + numerator * d)
            c = _away_from_0(1 + numerator / c)
            fraction *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return front * fraction / a


def _away_from_0(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
