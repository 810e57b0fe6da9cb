"""Why most of a set's labels are at fault at once: what a newcomer meets, said before the single faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from training.data.labels import Photo
from training.errors import AnnotationError
from training.findings import Finding, Kind, counted, shown

MOST = 0.9
"""Share of the labels or photos from which on a fault has a cause of its own."""
NAMED = 8
TURNED, SWAPPED, SCALED = "turned", "swapped", "scaled "
"""Values of findings about a size that is right before turning by EXIF, or with width and height swapped, or that is so
many times that of the file.
"""


def refusal(
    message: str, findings: Sequence[Finding], right: Collection[Photo] = (), suspected: Sequence[str] = ()
) -> AnnotationError:
    """The error for a set that is refused, its common cause first.

    Args:
        message: what is refused
        findings: every fault
        right: the photos without one
        suspected: causes that are known already
    """
    return AnnotationError("\n".join([*suspected, *causes(findings, right), message]), findings)


def causes(findings: Sequence[Finding], right: Collection[Photo]) -> list[str]:
    """What most faults come from, one line each."""
    found = []
    missing = {one.value for one in findings if one.kind is Kind.MISSING}
    if missing and len(missing) >= MOST * (len(missing) + len(right)):
        number = f"none of the {len(missing):,} photos that labels name is" if len(missing) > 1 else "the photo isn't"
        said = f"{counted(len(missing), 'photo')} {'is' if len(missing) == 1 else 'are'} not" if right else number
        found.append(f"{said} in the folder ({shown(min(missing))} first): does --images name the right one?")
    unknown = Counter(one.value for one in findings if one.kind is Kind.CLASS and one.value)
    objects = sum(len(photo.objects) for photo in right)
    if unknown and unknown.total() >= MOST * (unknown.total() + objects):
        names = [f"{shown(name)} ({count:,})" for name, count in unknown.most_common(NAMED)]
        more = ["…"] if len(unknown) > NAMED else []
        found.append(
            f"the labels' classes aren't the configuration's; they are {', '.join([*names, *more])}: list them as "
            "`classes:` in the file that --config names"
        )
    sizes = Counter(one.value for one in findings if one.kind is Kind.SIZE)
    turned, swapped = sizes[TURNED], sizes[SWAPPED]
    if turned + swapped and turned + swapped >= MOST * max(sizes.total(), len(right)):
        if turned >= swapped:
            found.append(
                f"{turned + swapped:,} labels have the size that their photo has before its EXIF orientation turns it, "
                "so their boxes lie wrong: label the photos as viewers show them, or save the photos upright"
            )
        else:
            found.append(
                f"{turned + swapped:,} labels have width and height swapped, and no EXIF orientation explains it: "
                "either they say it wrong (swap them), or the photos were turned later, and their boxes lie wrong"
            )
    scaled = [value.removeprefix(SCALED) for value in sizes.elements() if value.startswith(SCALED)]
    if scaled and len(scaled) >= MOST * max(sizes.total(), len(right)):
        factor = Counter(scaled).most_common(1)[0][0]
        found.append(
            f"{counted(len(scaled), 'label')} of photos that are {factor} times as large as the files: the photos were "
            "scaled after they had been labelled. Use those that were labelled, or scale sizes and boxes, too"
        )
    return found
