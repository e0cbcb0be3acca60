"""`shardward check`: whatever is wrong in the file is told with its line and column, all of it in
one run, and nothing makes it crash or run for long."""

import re
import subprocess

import topology
from platform_under_test import sanitizer_env
from suite import equal, rows, test

EXAMPLE = topology.CONFIG.read_text()
FAULT = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<text>.+)$")
MOST_FAULTS = 100
FILE_LIMIT_MB = 16
KEY = re.compile(r"(?P<word>[\w.-]+):(?=\s|$)")
VALUE = re.compile(r"[\w.-]+: (?P<word>\"[^\"]*\"|[^\s{}\[\],\"][^\s{}\[\],]*)")
TIME_LIMIT_S = 50
WRONG = "{x: y}"        # a map, which no value of the example may be

# The keys of the example that are words of shardward and not names of something.
WORDS = set("listen workers limits clients message query statement_cache timeouts login connect"
            " lease ddl_lock admin users may log level format connections clusters control nodes"
            " address port cloud password server pool mode size databases catalog cluster dbname"
            " businesses shards tables placements hash type buckets map key placement".split())


def check(p, content):
    """(exit status, faults as (line, column, text)) of a file with this content."""
    file = p.dir / "bad.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return check_file(p, file)


def check_file(p, file):
    result = subprocess.run([p.program, "check", "-c", file], env=sanitizer_env(), check=False,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=TIME_LIMIT_S)
    assert result.returncode in (0, 1), f"{result.returncode}: {result.stdout[-3000:]!r}"
    lines = result.stdout.decode().splitlines()
    faults = [FAULT.match(line) for line in lines]
    return result.returncode, [(int(f["line"]), int(f["column"]), f["text"]) for f in faults if f]


def places(pattern):
    """(line number, column, word) of what matches outside of comments; both from 1."""
    for number, line in enumerate(EXAMPLE.splitlines(), 1):
        code = re.sub(r"(^|\s)#.*", "", line)
        for match in pattern.finditer(code):
            yield number, match.start("word") + 1, match["word"]


def replaced(changes):
    """The example with words replaced: {(line, column): (word, new)}."""
    lines = EXAMPLE.splitlines()
    for (number, column), (word, new) in sorted(changes.items(), reverse=True):
        line = lines[number - 1]
        assert line[column - 1:].startswith(word), (line, column, word)
        lines[number - 1] = line[:column - 1] + new + line[column - 1 + len(word):]
    return "\n".join(lines) + "\n"


@test
def the_example_has_no_fault(p):
    equal(check(p, EXAMPLE), (0, []))


@test
def a_map_instead_of_any_value_is_a_fault_at_its_place(p):
    values = list(places(VALUE))
    assert len(values) > 100, values
    for number, column, word in values:
        status, faults = check(p, replaced({(number, column): (word, WRONG)}))
        assert status == 1 and any(f[:2] == (number, column) for f in faults), \
            f"{word} at {number}:{column}: {faults}"


@rows((new, new) for new in ("{}", "", "99999999999999999999", "-1", '"\\x00"', "~", "&a x", "*a",
                             "!!int x", "'", '"', "{a: b", "\t", "x: y", "\x07", "é"))
def anything_instead_of_any_value_is_taken_or_a_fault_with_its_place(p, new):
    for number, column, word in list(places(VALUE))[::3]:
        status, faults = check(p, replaced({(number, column): (word, new)}))
        equal(status, 1 if faults else 0, f"{new!r} for {word} at {number}:{column}")
        assert all(line >= 1 and at >= 1 and text for line, at, text in faults), faults


@test
def every_misspelt_key_is_a_fault_at_its_place(p):
    keys = [(number, column, word) for number, column, word in places(KEY) if word in WORDS]
    equal({word for *_, word in keys}, WORDS)
    for number, column, word in keys:
        if word in ("users", "message") and EXAMPLE.splitlines()[number - 1].startswith("      "):
            continue        # the name of a business or of a table
        status, faults = check(p, replaced({(number, column): (word, word + "x")}))
        found = [text for line, at, text in faults if (line, at) == (number, column)]
        assert status == 1 and found and word in found[0], f"{word} at {number}:{column}: {faults}"


@test
def a_key_that_comes_twice_is_a_fault_at_its_second_place(p):
    lines = EXAMPLE.splitlines()
    for index, line in enumerate(lines):
        match = re.match(r"^(\s*)([\w.-]+):\s", line)
        if not match:
            continue
        doubled = lines[:index + 1] + [line] + lines[index + 1:]
        status, faults = check(p, "\n".join(doubled) + "\n")
        place = (index + 2, len(match[1]) + 1)
        assert status == 1 and any(f[:2] == place for f in faults), f"{line!r}: {faults}"


@test
def all_faults_are_told_in_one_run_in_the_order_of_the_file(p):
    """Every value wrong at once, but for the types and numbers of buckets that maps are read by;
    as many as fit are told, from the top."""
    lines = EXAMPLE.splitlines()
    values = [place for place in places(VALUE) if " hash: " not in lines[place[0] - 1]]
    status, faults = check(p, replaced({(number, column): (word, WRONG)
                                        for number, column, word in values}))
    equal(status, 1)
    told = [fault[:2] for fault in faults]
    equal(told, sorted(told))
    shift, at_line, expected = 0, 0, []
    for number, column, word in values:
        shift = 0 if number != at_line else shift
        at_line = number
        expected.append((number, column + shift))
        shift += len(WRONG) - len(word)
    end = told[-1] if len(told) == MOST_FAULTS else expected[-1]
    equal([place for place in expected if place <= end and place not in told], [])


@test
def a_file_cut_anywhere_is_taken_or_a_fault(p):
    for end in range(0, len(EXAMPLE), 61):
        status, faults = check(p, EXAMPLE[:end])
        equal(status, 1 if faults else 0, f"cut at {end}")


@test
def a_file_with_any_byte_wrong_is_taken_or_a_fault(p):
    whole = EXAMPLE.encode()
    for at in range(0, len(whole), 293):
        for byte in (0, 0x07, 0xff, ord("&"), ord("{"), ord(":")):
            status, faults = check(p, whole[:at] + bytes([byte]) + whole[at + 1:])
            equal(status, 1 if faults else 0, f"byte {byte:#x} at {at}")


def bomb(levels, width):
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, levels)]
    return "\n".join(lines) + "\n"


@rows((
    ("a bomb of aliases", bomb(12, 10)),
    ("an alias of itself", "a: &a [*a]\n"),
    ("an alias of nothing", "listen: *nothing\n"),
    ("100,000 lists in lists", "[" * 100_000),
    ("100,000 maps in maps", "{a: " * 100_000),
    ("100,000 levels of dashes", "- " * 100_000),
    ("10,000 levels of blocks", "".join(" " * i + "a:\n" for i in range(10_000))),
    ("100,000 unknown keys", "".join(f"k{i}: 1\n" for i in range(100_000))),
    ("a million entries", "listen: [" + "1," * 1_000_000 + "]\n"),
    ("a key of 1 MB", "k" * 1_000_000 + ": 1\n"),
    ("a value of 10 MB", "listen: " + "x" * 10_000_000 + "\n"),
    ("nothing", ""),
    ("only a comment", "# nothing\n"),
    ("a list", "- 1\n"),
    ("a word", "word\n"),
    ("two documents", "a: 1\n---\nb: 2\n"),
    ("tabs", "limits:\n\tclients: 1\n"),
    ("a tag", "!!python/object:os.system x\n"),
    ("a zero byte", b"listen: a\0b\n"),
    ("zero bytes", b"\0" * 1000),
    ("invalid UTF-8", b"listen: \xff\xfe\n"),
    ("half a character", b"listen: \xc3\n"),
    ("a surrogate", b"listen: \xed\xa0\x80\n"),
    ("UTF-16", EXAMPLE.encode("utf-16")[:-1]),
    ("binary", bytes(range(256)) * 100),
    ("a file that is too large", "#" * (FILE_LIMIT_MB * 1024 * 1024 + 1)),
))
def a_hostile_file_is_refused(p, content):
    equal(check(p, content)[0], 1)


@test
def a_large_file_of_comments_is_read(p):
    content = EXAMPLE + "# x\n" * ((FILE_LIMIT_MB * 1024 * 1024 - len(EXAMPLE.encode())) // 4 - 1)
    equal(check(p, content), (0, []))


@rows((("no file", "/nowhere/at/all.yaml"), ("a directory", "/"), ("one without an end", "/dev/zero"),
       ("an empty one", "/dev/null")))
def what_is_no_file_is_refused(p, path):
    equal(check_file(p, path)[0], 1)


@test
def a_file_with_faults_does_not_start(p):
    file = p.dir / "bad.yaml"
    file.write_text(EXAMPLE.replace("clients: 10000", "clients: many"))
    result = p.run(p.program, "run", "-c", file)
    equal(result.returncode, 1, result.stdout)
    assert re.search(r"bad\.yaml:\d+:\d+: ", result.stdout), result.stdout
