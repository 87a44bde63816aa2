#!/bin/bash
# A server that lies (liar.py): names, ids, lists, answers, values. What it says wrong costs that answer and nothing else.
# The bounds on memory hold with a sanitizer, too: it keeps little of what was freed.
export ASAN_OPTIONS=detect_leaks=1:quarantine_size_mb=8:malloc_context_size=5
. "$(dirname "$0")/lib.sh" || exit 1
here=$(dirname "$(realpath "$0")")

mkfifo "$work/until"
python3 "$here/liar.py" <"$work/until" >"$work/url" 2>"$work/liar.log" &
liar=$!
echo $liar >>"$work/pids"
exec 9>"$work/until"
wait_for grep -q . "$work/url" || {
	echo "FAIL hostile.sh: the liar does not start: $(cat "$work/liar.log")"
	exit 1
}
url=$(head -n 1 "$work/url")
token=pat-nc-hostile-canary
scope=org=o,project=p

answer=
ask() { # WHAT/HOW: answer is what the liar says, without a process for it
	exec 8<>"/dev/tcp/127.0.0.1/${url##*:}" && printf 'GET /_liar/%s HTTP/1.1\r\n\r\n' "$1" >&8
	IFS= read -r -d '' answer <&8
	exec 8>&-
	answer=${answer%$'\n'}
}
asked() {
	ask asked
	echo "$answer"
}
tell() { # list|item LIE
	ask "$1/$2"
	[ "$answer" = ok ] || failed "the liar takes $1/$2" "it says '$answer'"
}
# The rows of the fault table: one of each sort. The others are checked alike.
rows=' names ids values data-object items-none items-mixed billion pages-full=1000 pages-full=1000000000 circle shifts next-404 crowd endless
	empty html bom nul trailing huge-number deep100k wide twice 10MiB another too-short cut-20 length-huge chunk-garbage headers-many header-endless informed
	204 206 http09 nothing garbage gzip-bomb gzip-broken redirect-302-other words slow-body endless-body retry-text retry-huge '
lie() { # LIE ERRNO LIMIT_MS REQUESTS COMMAND…
	if [[ $rows == *[[:space:]]"$1"[[:space:]]* ]]; then
		faulted "hostile: $@"
	else
		FAULT_TABLE='' faulted "hostile: $@"
	fi
}
memory() { # resident, of the daemon, in KiB
	awk '$1 == "VmRSS:" {print $2}' "/proc/$pid/status"
}
enter() { # mount, with its paths
	mount_up "$@"
	p=$m/orgs/o/projects/p
	runtimes=$p/airuntimes models=$p/aimodels
}
others_answer() { # while the one lies: the list of the same service, and another collection, both asked anew
	tell list well
	tell item well
	touch "$runtimes" "$models"
	is "$1: the list beside it" "$(cat "$runtimes/good-3/status" "$models/chat/status" 2>&1)" $'Running\nready'
}
all_good() { # NAME TEXT: it has all good entries
	has "$1: every good one" "$2" good-0 good-1 good-2 good-3 good-4 good-5 good-6 good-7 good-8 good-9
}

# No listing expires by itself; each detail is asked for each time. What is refused does not wait for the deadline.
enter -o deadline=20,ttl_list=600,ttl_item=0,ttl_metrics=0

echo '# names, ids, values'
for what in names ids values; do
	tell list $what
	touch "$runtimes"
	lie $what 0 9000 1 ls "$runtimes"
	all_good "$what" "$(ls "$runtimes")"
	seen=$(python3 "$here/seen.py" $what "$runtimes")
	is "$what: $(tail -n 1 <<<"$seen")" "$(grep ^wrong: <<<"$seen")" ''
	is "$what: ls says the same twice" "$(ls -f "$runtimes" | cksum)" "$(touch "$runtimes" && ls -f "$runtimes" | cksum)"
done
seen=$(python3 "$here/seen.py" crawl "$m" 2>&1)
is "all that the mount shows can be shown: $(tail -n 1 <<<"$seen")" "$(grep -v '^[0-9]* files' <<<"$seen")" ''
is 'a member that looks like another' "$(cd "$m/inventory/r1/c1" && echo boxes* q%*)" 'boxes%2Ejson boxes.json q%2F%2Ejson q%2F.json'
others_answer values

echo '# lists'
before=$(memory)
list() { # LIE ERRNO LIMIT_MS REQUESTS WORD…: the words must be shown
	local lie=$1 errno=$2 limit_ms=$3 requests=$4 shown
	shift 4
	tell list "$lie"
	touch "$runtimes"
	lie "$lie" "$errno" "$limit_ms" "$requests" ls "$runtimes"
	if [ "$errno" = 0 ]; then
		shown=$(ls "$runtimes")
		all_good "$lie" "$shown"
		[ $# = 0 ] || has "$lie: all pages" "$shown" "$@"
		tell list well
	else
		others_answer "$lie"
	fi
}
for lie in data-object data-string data-number data-null data-true nothing items-none; do
	list $lie EREMOTEIO 9000 1-3
done
for lie in items-mixed bare pagination-string pagination-array 'pages=%223%22' pages=0 pages=-1 pages=2.0 pages=1e300 pages=9223372036854775808 \
	pages=null pages=%5B%5D pages-full=3 'items=1e2' items=0 items=-5 items=%229%22; do
	list "$lie" 0 9000 1-4
done
list billion 0 9000 1
list pages-full=1000 0 12000 1000
list pages-full=1000000000 EREMOTEIO 9000 1-3
list repeats 0 9000 2
list circle 0 9000 3
list shifts 0 9000 4 p0-99 p1-50
list shrinks 0 9000 4 p2-49
list next-404 EREMOTEIO 9000 2
list next-500 EREMOTEIO 9000 2-4
list next-null EREMOTEIO 9000 2-4
list crowd EREMOTEIO 9000 2
after=$(memory)
is "memory: $before KiB before the lists, $after KiB after" "$([ $((after - before)) -le 65536 ] && echo bounded)" bounded
tell list items=11
touch "$runtimes"
mkdir "$runtimes/new"
fails 'what is missing in a list could bear the name' EREMOTEIO write "$spec_runtime" "$runtimes/new/spec.json"
tell list items-mixed
fails 'and so could what cannot be read' EREMOTEIO write "$spec_runtime" "$runtimes/new/spec.json"
has '.error says why' "$(cat "$runtimes/new/.error")" 'is not whole' 'Verdict: nothing was changed.'
rmdir "$runtimes/new"
others_answer 'lists'

echo '# answers'
before=$(memory)
answer() { # LIE ERRNO [LIMIT_MS]
	tell item "$1"
	lie "$1" "$2" "${3:-9000}" 1-3 cat "$runtimes/good-1/info.json"
	others_answer "$1"
}
for lie in empty white null true number string array list html bom utf16 utf16be nul nul-behind nul-before trailing two comma comment single nan \
	infinity hex zero plus point huge-number huge-digits minus deep33 deep33-object deep1000 deep100k deep-open wide million twice twice-escaped \
	twice-inside key no-colon escape open-string open-unicode 10MiB another xml indented too-short length-huge chunk-cut chunk-garbage chunk-huge; do
	answer $lie EREMOTEIO
done
for n in 1 2 20 "$((${#token} + 10))" 53 54 90 120; do
	answer "cut-$n" EREMOTEIO
done
for lie in chunk-negative chunk-extension headers-64k headers-many headers-no-end header-endless informed continue 204 205 206 html-502 \
	http09 http09-html nothing status-999 status-600 garbage ssh gzip-bomb gzip-broken gzip-not gzip-nested deflate-not br zstd-unknown 407 417 426; do
	answer $lie EREMOTEIO
done
for status in 301-same 300-other 301-other 302-other 303-other 307-other 308-other 302-file 302-relative 302-double-slash 302-gopher 302-user \
	302-https 302-crlf 304; do
	answer redirect-$status EREMOTEIO
done
answer words EINVAL
tell item words
said=$(cat "$runtimes/good-1/info.json" 2>&1)
has 'words: .error has them, escaped' "$(cat "$runtimes/good-1/.error")" '\x1b]0;owned\x07' '\x0a\x0aVerdict' '\xff' '\x1b[2Jcode' '\x1b[2Jid'
is 'words: nothing of them steers' "$(LC_ALL=C.UTF-8 grep -c '[[:cntrl:]]' "$runtimes/good-1/.error" "$m/.neevfs/errors" | cut -d: -f2 | sort -u)" 0
others_answer words
answer endless-body EREMOTEIO
after=$(memory)
is "memory: $before KiB before the answers, $after KiB after" "$([ $((after - before)) -le 65536 ] && echo bounded)" bounded

echo '# what is odd, and good'
for lie in plain-type http10 closing cookie gzip cases; do
	tell item $lie
	lie $lie 0 9000 1-9 cat "$runtimes/good-1/info.json"
done
for lie in pair behind; do
	tell item $lie
	for n in 1 2 3; do
		cat "$runtimes/good-1/info.json" >"$work/$lie$n" 2>/dev/null
	done
	tell item well
	is "answer: $lie: nothing of what stands behind an answer is taken for one" "$(cat "$work/$lie"? | grep -c smuggled)$(for n in 1 2 4 5; do
		jq -r .id "$runtimes/good-$n/info.json"
	done | paste -s -d' ')" '0id-good-1 id-good-2 id-good-4 id-good-5'
done
tell item numbers
is 'answer: numbers, digit for digit' "$(sed -n '5,10p' "$runtimes/good-1/info.json" | tr -d '\n ')" \
	'"a":9007199254740993,"b":123456789012345678901234567890,"c":-0,"d":1e-400,"e":-1.50E+2,"f":0.1000,'
is 'answer: odd text in info.json' "$(grep '"g"' "$runtimes/good-1/info.json")" '  "g": "\u001b\u007f\u009b\udcff\u0001"'
for lie in negative past text zero; do
	tell item "retry-$lie"
	errno=EREMOTEIO
	[ $lie = zero ] && errno=EBUSY
	lie retry-$lie $errno 9000 1-3 cat "$runtimes/good-7/info.json" # of a name that the kernel knows it would look twice
	others_answer "retry-$lie"
done
others_answer 'answers'
mount_down

echo '# answers that come too late'
enter -o deadline=5,ttl_list=600,ttl_item=0
for lie in slow-body slow-head; do
	answer $lie ETIMEDOUT 12000
done
mount_down

echo '# what lasts: each on a mount of its own'
for lie in retry-huge:EREMOTEIO retry-beyond:EBUSY retry-future:EREMOTEIO 401-basic:EKEYEXPIRED; do
	enter -o deadline=20,ttl_list=600,ttl_item=0
	ls "$runtimes" >"$work/out"
	tell item "${lie%:*}"
	lie "${lie%:*}" "${lie#*:}" 9000 1-3 cat "$runtimes/good-1/info.json"
	is "${lie%:*}: what is kept" "$(cat "$runtimes/good-2/status" 2>&1)" Running
	[ ${lie%%-*} = 401 ] || is "${lie%:*}: another service" "$(cat "$models/chat/status" 2>&1)" ready
	tell item well
	mount_down
done

echo '# a good answer within its time is not replaced'
enter -o deadline=20,ttl=600
cat "$runtimes/good-1/info.json" >"$work/good"
tell list data-null
tell item html
FAULT_TABLE='' faulted 'a broken answer while a good one is kept' 0 9000 0 cmp "$work/good" "$runtimes/good-1/info.json"
mount_down

echo '# answers that nobody asked for, on a connection that waits'
enter -o deadline=20
tell list well
ls "$runtimes" >"$work/out"
tell item late
for n in 2 4 5 6; do
	ask late
	before=$answer
	is "late: size of good-$n" "$(stat -c %s "$runtimes/good-$n/info.json")" 67
	later() {
		ask late && [ "$answer" -gt "$before" ]
	}
	wait_for later
done
others_answer late
mount_down

echo '# a list without end'
enter -o deadline=30
tell list well
before=$(memory)
list endless EREMOTEIO 25000 1000
list endless-fat EREMOTEIO 25000 20-40
after=$(memory)
is "memory: $before KiB before, $after KiB after" "$([ $((after - before)) -le 65536 ] && echo bounded)" bounded
mount_down

is 'every request was a documented one, to its own host, without more than its own headers' "$(ask odd && head -n 5 <<<"$answer")" ''
is 'connections and bytes to another host' "$(ask other && echo "$answer")" '0 0'
is 'the liar has nothing to say' "$(cat "$work/liar.log")" ''
exec 9>&-
url=
finish
