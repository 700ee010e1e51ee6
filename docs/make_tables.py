"""Write the tables of the README anew, from what the program knows.

From the project's folder: `python docs/make_tables.py`. Each table stands between `<!-- gdtui list WHAT --markdown -->`
and `<!-- end -->`; what else the README says stays as it is.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

README = ROOT / "README.md"
PLACE = re.compile(r"(?<=<!-- gdtui list )(\w+)( --markdown -->\n).*?(?=<!-- end -->)", re.DOTALL)


def with_tables(text: str) -> str:
    """Return a README with every table as the program prints it."""
    from tui.catalogue import TABLES, markdown

    tables = {what: "".join(f"{line}\n" for line in markdown(what)) for what in TABLES}
    return PLACE.sub(lambda place: f"{place[1]}{place[2]}{tables[place[1]]}", text)


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text("utf-8")), "utf-8")
