"""Figures of the results page: error maps, curves, time against PSNR, noise power spectra."""

import io
import itertools

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from Benchmark.tables import by_method, chosen, judged_by, over_seeds, row_name, time_base, time_head, time_ratio

COLUMNS = 7
DPI = 90
COLORS = 200
JPEG_QUALITY = 72
OTHERS = [color for n, color in enumerate(plt.get_cmap("tab20").colors) if n not in (6, 7)]  # red is NS-N2N


def error_maps(path, records, pictures, reference, data_range, window):
    """Slices above and |error| below (Fig. 2): one window for all images and one for all errors.

    pictures: slice (J, I) for each record; window: (low, high) of the images in image units.
    """
    tops = 2 * int(np.ceil((len(records) + 1) / COLUMNS))
    aspect = reference.shape[0] / reference.shape[1]
    figure, axes = plt.subplots(tops, COLUMNS, figsize=(1.7 * COLUMNS, (1.7 * aspect + 0.3) * tops), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    errors = [np.abs(picture - reference) for picture in pictures]
    limit = 0.15 * data_range
    entries = [("reference", reference, None)]
    for record, picture, error in zip(records, pictures, errors, strict=True):
        entries.append((row_name(record).replace("`", ""), picture, error))
    for n, (name, picture, error) in enumerate(entries):
        row, column = 2 * (n // COLUMNS), n % COLUMNS
        axes[row, column].imshow(picture, cmap="gray", vmin=window[0], vmax=window[1])
        axes[row, column].set_title(name, fontsize=6)
        if error is not None:
            shown = axes[row + 1, column].imshow(error, cmap="magma", vmin=0, vmax=limit)
            axes[row + 1, column].set_title(f"|error|, RMS {np.sqrt(np.mean(error**2)):.3g}", fontsize=6)
    figure.subplots_adjust(left=0.01, right=0.93, top=0.95, bottom=0.02, wspace=0.04, hspace=0.16)
    figure.colorbar(shown, cax=figure.add_axes((0.945, 0.1, 0.012, 0.8)), label="|error|, image units")
    save(figure, path)


def curves(path, records, xlabel, log):
    """Tissue PSNR over x for each series (Fig. 3, threshold sweep); rows without x become horizontal lines."""
    series = {}
    figure, axis = plt.subplots(figsize=(6, 4))
    for group in by_method([r for r in records if r["status"] == "ok"]):
        value = over_seeds(group, "psnrTissue")
        if group[0]["x"] is None:
            axis.axhline(value[0], color="gray", ls="--", lw=1, label=row_name(group[0]).replace("`", ""))
        else:
            series.setdefault(group[0]["series"], []).append((group[0]["x"], *value))
    for name, points in series.items():
        x, y, sd = zip(*sorted(points), strict=True)
        axis.errorbar(x, y, yerr=[s or 0.0 for s in sd], marker="o", capsize=2, label=name)
    if log:
        places = sorted({x for points in series.values() for x, *_ in points})
        axis.set_xscale("log")
        axis.set_xticks(places, [f"{x:g}" for x in places])
        axis.minorticks_off()
    axis.set(xlabel=xlabel, ylabel="tissue PSNR, dB")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    save(figure, path)


def time_against_psnr(path, records):
    """Time for the volume (log, as a ratio) against tissue PSNR (Fig. 5)."""
    figure, axis = plt.subplots(figsize=(8, 5))
    base, points = time_base(records), []
    key = judged_by(by_method(records))
    for group in by_method([r for r in records if r["status"] == "ok" and r["method"] != "noisy"]):
        ratio = time_ratio(group, base)
        if ratio is not None:
            points.append((max(ratio, 1e-4), over_seeds(group, key)[0], group[0]))
    if not points:
        plt.close(figure)
        return False
    for ratio, value, record in points:
        own = record["method"] == "nsn2n"
        axis.scatter(ratio, value, s=60 if own else 30, color="tab:red" if own else "tab:blue", zorder=3)
    for place, (ratio, value, record) in zip(spread([p[1] for p in points]), points, strict=True):
        name = row_name(record).replace("`", "")
        arrow = {"arrowstyle": "-", "lw": 0.5, "color": "gray"}
        axis.annotate(name, (ratio, value), (ratio * 1.15, place), fontsize=7, va="center", arrowprops=arrow)
    axis.set_xscale("log")
    axis.margins(x=0.25, y=0.08)
    axis.set(xlabel=time_head(base), ylabel="tissue PSNR, dB", title="Processing time (Fig. 5)")
    axis.grid(alpha=0.3)
    save(figure, path)
    return True


def spread(values):
    """Heights of the labels: the values, moved apart where they lie closer than 1/28 of the range."""
    order = np.argsort(values)
    gap = (max(values) - min(values) or 1.0) / 28
    places = np.array(values, dtype=float)
    for below, above in itertools.pairwise(order):
        places[above] = max(places[above], places[below] + gap)
    return places - (places - values).mean()


def spectra(path, records):
    """Noise power spectra before and after."""
    figure, axis = plt.subplots(figsize=(7, 4.5))
    for n, group in enumerate(by_method([r for r in records if r["status"] == "ok"])):
        figures = chosen(group[0])["figures"]
        if group[0]["method"] == "noisy":
            axis.plot(figures["frequency"], figures["powerBefore"], color="black", lw=2, label="input")
            continue
        own = group[0]["method"] == "nsn2n"
        name = row_name(group[0]).replace("`", "")
        color = "tab:red" if own else OTHERS[n % len(OTHERS)]
        axis.plot(figures["frequency"], figures["powerAfter"], lw=2.5 if own else 1, color=color, label=name)
    axis.set_yscale("log")
    axis.set(xlabel="spatial frequency, 1/mm", ylabel="noise power, units² mm²")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    save(figure, path)


def save(figure, path):
    """Write the figure as a PNG of few colors or, where the path says .jpg, for images, and close it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=DPI, bbox_inches="tight")
    plt.close(figure)
    image = Image.open(buffer).convert("RGB")
    if path.suffix == ".jpg":
        image.save(path, quality=JPEG_QUALITY, optimize=True)
    else:
        image.quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
