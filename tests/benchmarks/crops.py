"""`python -m tests.benchmarks.crops`: how much of their subjects the crops of three methods keep, by shape.

The images are those of tests.support.images.subjects; to judge others, add them there with the box of their subject.
"""

from statistics import mean

from tests.support.images.crop_overlap import METHODS, SHAPES, measure_overlaps


def main() -> None:
    """Print a table: the mean overlap of each method, in all, by shape, and how many crops lose half their subject."""
    print("method     mean   lost  " + "  ".join(f"{width}x{height}" for width, height in SHAPES))
    for name, find in METHODS.items():
        rows = measure_overlaps(find)
        overlaps = [overlap for _, _, overlap in rows]
        lost = sum(overlap < 0.5 for overlap in overlaps)
        shapes = (mean(overlap for _, each, overlap in rows if each == shape) for shape in SHAPES)
        columns = "  ".join(f"{value:7.3f}" for value in shapes)
        print(f"{name:9} {mean(overlaps):6.3f} {lost:3}/{len(rows)} {columns}")


if __name__ == "__main__":
    main()
