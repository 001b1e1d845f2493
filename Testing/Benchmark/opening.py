"""The first paragraph of a results page: where NS-N2N's default loses, by how much; then where it is first."""

from Benchmark import tables
from Benchmark.judge import LEAK_LIMIT

OWN = ("nsn2n", "default")


def opening(planned, found):
    """planned: experiments; found: their records by name."""
    losses, wins = [], []
    for experiment in planned:
        groups = {(g[0]["method"], g[0]["label"]): g for g in tables.by_method(found[experiment.name])}
        groups = {key: [r for r in g if r["status"] == "ok"] for key, g in groups.items()}
        groups = {key: g for key, g in groups.items() if g}
        own = groups.get(OWN)
        rivals = [g for key, g in groups.items() if key[0] != OWN[0]]
        if own is None or not rivals:
            continue
        compare = against_truth if tables.over_seeds(own, "psnrTissue") else without_truth
        loses, text = compare(own, rivals)
        if text:
            (losses if loses else wins).append(f"{experiment.title} {text}")
    if not losses and not wins:
        return "**There is no result of NS-N2N's default beside another method yet.**"
    text = "**Where NS-N2N's default loses:** " + ("; ".join(losses) if losses else "nowhere among these tables") + "."
    return text + ("\n\n**Where it is first:** " + "; ".join(wins) + "." if wins else "")


def against_truth(own, rivals):
    """(whether a rival has the higher tissue PSNR, text with every such rival and the gaps)."""
    key = tables.judged_by([own, *rivals])
    mine = tables.over_seeds(own, key)[0]
    ranked = sorted(((tables.over_seeds(g, key)[0] - mine, g) for g in rivals), key=lambda o: -o[0])
    better = [(gap, g) for gap, g in ranked if gap > 0]
    if not better:
        gap, second = ranked[0]
        return False, f"({mine:.2f} dB in tissue, next is {tables.row_name(second[0])}, {gap:.2f} dB)"
    names = ", ".join(f"{tables.row_name(g[0])} (+{gap:.2f} dB)" for gap, g in better)
    return True, f"({mine:.2f} dB in tissue): behind {names}" + whole_image(own, rivals)


def whole_image(own, rivals):
    """How far the best rival is ahead over the whole image, or nothing."""
    key = "psnrUnbiased" if tables.judged_by([own, *rivals]) == "psnrUnbiasedTissue" else "psnr"
    mine = tables.over_seeds(own, key)
    scores = [(tables.over_seeds(g, key), g) for g in rivals]
    scores = [(value[0], record) for value, record in scores if value is not None]
    if mine is None or not scores:
        return ""
    best, record = max(scores, key=lambda s: s[0])
    if best <= mine[0]:
        return ""
    return f"; over the whole image {best - mine[0]:.2f} dB behind {tables.row_name(record[0])}{faster(own, record)}"


def faster(own, rival):
    """The rival's time as a part of NS-N2N's, where both were taken alike."""
    ratio = tables.time_ratio(rival, own)
    return "" if ratio is None else f", whose time is {ratio:.2g} of NS-N2N's"


def without_truth(own, rivals):
    """On a real volume: a loss is more leak than LEAK_LIMIT, or more noise than a rival within that limit."""
    leak, noise = worst_leak(own), tables.over_seeds(own, "noiseAfter")[0]
    before = tables.over_seeds(own, "noiseBefore")[0]
    quieter = [
        (tables.over_seeds(g, "noiseAfter")[0], tables.row_name(g[0]))
        for g in rivals
        if worst_leak(g) is not None and worst_leak(g) <= LEAK_LIMIT and tables.over_seeds(g, "noiseAfter")[0] < noise
    ]
    text = f"(no truth; noise {before:.3g} → {noise:.3g}, leak {leak:.2f} at most)"
    reasons = []
    if leak > LEAK_LIMIT:
        reasons.append(f"its removed noise holds more anatomy than the limit of {LEAK_LIMIT} allows")
    if quieter:
        names = ", ".join(f"{name} ({value:.3g})" for value, name in sorted(quieter))
        reasons.append(f"less noise within the leak limit have {names}")
    if reasons:
        return True, f"{text}: " + "; ".join(reasons)
    return False, text


def worst_leak(group):
    """Largest leak over the bands of the edge strength, mean over the seeds; None for the unchanged input."""
    values = [tables.chosen(r)["figures"]["leak"] for r in group]
    values = [max(part for part in value if part is not None) for value in values if value is not None]
    return sum(values) / len(values) if values else None
