"""Drawn scenes with one subject each: a person, an animal, a product or a dish before a background out of focus."""

from collections.abc import Callable
from random import Random
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Box = tuple[float, float, float, float]  # left, top, right, bottom
Draw = Callable[[ImageDraw.ImageDraw, Box], None]


def draw_scene(size: tuple[int, int], background: str, subject: Draw, box: Box, *, seed: int) -> Image.Image:
    """Return a scene whose subject fills the `box`, given as shares of width and height."""
    image = _BACKGROUNDS[background](size, Random(seed)).filter(ImageFilter.GaussianBlur(max(size) / 120))
    left, top, right, bottom = (share * side for share, side in zip(box, size * 2, strict=True))
    subject(ImageDraw.Draw(image), (left, top, right, bottom))
    # Every photograph has some grain, and no edge is perfectly hard.
    grain = Image.frombytes("L", size, Random(seed).randbytes(size[0] * size[1])).point(
        lambda level: level // 16
    )
    return ImageChops.add(image.filter(ImageFilter.GaussianBlur(0.6)), grain.convert("RGB"), offset=-8)


def person(skin: str, hair: str, clothes: str) -> Draw:
    """Return what draws head and shoulders, the head filling the box and the body reaching below it."""

    def draw(pen: ImageDraw.ImageDraw, box: Box) -> None:
        at = _within(box)
        pen.rounded_rectangle((*at(-0.6, 1.15), *at(1.6, 4)), radius=(box[2] - box[0]) / 2, fill=clothes)
        pen.rectangle((*at(0.35, 0.85), *at(0.65, 1.25)), fill=skin)
        pen.ellipse((*at(-0.08, 0), *at(1.08, 0.9)), fill=hair)
        pen.ellipse((*at(0.08, 0.15), *at(0.92, 1)), fill=skin)
        for across in (0.32, 0.68):
            pen.ellipse((*at(across - 0.1, 0.46), *at(across + 0.1, 0.56)), fill="white")
            pen.ellipse((*at(across - 0.05, 0.46), *at(across + 0.05, 0.56)), fill="#3a2618")
            pen.line((*at(across - 0.12, 0.4), *at(across + 0.12, 0.4)), fill=hair, width=3)
        pen.line((*at(0.5, 0.55), *at(0.46, 0.7), *at(0.54, 0.7)), fill="#7a4a35", width=2)
        pen.chord((*at(0.33, 0.7), *at(0.67, 0.88)), 10, 170, fill="#a2343a")

    return draw


def cat(coat: str, stripes: str) -> Draw:
    """Return what draws a cat's head."""

    def draw(pen: ImageDraw.ImageDraw, box: Box) -> None:
        at = _within(box)
        for side in (0.0, 0.62):
            pen.polygon([at(side, 0.4), at(side + 0.15, 0), at(side + 0.38, 0.3)], fill=coat, outline=stripes)
        pen.ellipse((*at(0, 0.2), *at(1, 1)), fill=coat)
        for across in (0.3, 0.4, 0.5, 0.6, 0.7):
            pen.line((*at(across, 0.22), *at(0.5 + (across - 0.5) / 2, 0.42)), fill=stripes, width=4)
        for across in (0.3, 0.7):
            pen.ellipse((*at(across - 0.11, 0.47), *at(across + 0.11, 0.62)), fill="#c8d060")
            pen.ellipse((*at(across - 0.03, 0.47), *at(across + 0.03, 0.62)), fill="black")
        pen.polygon([at(0.44, 0.68), at(0.56, 0.68), at(0.5, 0.75)], fill="#c07070")
        for down in (0.72, 0.78, 0.84):
            pen.line((*at(-0.05, down - 0.04), *at(0.4, down)), fill="white", width=1)
            pen.line((*at(0.6, down), *at(1.05, down - 0.04)), fill="white", width=1)

    return draw


def bird(body: str, wing: str) -> Draw:
    """Return what draws a bird on a twig."""

    def draw(pen: ImageDraw.ImageDraw, box: Box) -> None:
        at = _within(box)
        pen.line((*at(-0.3, 1), *at(1.3, 0.92)), fill="#4b3a2a", width=6)
        pen.ellipse((*at(0.1, 0.25), *at(0.8, 0.95)), fill=body)
        pen.ellipse((*at(0.5, 0), *at(0.95, 0.45)), fill=body)
        pen.polygon([at(0.93, 0.18), at(1, 0.26), at(0.9, 0.3)], fill="#e0a030")
        pen.ellipse((*at(0.76, 0.12), *at(0.84, 0.2)), fill="black")
        pen.pieslice((*at(0.1, 0.35), *at(0.65, 0.9)), 20, 200, fill=wing, outline="black")
        pen.polygon([at(0.2, 0.6), at(0, 0.98), at(0.3, 0.75)], fill=wing)

    return draw


def bottle(glass: str, label: str) -> Draw:
    """Return what draws a bottle with a label."""

    def draw(pen: ImageDraw.ImageDraw, box: Box) -> None:
        at = _within(box)
        pen.rectangle((*at(0.38, 0.05), *at(0.62, 0.35)), fill=glass)
        pen.rectangle((*at(0.34, 0), *at(0.66, 0.08)), fill="#222222")
        pen.rounded_rectangle((*at(0, 0.3), *at(1, 1)), radius=(box[2] - box[0]) / 4, fill=glass)
        pen.rectangle((*at(0, 0.5), *at(1, 0.85)), fill=label)
        for down in (0.56, 0.64, 0.72):
            pen.line((*at(0.15, down), *at(0.85, down)), fill="#202020", width=4)

    return draw


def watch(strap: str, dial: str) -> Draw:
    """Return what draws a wrist watch."""

    def draw(pen: ImageDraw.ImageDraw, box: Box) -> None:
        at = _within(box)
        pen.rectangle((*at(0.28, 0), *at(0.72, 1)), fill=strap)
        pen.ellipse((*at(0, 0.22), *at(1, 0.78)), fill=dial, outline="#707070", width=6)
        for across, down in ((0.5, 0.27), (0.9, 0.5), (0.5, 0.73), (0.1, 0.5)):
            pen.line(
                (*at(0.5 + (across - 0.5) * 0.8, 0.5 + (down - 0.5) * 0.8), *at(across, down)),
                fill="black",
                width=4,
            )
        pen.line((*at(0.5, 0.5), *at(0.5, 0.32)), fill="black", width=5)
        pen.line((*at(0.5, 0.5), *at(0.75, 0.55)), fill="#aa2222", width=3)

    return draw


def plate(*food: str) -> Draw:
    """Return what draws a plate with pieces of food in the colors given."""

    def draw(pen: ImageDraw.ImageDraw, box: Box) -> None:
        at = _within(box)
        pen.ellipse((*at(0, 0), *at(1, 1)), fill="#f2efe8", outline="#b8b2a4", width=4)
        pen.ellipse((*at(0.15, 0.15), *at(0.85, 0.85)), outline="#d5d0c4", width=3)
        random = Random(len(food))
        for number in range(18):
            across, down, reach = (
                0.3 + 0.4 * random.random(),
                0.3 + 0.4 * random.random(),
                0.05 + 0.05 * random.random(),
            )
            spot = (*at(across - reach, down - reach), *at(across + reach, down + reach))
            pen.ellipse(spot, fill=food[number % len(food)], outline="#402818")

    return draw


def burger() -> Draw:
    """Return what draws a burger."""

    def draw(pen: ImageDraw.ImageDraw, box: Box) -> None:
        at = _within(box)
        pen.pieslice((*at(0, 0), *at(1, 0.9)), 180, 360, fill="#c98a3f")
        layers = (
            ("#57a639", 0.45, 0.53),
            ("#d03a2b", 0.53, 0.6),
            ("#f2c14e", 0.6, 0.66),
            ("#5b3322", 0.66, 0.82),
        )
        for color, top, bottom in layers:
            pen.rounded_rectangle((*at(-0.03, top), *at(1.03, bottom)), radius=4, fill=color)
        pen.rounded_rectangle((*at(0.02, 0.82), *at(0.98, 1)), radius=8, fill="#c98a3f")
        for across, down in ((0.3, 0.2), (0.5, 0.1), (0.7, 0.2), (0.4, 0.3), (0.6, 0.3)):
            pen.ellipse((*at(across - 0.02, down - 0.02), *at(across + 0.02, down + 0.02)), fill="#f5e6c0")

    return draw


def _within(box: Box) -> Callable[[float, float], tuple[float, float]]:
    return lambda across, down: (box[0] + across * (box[2] - box[0]), box[1] + down * (box[3] - box[1]))


def _wall(size: tuple[int, int], random: Random) -> Image.Image:
    shade = random.randrange(130, 210)
    ramp = Image.linear_gradient("L").resize(size).point(lambda level: shade + level // 8)
    return Image.merge(
        "RGB", (ramp, ramp.point(lambda level: level - 6), ramp.point(lambda level: level - 18))
    )


def _lights(size: tuple[int, int], random: Random) -> Image.Image:
    image = Image.new("RGB", size, "#20252e")
    pen = ImageDraw.Draw(image)
    for _ in range(40):
        x, y, reach = random.randrange(size[0]), random.randrange(size[1]), random.randrange(8, 40)
        pen.ellipse(
            (x - reach, y - reach, x + reach, y + reach),
            fill=random.choice(("#caa25a", "#5a7fca", "#8a4a4a", "#4b5563")),
        )
    return image.filter(ImageFilter.GaussianBlur(8))


def _meadow(size: tuple[int, int], random: Random) -> Image.Image:
    texture = Image.frombytes("L", (64, 64), random.randbytes(64 * 64)).resize(size, Image.Resampling.BICUBIC)
    grass = Image.merge("RGB", [texture.point(lambda v, base=base: base + v // 5) for base in (60, 105, 40)])
    grass.paste("#9fc3e6", (0, 0, size[0], size[1] // 3))
    return grass


def _room(size: tuple[int, int], random: Random) -> Image.Image:
    image = Image.new("RGB", size, "#b9ab98")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, size[1] * 3 // 4, *size), fill="#7a6048")
    for _ in range(6):
        x, y = random.randrange(size[0]), random.randrange(size[1] * 3 // 4)
        pen.rectangle(
            (x, y, x + random.randrange(30, 120), y + random.randrange(30, 120)),
            fill=random.choice(("#8f8577", "#cfc4b2", "#6b7480")),
        )
    return image


_BACKGROUNDS: Final = {"wall": _wall, "lights": _lights, "meadow": _meadow, "room": _room}
