"""A tool that uses a database which the model knows nothing of."""

import sqlite3

from agentkit import Agent, Context, Interface, tool


@tool
def add_note(text: str, context: Context[sqlite3.Connection]) -> str:
    """Add a note.

    Args:
        text: What to remember.
    """
    # The call's key makes the write exactly-once: a resumed run has the same one again.
    with context.deps as database:
        database.execute("INSERT OR IGNORE INTO notes VALUES (?, ?)", (context.call_key, text))
    return f"Saved the note: {text}"


def main(interface: Interface | None = None) -> None:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE notes (key TEXT PRIMARY KEY, text TEXT)")
    agent = Agent([add_note], interface)
    agent.run('Add the note "buy milk".', deps=database)
    print(database.execute("SELECT text FROM notes").fetchall())
    database.close()


if __name__ == "__main__":
    main()
