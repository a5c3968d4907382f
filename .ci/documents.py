"""documents.py FOLDER: copies the README and docs/ to FOLDER, without the large pictures, and replaces
links to files that are not there by their texts."""

import pathlib
import re
import shutil
import sys

PICTURE_BYTES_MAX = 50_000

LINK = re.compile(r"(!?)\[([^]]*)\]\(([^)#]+)(#[^)]*)?\)")


def copy(folder):
    def is_large(path):
        return path.suffix == ".png" and path.stat().st_size > PICTURE_BYTES_MAX

    shutil.copytree(
        "docs", folder / "docs",
        ignore=lambda parent, names: [name for name in names if is_large(pathlib.Path(parent, name))],
    )
    for path in ["README.md", "font/README.md", "voice/README.md"]:
        (folder / path).parent.mkdir(exist_ok=True)
        shutil.copy(path, folder / path)


def fit(page):
    """Replaces the links of a page that lead to no file."""

    def replaced(link):
        picture, text, target, _ = link.groups()
        if target.startswith("https://") or (page.parent / target).exists():
            return link[0]
        return "" if picture else text

    page.write_text(LINK.sub(replaced, page.read_text()))


def main():
    folder = pathlib.Path(sys.argv[1])
    copy(folder)
    for page in folder.rglob("*.md"):
        fit(page)


main()
