"""How alike two images are, to a test: structural similarity, and the colors in given places."""

from PIL import Image, ImageMath

_BLOCK = 8  # pixels a side; each is compared by mean, variance and covariance
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2  # the usual constants of SSIM for 8 bits


def similarity(one: Image.Image, other: Image.Image) -> float:
    """The mean structural similarity (SSIM, over blocks of 8 pixels) of two images of one size: 1 is the same."""
    assert one.size == other.size, f"{one.size} and {other.size}"
    a, b = one.convert("L").convert("F"), other.convert("L").convert("F")
    mean_a, mean_b = a.reduce(_BLOCK), b.reduce(_BLOCK)
    squares_a, squares_b, products = (_times(x, y).reduce(_BLOCK) for x, y in ((a, a), (b, b), (a, b)))
    index = ImageMath.lambda_eval(
        lambda v: (
            ((v["ma"] * v["mb"] * 2 + _C1) * ((v["ab"] - v["ma"] * v["mb"]) * 2 + _C2))
            / (
                (v["ma"] * v["ma"] + v["mb"] * v["mb"] + _C1)
                * (v["aa"] - v["ma"] * v["ma"] + v["bb"] - v["mb"] * v["mb"] + _C2)
            )
        ),
        ma=mean_a,
        mb=mean_b,
        aa=squares_a,
        bb=squares_b,
        ab=products,
    )
    values = index.get_flattened_data()
    return float(sum(values) / len(values))


def color_at(image: Image.Image, across: float, down: float) -> tuple[int, ...]:
    """The mean color around a place given as shares of width and height."""
    x, y = round(across * image.width), round(down * image.height)
    reach = max(1, min(image.size) // 40)
    spot = image.crop(
        (max(0, x - reach), max(0, y - reach), min(image.width, x + reach), min(image.height, y + reach))
    )
    pixel = spot.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return tuple(round(value) for value in pixel)


def colors_differ_by(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """The largest difference in any channel, 0 to 255."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _times(one: Image.Image, other: Image.Image) -> Image.Image:
    result = ImageMath.lambda_eval(lambda v: v["a"] * v["b"], a=one, b=other)
    assert isinstance(result, Image.Image)
    return result
