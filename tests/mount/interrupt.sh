#!/bin/bash
# Ctrl-C, and kill -9, of who waits for a create, a scale or a delete: before it is sent, while it is under way, while a lost answer is looked up.
# The caller is gone at once; what was sent is carried out once, and .error says how it ended.
#
#   tests/mount/interrupt.sh [ROUNDS]      of each case; 2
rounds=${1:-2}
BOUND=${BOUND:-$((300 + 120 * rounds))}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh" || exit 1
soon_ms=300  # how soon a caller is gone
slow_ms=2000 # how long the answer takes before which the signal comes

cloud_up --speed 0 --instances 3 --models 3
advance 100
mount_up -o deadline=10
cd "$work" || exit 1

# A client that waits: opens, says "ready", waits for a line, calls, says what errno it got. PEP 475: os.write() would be repeated by itself
# after EINTR; the handler raises nothing.
cat >client.py <<'END_CLIENT'
import errno, os, signal, sys
signal.signal(signal.SIGINT, lambda *_: None)
verb, path = sys.argv[1:3]
def say(word):
    os.write(1, (word + "\n").encode())
if verb == "delete":
    call = lambda: os.rmdir(path)
else:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    text = sys.argv[3].encode()
    call = lambda: os.write(fd, text)
say("ready")
sys.stdin.readline()
try:
    call()
    say("done")
except OSError as error:
    say(errno.errorcode[error.errno])
if verb != "delete" and "again" in sys.argv:
    try: # a program that tries once more on the same descriptor
        os.write(fd, text)
        say("done")
    except OSError as error:
        say(errno.errorcode[error.errno])
    try:
        os.close(fd)
    except OSError:
        pass
END_CLIENT

client_start() { # VERB PATH TEXT
	mkfifo go
	: >client.out
	python3 -ES client.py "$@" <go >client.out 2>client.err &
	client=$!
	disown $client
	echo $client >>"$work/pids"
	exec 7>go
	wait_for grep -q ready client.out
	rm go
}
: >took
client_end() { # SIGNAL: it is gone; what it said, how soon
	local begin
	begin=$(now_ms)
	kill -"$1" "$client"
	until gone "$client" || [ $(($(now_ms) - begin)) -gt 9000 ]; do
		sleep 0.002
	done
	echo $(($(now_ms) - begin)) >>took
	exec 7>&-
	heard=$(tail -n +2 client.out | paste -sd ' ')$(cat client.err)
}

declare -A operation=([create]=createOrgAIRuntimeTemplate [scale]=scaleDeployedAIModel [delete]=deleteOrgAIRuntimeTemplate)
declare -A listing=([create]=listOrgAIRuntimeTemplates [scale]=listDeployedAIModels [delete]=listOrgAIRuntimeTemplates)
declare -A detail=([scale]=getDeployedAIModel [delete]=getOrgAIRuntimeTemplate)
asked=0
names() { # of the templates that the cloud has: how many of this one
	api "$templates_api" | jq --arg wanted "$1" '[.data[] | select(.name == $wanted)] | length'
}

# Whether the slow answer that the client waited for has come.
answered() {
	awk -F '\t' -v pid="$client" -v ms=$slow_ms '$9 == pid && $5 >= ms {found = 1} END {exit !found}' "$m/.neevfs/requests"
}

# The directory, and what is written where.
target() { # VERB: at, path, text
	asked=$((asked + 1))
	case $1 in
	create)
		at=$templates/int-$asked path=$templates/int-$asked/spec.json text=$spec_template
		mkdir "$at"
		;;
	scale)
		replicas=$((asked + 10))
		at=$models/chat-llama path=$models/chat-llama/replicas text=$replicas
		advance 20
		refresh
		cat "$path" >/dev/null
		;;
	delete)
		at=$templates/int-$asked path=$templates/int-$asked text=
		mkdir "$at"
		write "$spec_template" "$at/spec.json"
		;;
	esac
}
carried_out() { # VERB: whether the cloud has it so
	case $1 in
	create) names "${at##*/}" ;;
	scale)
		advance 20
		api "$models_api?limit=100" | jq -r --argjson wanted "$replicas" '[.items[] | select(.name == "chat-llama" and .replicas == $wanted)] | length'
		;;
	delete) echo $((1 - $(names "${at##*/}"))) ;;
	esac
}
# The last words about it. Of what is deleted they stand in .neevfs/errors.
words() {
	if [ "$1" = delete ]; then
		awk -v RS= -v path="${at#"$m"/}: " 'index($0, path) {last = $0} END {print last}' "$m/.neevfs/errors"
	else
		cat "$at/.error"
	fi
}
says() { # VERB PART
	[[ $(words "$1") == *"$2"* ]]
}

interrupted() { # VERB PHASE SIGNAL
	local verb=$1 phase=$2 signal=$3 op=${operation[$1]} what="$1, $2, SIG$3" most=1
	target "$verb"
	client_start "$verb" "$path" "$text" $([ $phase = asked ] || echo again)
	reset
	case $phase in
	asked | before | twice) # what the mount asks for its own sake; the listing that each create asks for; the first, by who tries once more
		[ $phase = before ] || refresh
		fault "{\"operation\":\"${listing[$verb]}\",\"delay_ms\":$slow_ms,\"times\":0}"
		;;
	underway | refused)
		fault "{\"operation\":\"$op\",\"delay_ms\":$slow_ms$([ $phase = refused ] && echo ',"status":402')}"
		;;
	lookup)
		fault "{\"operation\":\"$op\",\"drop\":\"after\",\"times\":0}"
		if [ "$verb" = create ]; then
			fault "{\"operation\":\"${listing[create]}\",\"nth\":2,\"delay_ms\":$slow_ms}"
		else
			fault "{\"operation\":\"${detail[$verb]}\",\"delay_ms\":$slow_ms}"
		fi
		;;
	esac
	echo >&7
	case $phase in
	asked | before | twice) ok "$what: the listing is under way" wait_for sent "${listing[$verb]}" ;;
	underway | refused) ok "$what: it is under way" wait_for sent "$op" ;;
	lookup)
		if [ "$verb" = create ]; then
			ok "$what: it is looked up" wait_for sent "${listing[create]}" 2
		elif [ "$verb" = delete ]; then # an attempt that hears 404 is proof enough: it is repeated, not looked up
			ok "$what: it is repeated" wait_for sent "$op" 1
		else
			ok "$what: it is looked up" wait_for sent "${detail[$verb]}"
			advance 20 # until then the API shows the old number
		fi
		[ "$verb" = create ] || most=3 # it names what shall be, and may be repeated
		;;
	esac
	client_end "$signal"
	if [ "$signal" = KILL ]; then
		is "$what: the caller, without the answer" "$heard$(answered && echo answered)" ''
	elif [ "$verb" = delete ] && [ $phase = asked ]; then # the kernel looks the name up first
		is "$what: the caller" "$heard" EINTR
	elif [ "$verb" = delete ] || [ $phase = asked ]; then
		is "$what: the caller" "$heard" ECANCELED
	else
		is "$what: the caller, and once more on the same descriptor" "$heard" 'ECANCELED ECANCELED'
	fi
	if [ $phase = asked ] || [ $phase = before ] || [ $phase = twice ]; then
		faults_end
		if [ $phase = before ]; then
			ok "$what: it says so" says "$verb" ': ECANCELED'
			ok "$what: its verdict" says "$verb" 'Verdict: nothing was changed.'
		fi
		ok "$what: the listing has come" wait_for answered # whoever would go on has gone on
		is "$what: nothing was sent" "$(changes) $(carried_out "$verb")" 'none 0'
	elif [ $phase = refused ]; then
		ok "$what: the refusal is told" wait_for says "$verb" 'EDQUOT'
		ok "$what: its verdict" says "$verb" 'Verdict: nothing was changed.'
		is "$what: sent once, and not so" "$(changes) $(carried_out "$verb")" "$op=1 0"
	else
		ok "$what: that it was carried out is told" wait_for says "$verb" 'Verdict: it was carried out.'
		ok "$what: as done" says "$verb" ': done'
		is "$what: it is so" "$(carried_out "$verb")" 1
		is "$what: requests" "$([ "$(requests "$op")" -le $most ] && [ "$(requests "$op")" -ge 1 ] && changes | sed "s/$op=[0-9]*//")" ''
	fi
	[ $most = 3 ] || is "$what: at most one request" "$([ "$(requests "$op")" -le 1 ] && echo so)" so
	faults_end
	tidy
}

tidy() { # past the mount: the cloud has room for 100 templates
	local id
	for id in $(api "$templates_api" | jq -r '.data[] | select(.name | startswith("int-")).id'); do
		api "$templates_api/$id" -X DELETE -o /dev/null
	done
	refresh
}

begin=$SECONDS
for ((round = 0; round < rounds; round++)); do
	for signal in INT KILL; do
		for phase in asked underway lookup refused; do
			for verb in create scale delete; do
				interrupted $verb $phase $signal
			done
		done
		interrupted create before $signal
	done
done
tries=$(wc -l <took)
median=$(sort -n took | awk -v n="$tries" 'NR >= n / 2 {print; exit}')
echo "# $tries callers interrupted: gone after $median ms (median), $(sort -n took | tail -n 1) ms (at most)"
is "half of $tries callers are gone within $soon_ms ms" "$([ "$median" -le $soon_ms ] && [ "$tries" -ge 20 ] && echo so)" so

echo '# an interrupted write is over for its descriptor, also if it had not begun to change anything'
interrupted create twice INT
interrupted scale twice INT

echo '# a buffered file: what its write could not send, its end tries again'
cat >buffered.py <<'END_BUFFERED'
import sys
print("ready", flush=True)
try:
    with open(sys.argv[1], "w") as file:
        file.write(sys.argv[2])
except KeyboardInterrupt:
    print("KeyboardInterrupt")
except OSError as error:
    print("OSError")
END_BUFFERED
reset
mkdir "$templates/int-buffered"
fault "{\"operation\":\"createOrgAIRuntimeTemplate\",\"delay_ms\":$slow_ms}"
python3 -ES -c 'import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler) # a background job of a shell ignores it
sys.argv[:] = sys.argv[1:]
exec(open(sys.argv[0]).read())' buffered.py "$templates/int-buffered/spec.json" "$spec_template" >client.out 2>&1 &
client=$!
disown $client
echo $client >>"$work/pids"
ok 'its create is under way' wait_for sent createOrgAIRuntimeTemplate
kill -INT $client
wait_for gone $client
ok 'it was interrupted' grep -q -e KeyboardInterrupt -e OSError client.out
at=$templates/int-buffered
ok 'that it was carried out is told' wait_for says create 'Verdict: it was carried out.'
is 'once' "$(changes) $(names int-buffered)" 'createOrgAIRuntimeTemplate=1 1'
tidy

echo '# a loop of a shell that signals interrupt while it reads and while it writes'
cat >loop.sh <<'END_LOOP'
trap 'echo caught >>caught' USR1
echo ready
while read -r name; do
	mkdir "$1/$name"
	printf '%s\n' "$2" >"$1/$name/spec.json" || echo "$name"
done
END_LOOP
reset
fault '{"operation":"createOrgAIRuntimeTemplate","delay_ms":1000,"times":0}'
mkfifo lines
bash loop.sh "$templates" "$spec_template" <lines >loop.out 2>loop.err &
client=$!
disown $client
echo $client >>"$work/pids"
exec 7>lines
wait_for grep -q ready loop.out
for i in 1 2 3 4; do
	kill -USR1 $client
	printf 'int-loop' >&7 # a line in two pieces
	kill -USR1 $client
	echo "-$i" >&7
	ok "line $i: its create is under way" wait_for sent createOrgAIRuntimeTemplate $i # a signal before that would call it off
	kill -USR1 $client
done
exec 7>&-
WAIT=20 ok 'the loop comes to its end' wait_for gone $client
is 'it was interrupted' "$([ "$(wc -l <caught)" -ge 4 ] && [ -s loop.out ] && echo so)" so
all_there() {
	[ "$(api "$templates_api" | jq '[.data[].name | select(startswith("int-loop-"))] | length')" = 4 ]
}
ok 'all are there' wait_for all_there
for i in 1 2 3 4; do
	at=$templates/int-loop-$i
	if grep -qx "int-loop-$i" loop.out; then # its write was told ECANCELED
		ok "line $i: that it was carried out is told" wait_for says create 'Verdict: it was carried out.'
	else
		is "line $i: there is nothing to say" "$(words create)" ''
	fi
done
is 'each once' "$(changes)" createOrgAIRuntimeTemplate=4
is 'who was interrupted heard ECANCELED' "$(grep -vc 'Operation canceled' loop.err)" 0
faults_end
tidy
echo '# a job of the shell ends while it waits: no signal that is meant for the call'
job() { # COMMAND: which the shell runs itself, with a job that has ended when the cloud has been asked
	: >client.out
	bash -c 'read -r _ <&7 & echo $! >job.pid; '"$1"'; echo $?' _ "$models/chat-llama" "$templates/int-job" >client.out 2>client.err 7<lines &
	client=$!
	disown $client
	echo $client >>"$work/pids"
	exec 7>lines
}
job_ends() { # OPERATION
	ok "$what: it is under way" wait_for sent "$1"
	exec 7>&-
	ok "$what: the job has ended" wait_for gone "$(cat job.pid)"
}
reset
advance 20
refresh
what='a scale'
fault '{"operation":"scaleDeployedAIModel","delay_ms":1000}'
job 'echo 99 >"$1/replicas"'
job_ends scaleDeployedAIModel
ok "$what: it ends" wait_for gone $client
is "$what: it has heard nothing of that" "$(cat client.out client.err)" 0
what='a create'
mkdir "$templates/int-job"
fault '{"operation":"createOrgAIRuntimeTemplate","delay_ms":1000}'
job "echo '$spec_template' >\"\$2/spec.json\""
job_ends createOrgAIRuntimeTemplate
ok "$what: it ends" wait_for gone $client
is "$what: it has heard nothing of that" "$(cat client.out client.err)" 0
what='a wait'
reset
job 'echo failed >"$1/wait"'
job_ends listDeployedAIModels
ok "$what: it goes on" wait_for sent listDeployedAIModels 3
is "$what: it goes on" "$(cat client.out)" ''
from=$(now_ms)
kill -TERM $client
ok "$what: and can be ended all the same" wait_for gone $client
is "$what: at once" "$([ $(($(now_ms) - from)) -le 5000 ] && echo so)" so
tidy

echo "# $rounds rounds: $((SECONDS - begin)) s"
finish
