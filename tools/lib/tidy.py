"""tidy - clang-tidy on the sources that have changed since it had nothing to say about them.

usage: tidy.py TREE: a tree that gcc has built; what each source includes is in its log. Kept in
TREE/tidy/: a name for each contents that were found good. One source per call: several confuse
clang-tidy 14 about va_list.
"""

import functools
import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SOURCES = re.compile(r"src/\w+/\w+\.c")


@functools.lru_cache(maxsize=None)
def digest(path):
    return hashlib.sha256(path.read_bytes()).digest()


def output(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout


def read_in(tree):
    """For each source: all the files that a compiler reads for it."""
    found = {}
    for entry in output("ninja", "-C", tree, "-t", "deps").split("\n\n"):
        files = [Path(os.path.normpath(tree / line.strip())) for line in entry.splitlines()[1:]]
        source = os.path.relpath(files[0]) if files else ""
        if SOURCES.fullmatch(source):
            found[source] = files
    return found


def name_of(files, common):
    return hashlib.sha256(common + b"".join(str(f).encode() + digest(f) for f in files)).hexdigest()


def main():
    tree = Path(sys.argv[1]).resolve()
    kept = tree / "tidy"
    kept.mkdir(exist_ok=True)
    files = read_in(tree)
    missing = {str(path) for path in Path("src").glob("*/*.c")} - files.keys()
    if missing:
        sys.exit(f"not built in {tree}: {', '.join(sorted(missing))}")
    commands = {os.path.relpath(tree / entry["file"]): entry["command"].encode()
                for entry in json.loads((tree / "compile_commands.json").read_text())}
    common = digest(Path(".clang-tidy")) + output("clang-tidy", "--version").encode()

    def is_good(source):
        mark = kept / name_of(files[source], common + commands[source])
        if mark.exists():
            return True
        result = subprocess.run(["clang-tidy", "--quiet", "-p", tree, source], text=True, check=False,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if result.returncode != 0:
            print(result.stdout, flush=True)
            return False
        mark.touch()
        return True

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        good = list(pool.map(is_good, sorted(files)))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
