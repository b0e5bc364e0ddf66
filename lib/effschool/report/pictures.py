"""A drawing → a picture (рисунок): SVG that stands inside a page, PNG for a text processor.

Letters of SVG are text: a reader can search and copy them. Their room is measured in DejaVu Sans, which comes with
matplotlib; Verdana, which Windows and macOS have, is as wide, and the other fonts of screens are narrower.
"""

import io
import re
from functools import cache
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path

PLAIN = {"text.parse_math": False, "text.hinting": "no_hinting"}
"""Names are data: a dollar sign in one is no formula. Letters are as wide as browsers draw them, not in whole dots."""
SVG_DPI, PNG_DPI = 72, 150
"""Dots per inch: those in which matplotlib writes SVG, and those of a picture for print."""
PNG_LEVEL = 2
"""Compression: weaker than usual, since a picture that is some 4 % smaller is not worth the time."""
SILENT = dict.fromkeys(("Date", "Creator", "Format", "Type"))
NUMBER = r"([-\d.]+)"
SHORTER = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"\.(\d\d)\d+", r".\1"),
        (r"\.00(?!\d)|(?<=\.\d)0(?!\d)", ""),
        (r"(<g) id=\"[^\"]*\"", r"\1"),
        (r"xlink:", ""),
        (r"; font-family:[^;\"]*|; stroke-linecap: butt", ""),
        (r" transform=\"rotate\(-0 [^\"]*\"", ""),
        (r" *\n", ""),
        (r"([MLQC]) ", r"\1"),
        (rf"M{NUMBER} {NUMBER}L{NUMBER} \2L\3 {NUMBER}L\1 \4L\1 \2", r"M\1 \2H\3V\4H\1z"),
    )
)
"""What is shortened in tags: digits nobody sees, names nothing refers to, what a page says once for all drawings."""
TAG = re.compile(r"(<[^>]*>)")


class Drawing(NamedTuple):
    """What an `<svg>` element needs: its box («0 0 648 200», in points) and its content."""

    box: str
    content: str


def draw_svg(figure: Figure, name: str) -> Drawing:
    """The drawing for a page; `name`, unique there, keeps its ids apart from those of others.

    Drawn once: `savefig` would draw it a first time to lay it out, and lay it out twice. Same drawing, same text.
    """
    lay_out_figure(figure)
    stream = io.StringIO()
    with mpl.rc_context(PLAIN | {"svg.fonttype": "none", "svg.hashsalt": name}):
        pen = Pen(*figure.bbox.size, stream, image_dpi=SVG_DPI, metadata=SILENT)
        figure.draw(pen)
        pen.finalize()
    whole = stream.getvalue()
    drawing = _shorten_tags(whole[whole.index("<g ") : whole.rindex("</svg>")])
    (box,) = re.findall(r"viewBox=\"([^\"]*)\"", whole)
    return Drawing(box, re.sub(r">\s+<", "><", drawing).strip())


class Pen(RendererSVG):
    """Draws SVG; a text is measured once, however many drawings it stands in and however often they are laid out."""

    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: object) -> tuple[float, float, float]:
        """Room of a text in points."""
        return measure_text(s, prop.copy(), ismath)

    def _get_font_height_metrics(self, prop: FontProperties) -> tuple[float, float, float]:
        """What matplotlib otherwise looks up in the font's file for every text and every time."""
        return measure_font(prop.copy())


@cache
def measure_font(font: FontProperties) -> tuple[float, float, float]:
    """Ascent, descent and gap between lines in points, as the font itself gives them."""
    found = get_font(findfont(font))
    scale = font.get_size_in_points() / found.units_per_EM
    table = found.get_sfnt_table("OS/2")
    ascent, descent, gap = (scale * table[f"sTypo{name}"] for name in ("Ascender", "Descender", "LineGap"))
    return ascent, -descent, gap


@cache
def measure_text(text: str, font: FontProperties, is_math: object) -> tuple[float, float, float]:
    """Width, height and descent of a text in points."""
    return text_to_path.get_text_width_height_descent(text, font, is_math)


class Canvas(FigureCanvasSVG):
    """Where a drawing is laid out before it is drawn: asked for a renderer to measure by, it always has the same."""

    def __init__(self, figure: Figure) -> None:
        super().__init__(figure)
        self.renderer = Pen(*figure.bbox.size, io.StringIO(), image_dpi=SVG_DPI, metadata=SILENT)

    def get_renderer(self) -> Pen:
        """What measures."""
        return self.renderer


def _shorten_tags(drawing: str) -> str:
    """The drawing with shorter tags, all at once; what stands between them is data."""
    parts = TAG.split(drawing)
    tags = "\0".join(parts[1::2])
    for pattern, new in SHORTER:
        tags = pattern.sub(new, tags)
    parts[1::2] = tags.split("\0")
    return "".join(parts)


def draw_png(figure: Figure) -> bytes:
    """The drawing as PNG; the same drawing is the same bytes."""
    lay_out_figure(figure)
    stream = io.BytesIO()
    figure.set_dpi(PNG_DPI)
    with mpl.rc_context(PLAIN):
        FigureCanvasAgg(figure).print_png(stream, metadata={"Software": None}, pil_kwargs={"compress_level": PNG_LEVEL})
    figure.set_dpi(SVG_DPI)
    return stream.getvalue()


def save_svg(figure: Figure) -> bytes:
    """The drawing as a file of its own; letters are outlines, since another computer may lack the font."""
    lay_out_figure(figure)
    stream = io.BytesIO()
    with mpl.rc_context(PLAIN | {"svg.fonttype": "path", "svg.hashsalt": "effschool"}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def lay_out_figure(figure: Figure) -> None:
    """Give every part of the drawing its place, once."""
    engine = figure.get_layout_engine()
    if engine is None:
        return
    figure.set_dpi(SVG_DPI)
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if not axis.get_label_text():
            axis.set_label_coords(0, 0)  # else all ticks are measured once more to find the place of no words
    with mpl.rc_context(PLAIN):
        Canvas(figure)
        engine.execute(figure)
    figure.set_layout_engine("none")
