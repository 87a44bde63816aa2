#!/bin/bash
# All mount tests, one after another. NEEVFS and SANDBOX are the programs; arguments name some of the scripts only.
cd "$(dirname "$0")" || exit 1
: "${NEEVFS:?the path of neevfs}" "${SANDBOX:?the path of neevfs-sandbox}"
NEEVFS=$(cd "$OLDPWD" && realpath "$NEEVFS") SANDBOX=$(cd "$OLDPWD" && realpath "$SANDBOX")
export NEEVFS SANDBOX

passed=0 failed=0 skipped=0
[ $# -gt 0 ] || set -- browse requests create doubt scratch scale brakes delete sweepers tools daemon process start
for name; do
	echo "## $name"
	said=$(bash "./$name.sh" 2>&1)
	status=$?
	echo "$said" | grep -v '^ok '
	passed=$((passed + $(grep -c '^ok ' <<<"$said")))
	failed=$((failed + $(grep -c '^FAIL ' <<<"$said")))
	if [ $status = 77 ]; then
		skipped=$((skipped + 1))
	elif [ $status != 0 ] && ! grep -q '^FAIL ' <<<"$said"; then
		echo "FAIL $name: it ended with status $status"
		failed=$((failed + 1))
	fi
done
[ $skipped = $# ] && echo "all $skipped were skipped" && exit 77
echo "$passed passed, $failed failed"
[ $failed = 0 ]
