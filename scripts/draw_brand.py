#!/usr/bin/env python3
"""Draws the brand images of home_bms: a house whose inside is a battery of four cells, one of them being balanced."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

BRAND: Final = Path(__file__).parents[1] / "custom_components" / "home_bms" / "brand"
FONT: Final = "DejaVuSans-Bold.ttf"

SIZE: Final = 256
LOGO_WIDTH: Final = 832
SMOOTH: Final = 4
"""Drawn this many times larger and scaled down, because Pillow's own edges are jagged."""

GREEN: Final = "#2f9e58"
AMBER: Final = "#f2a33a"
SLATE: Final = "#22313f"
PALE: Final = "#eef3f6"

ROOF: Final = ((128, 12), (248, 116), (216, 116), (216, 244), (40, 244), (40, 116), (8, 116))
WALL: Final = ((128, 40), (196, 99), (196, 224), (60, 224), (60, 99))
LEVELS: Final = ((76, 0.78, GREEN), (103, 0.78, GREEN), (130, 1.0, AMBER), (157, 0.78, GREEN))
"""Left edge, filling and colour of each cell; the amber one stands out because it is higher than its neighbours."""
CELL_WIDTH: Final = 21
CELL_TOP: Final = 112
CELL_BOTTOM: Final = 212


def scaled(points: tuple[tuple[int, int], ...], by: int) -> list[tuple[int, int]]:
    """Return the points on the enlarged canvas."""
    return [(x * by, y * by) for x, y in points]


def draw_mark(draw: ImageDraw.ImageDraw, by: int, line: str, inside: str) -> None:
    """Draw the house and its cells into the left square of a canvas enlarged `by`."""
    draw.polygon(scaled(ROOF, by), fill=line)
    draw.polygon(scaled(WALL, by), fill=inside)
    for left, share, colour in LEVELS:
        top = CELL_BOTTOM - share * (CELL_BOTTOM - CELL_TOP)
        box = (left * by, int(top * by), (left + CELL_WIDTH) * by, CELL_BOTTOM * by)
        draw.rounded_rectangle(box, radius=4 * by, fill=colour)


def paint(width: int, scale: int, line: str, inside: str, *, words: bool) -> Image.Image:
    """Return one image, `width` x 256 at `scale` 1, on a transparent ground."""
    by = scale * SMOOTH
    image = Image.new("RGBA", (width * by, SIZE * by))
    draw = ImageDraw.Draw(image)
    draw_mark(draw, by, line, inside)
    if words:
        draw.text((288 * by, 138 * by), "home", font=ImageFont.truetype(FONT, 104 * by), fill=line, anchor="ls")
        draw.text((288 * by, 238 * by), "bms", font=ImageFont.truetype(FONT, 104 * by), fill=GREEN, anchor="ls")
        image = image.crop((0, 0, (image.getbbox() or (0, 0, width * by, 0))[2] + 8 * by, SIZE * by))
    return image.resize((image.width // SMOOTH, image.height // SMOOTH), Image.Resampling.LANCZOS)


def main() -> None:
    """Write the eight images that Home Assistant looks for."""
    BRAND.mkdir(exist_ok=True)
    for prefix, line, inside in (("", SLATE, PALE), ("dark_", PALE, SLATE)):
        for kind, width in (("icon", SIZE), ("logo", LOGO_WIDTH)):
            for suffix, scale in (("", 1), ("@2x", 2)):
                image = paint(width, scale, line, inside, words=kind == "logo")
                image.save(BRAND / f"{prefix}{kind}{suffix}.png", optimize=True)


if __name__ == "__main__":
    main()
