#!/bin/bash
# A number written to `replicas` scales: one PUT, whose answer is the write's.
. "$(dirname "$0")/lib.sh" || exit 1

cloud_up --speed 0
advance 100
another_token
mount_up -o "token_file=$work/token"
cd "$work" || exit 1
replicas=$models/chat-llama/replicas
truth() { # what the API itself says
	api "$models_api/$(cat "$models/chat-llama/id")" | jq -r '"\(.status) \(.replicas)"'
}

echo '# up and down'
is 'before' "$(cat "$replicas") $(stat -c '%a %s' "$replicas")" '2 600 2'
reset
ok 'echo 3' write 3 "$replicas"
is 'one PUT' "$(changes)" scaleDeployedAIModel=1
is 'the number asked for is seen at once' "$(cat "$replicas")" 3
is 'the state is' "$(cat "$models/chat-llama/status")" initializing
is 'what runs still is in info.json' "$(jq -r '"\(.status) \(.replicas)"' "$models/chat-llama/info.json")" 'initializing 2'
is 'sizes are true meanwhile' "$(stat -c %s "$replicas")" 2
advance 15
becomes 'it comes to rest' ready cat "$models/chat-llama/status"
is 'with the number' "$(cat "$replicas") $(truth)" '3 ready 3'
reset
ok 'the same number' write 3 "$replicas"
ok 'the same number, by a tool' eval 'printf 3 | tee "$replicas" >/dev/null'
is 'sends nothing' "$(changes)" none

echo '# spellings'
for text in ' 4' $'5\n' $'\t6 \n\n' 007 $'8\r\n'; do
	number=$(echo $((10#${text//[!0-9]/})))
	reset
	ok "$(printf %q "$text")" put "$text" "$replicas"
	is "$(printf %q "$text"): one PUT" "$(changes) $(cat "$replicas")" "scaleDeployedAIModel=1 $number"
	advance 15
	refresh
done
is 'the last one counts' "$(truth)" 'ready 8'
reset
for text in x '' ' ' 3x '3 4' $'3\n4' 1.5 1e1 0x3 - + -x '"3"' ３ $'3\x01'; do
	[ -n "$text" ] || text=$'\n'
	fails "$(printf %q "$text")" EINVAL put "$text" "$replicas"
done
has 'the reason' "$(cat "$models/chat-llama/.error")" 'write orgs/org-demo/projects/prj-demo/aimodels/chat-llama/replicas: EINVAL' 'one whole number' 'Verdict: nothing was changed.'
for text in 0 -0 -1 1000001 99999999999999999999 "$(printf %0200d 1)" -9223372036854775809; do
	fails "$text" ERANGE put "$text" "$replicas"
done
fails 'zero' ERANGE write 0 "$replicas"
has 'zero: what to do instead' "$(cat "$models/chat-llama/.error")" 'rmdir' 'ERANGE'
fails 'not at the beginning' EINVAL eval 'echo 3 >>"$replicas"'
fails 'a seek' EINVAL eval 'printf 3 | dd of="$replicas" bs=1 seek=1 conv=notrunc status=none'
ok 'truncating by itself' eval ': >"$replicas"'
fails 'truncating to a size' EINVAL truncate -s 5 "$replicas"
is 'nothing of that was sent' "$(changes)" none
is 'nor changed' "$(cat "$replicas") $(truth)" '8 ready 8'

echo '# one handle, one PUT'
cat >handle.py <<'END'
import errno, os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_TRUNC)
said = []
for text in sys.argv[2:]:
    try:
        os.write(fd, text.encode())
        said.append("ok")
    except OSError as error:
        said.append(errno.errorcode[error.errno])
try:
    os.close(fd)
except OSError as error:
    said.append(errno.errorcode[error.errno])
print(*said)
END
reset
is 'a second number on one descriptor' "$(python3 handle.py "$replicas" 3 4)" 'ok EINVAL'
is 'one PUT' "$(changes) $(cat "$replicas")" 'scaleDeployedAIModel=1 3'
advance 15
refresh
reset
is 'a number in lines' "$(python3 handle.py "$replicas" 2 $'\n' ' ')" 'ok ok ok'
is 'one PUT for it' "$(changes) $(cat "$replicas")" 'scaleDeployedAIModel=1 2'
advance 15
refresh
reset
fault '{"operation":"scaleDeployedAIModel","status":402,"times":0}'
is 'a refusal is remembered' "$(python3 handle.py "$replicas" 5 5 5)" 'EDQUOT EDQUOT EDQUOT EDQUOT'
is 'one PUT, refused' "$(changes)" scaleDeployedAIModel=1
faults_end

echo '# what the API says is what the write says'
for case in 400=EINVAL 401=EKEYEXPIRED 402=EDQUOT 403=EACCES 404=ENOENT 422=EINVAL 429=EBUSY 500=EREMOTEIO 503=EREMOTEIO; do
	reset
	fault "{\"operation\":\"scaleDeployedAIModel\",\"status\":${case%=*},\"times\":0}"
	fails "PUT answered ${case%=*}" "${case#*=}" write 5 "$replicas"
	[ "${case%=*}" != 401 ] || another_token
	has "${case%=*}: the reason" "$(cat "$models/chat-llama/.error")" "chat-llama/replicas: ${case#*=}" "HTTP ${case%=*} " 'x-request-id req-' 'Verdict: '
	is "${case%=*}: nothing is pretended" "$(cat "$replicas")" 2
	case ${case%=*} in 429 | 5??) tries=3 ;; *) tries=1 ;; esac # what may pass by itself
	is "${case%=*}: PUTs" "$(changes)" scaleDeployedAIModel=$tries
done
for case in '"drop":"before"' '"cut":5'; do
	reset
	fault "{\"operation\":\"scaleDeployedAIModel\",$case,\"times\":0}"
	fails "PUT with $case" EREMOTEIO write 2 "$models/code-qwen/replicas"
	has "$case: the reason" "$(cat "$models/code-qwen/.error")" 'Verdict: unknown'
	faults_end
done
advance 15
refresh
reset
fault '{"operation":"scaleDeployedAIModel","status":503}'
ok 'a PUT that fails once' write 4 "$replicas"
is 'goes again' "$(changes)" scaleDeployedAIModel=2
advance 15
refresh
reset
fault '{"operation":"scaleDeployedAIModel","status":429,"headers":{"Retry-After":"1"}}'
begin=$(now_ms)
ok 'a PUT that is throttled' write 3 "$replicas"
is 'Retry-After is kept' "$([ $(($(now_ms) - begin)) -ge 1000 ] && echo kept)" kept
advance 15
refresh
reset
# Carried out, and then the connection is gone: the API's own "not while it is scaled" would be the next answer.
fault '{"operation":"scaleDeployedAIModel","drop":"after"}'
write 4 "$replicas" 2>/dev/null
is 'one that was carried out is not sent for ever' "$(changes | grep -cE '=[123]$')" 1
advance 15
refresh
is 'and shows when it is listed' "$(cat "$replicas")" 4

# In transition the detail still has the old number: that it is the one asked for shows nothing.
ok 'another number' write 6 "$replicas"
reset
fault '{"operation":"scaleDeployedAIModel","drop":"before","times":3}'
fails 'back to the old one, lost each time' EREMOTEIO write 4 "$replicas"
is 'what the API says' "$(truth)" 'initializing 4'
has 'it is not taken for done' "$(cat "$models/chat-llama/.error")" 'Verdict: unknown'
advance 15
refresh
is 'and was not' "$(truth)" 'ready 6'

echo '# in order'
reset
fault '{"operation":"scaleDeployedAIModel","delay_ms":2000}'
write 5 "$replicas" &
first=$!
becomes 'the first PUT is under way' 1 requests scaleDeployedAIModel
write 3 "$replicas" &
second=$!
wait $first; first=$?
wait $second; second=$?
advance 15
refresh
is 'both were taken' "$first $second $(changes)" '0 0 scaleDeployedAIModel=2'
is 'the last that was taken is the last there' "$(cat "$replicas")" 3

echo '# a writer that is killed'
reset
fault '{"operation":"scaleDeployedAIModel","delay_ms":6000}'
(exec tee "$replicas" <<<6 >/dev/null) &
writer=$!
becomes 'its PUT is under way' 1 requests scaleDeployedAIModel
begin=$(now_ms)
{ kill -KILL $writer; wait $writer; } 2>/dev/null
is 'it can be killed' "$([ $(($(now_ms) - begin)) -lt 5000 ] && echo soon)" soon
becomes 'its PUT goes on' 6 cat "$replicas"
is 'one PUT all the same' "$(changes)" scaleDeployedAIModel=1
advance 15
becomes 'and arrives' 'ready 6' truth

echo '# what cannot be scaled'
fails 'an instance' EACCES write 3 "$runtimes/eval-01/gpuCount"
refresh
rmdir "$models/code-qwen"
reset
fails 'a deployment on its way out' EBUSY write 3 "$models/code-qwen/replicas"
has 'the reason' "$(cat "$models/code-qwen/.error")" 'is being deleted' 'nothing was changed'
finish
