#!/usr/bin/env python3
"""spec.schema.json against our own check: both judge alike what the tests of the schemas have as right and as wrong.

test_schema_agrees.py TEST_SCHEMA_RENDER TEST_SCHEMAS [SPEC_TEST]

The first prints the schemas, the others write down each text that they check (tests/specs.h). What our check refuses and the schema
takes must be what no JSON Schema can say (schema_render.h); what our check takes the schema must take."""
import json, os, re, subprocess, sys, tempfile

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("SKIP: no python3-jsonschema")
    sys.exit(77)

UNSAYABLE = re.compile(  # messages of rules over several values, and of how something is written
    r"name must be left out or be |the same name|at least 2048 bits|ports, not|is below startPort|"
    r"sizeGB \(of a new volume\)|\[\d+\] is the same as|must be a whole number.*, not -?[\d.]+([eE][+-]?\d+)?$|key that stands twice")

def pythonic(schema):
    """JSON Schema's $ is the end of the text; Python's is also before a line feed there."""
    if isinstance(schema, list):
        return [pythonic(x) for x in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: re.sub(r"\$$", r"\\Z", value) if key == "pattern" and isinstance(value, str) else pythonic(value) for key, value in schema.items()}

render, *checks = sys.argv[1:]
validators = []
for number in range(3):
    schema = json.loads(subprocess.run([render, "--print", str(number)], check=True, stdout=subprocess.PIPE).stdout)
    Draft202012Validator.check_schema(schema)
    validators.append(Draft202012Validator(pythonic(schema)))

with tempfile.TemporaryDirectory() as work:
    path = os.path.join(work, "cases")
    for check in checks:
        subprocess.run([check], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "SPEC_CASES": path})
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        cases = [json.loads(line) for line in file]

faults, judged, unsaid = [], [0, 0], 0
for case in cases:
    try:
        value = json.loads(case["text"])
    except ValueError:
        continue  # no JSON at all: nobody asks a schema
    good = validators[case["schema"]].is_valid(value)
    judged[case["good"]] += 1
    if case["good"] and not good:
        faults.append("only the schema refuses: %s" % case["text"])
    elif good and not case["good"] and all(UNSAYABLE.search(x) for x in case["messages"]):
        unsaid += 1
    elif good and not case["good"]:
        faults.append("only the check refuses: %s: %s" % (case["text"], "; ".join(case["messages"])))
print("%d right, %d wrong, %d of these for the check alone" % (judged[1], judged[0], unsaid))
print("\n".join(faults))
sys.exit(bool(faults) or judged[1] < 40 or judged[0] < 100 or unsaid > judged[0] / 4)
