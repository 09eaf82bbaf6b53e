"""Makes Markdown of a page that comes in as JSON on standard input; `web` starts this file.

It runs in a limited process, because the time and memory that a page needs cannot be told before.
"""

import json
import sys


def main() -> None:
    """Read the page, and write its title and its text."""
    asked = json.load(sys.stdin)
    sys.path += asked["path"]
    from trafilatura import extract, extract_metadata, html2txt

    html = asked["html"]
    if "<html" not in html.lower() and "<body" not in html.lower():
        html = f"<html><body>{html}</body></html>"  # a fragment, which trafilatura would not take
    text = extract(
        html,
        url=asked["url"],
        output_format="markdown",
        include_links=asked["links"],
        include_comments=False,
        favor_recall=True,
    )
    told = extract_metadata(html)
    title = told.title if told is not None else None
    json.dump({"value": {"title": title or "", "text": text or html2txt(html)}}, sys.stdout)


if __name__ == "__main__":
    main()
