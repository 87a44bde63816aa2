#!/bin/bash
# How the mount is doing: counts that are the cloud's own, who caused which request, what is down since when, and the log.
. "$(dirname "$0")/lib.sh" || exit 1
here=$(cd "$(dirname "$0")" && pwd)

cloud_up --speed 0
advance 100
another_token
cd "$work" || exit 1
scope=
mount_up -o "token_file=$work/token,log=$work/log,log_level=debug,ttl=3600"
stats=$m/.neevfs/stats state=$m/.neevfs/status requests=$m/.neevfs/requests

# The cloud's count of each operation, and the mount's: "airuntimes.list=1 …"
cat >operations <<'END'
listOrgs orgs.list
listProjects projects.list
listAIRuntimes airuntimes.list
getAIRuntime airuntimes.item
getAIRuntimeMetrics airuntimes.metrics
createAIRuntime airuntimes.create
deleteAIRuntime airuntimes.delete
listDeployedAIModels aimodels.list
getDeployedAIModel aimodels.item
scaleDeployedAIModel aimodels.scale
listOrgAIRuntimeTemplates templates.list
getOrgAIRuntimeTemplate templates.item
listTemplates platform_templates.list
getTemplate platform_templates.item
listInventory inventory.list
listNotifications inventory.notifications
getGpuConfig inventory.item
listCatalog catalog.list
refresh login.renew
END
true_counts() {
	control requests | jq -r '.operations | to_entries[] | select(.value > 0) | "\(.key) \(.value)"' |
		awk 'NR == FNR {name[$1] = $2; next} {print ($1 in name ? name[$1] : $1) "=" $2}' operations - | sort | paste -sd ' '
}
own_counts() {
	sed -n 's/^neevfs_http_requests_total{.*operation="\([^"]*\)",.*} /\1 /p' "$m/.neevfs/stats" |
		awk '{count[$1] += $2} END {for (name in count) print name "=" count[name]}' | sort | paste -sd ' '
}
sample() { # NAME: its value
	awk -v name="$1" '$1 == name {print $2; found = 1} END {if (!found) print "none"}' "$stats"
}
row() { # COLUMN: of the last request
	awk -F '\t' -v name="$1" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == name) at = i} END {print $at}' "$requests"
}

echo '# counts'
is 'at first there is nothing' "$(own_counts), $(wc -l <"$requests")" ', 1'
reset
cat "$runtimes"/*/status >seen
cat "$runtimes/eval-01/info.json" "$runtimes/eval-01/metrics.json" "$models/chat-llama/info.json" >seen
ls -lR "$m/templates" "$m/inventory" "$m/catalog" "$templates" >seen
fault '{"operation":"getAIRuntime","status":503}'
cat "$runtimes/train-llama/info.json" >seen
fault '{"operation":"getAIRuntimeMetrics","drop":"before"}'
cat "$runtimes/train-llama/metrics.json" >seen
fault '{"operation":"getAIRuntimeMetrics","status":404}'
cat "$runtimes"/job-*/metrics.json >seen 2>/dev/null
faults_end
write 3 "$models/chat-llama/replicas"
mkdir "$runtimes/ours"
put "$spec_runtime" "$runtimes/ours/spec.json"
rmdir "$runtimes/eval-01"
is 'requests by operation, as the cloud counts them' "$(own_counts)" "$(true_counts)"
is 'and in all' "$(awk '/^neevfs_http_requests_total/ {n += $2} END {print n}' "$stats") $(($(wc -l <"$requests") - 1))" "$(asked) $(asked)"
is 'of them with 503' "$(sample 'neevfs_http_requests_total{service="gpu",operation="airuntimes.item",code="503"}')" 1
is 'without an answer' "$(sample 'neevfs_http_requests_total{service="gpu",operation="airuntimes.metrics",code="EREMOTEIO"}')" 1
is 'retries' "$(sample 'neevfs_http_retries_total{service="gpu"}')" 1 # the other one curl makes by itself
is 'the create' "$(sample 'neevfs_http_requests_total{service="gpu",operation="airuntimes.create",code="201"}')" 1
is 'the duration counts each' "$(awk '/^neevfs_http_request_duration_seconds_count/ {n += $2} END {print n}' "$stats")" "$(asked)"
before=$(asked)
cat "$stats" "$requests" "$state" >seen
is 'reading them asks nobody' "$(asked)" "$before"
is 'their modes' "$(stat -c %a "$stats" "$requests" "$state" | paste -sd ' ')" '444 400 444'
before=$(sample 'neevfs_fs_calls_total{operation="lookup",outcome="ENOENT"}')
stat "$runtimes/no-such" "$models/no-such" 2>/dev/null
is 'calls by outcome' "$(sample 'neevfs_fs_calls_total{operation="lookup",outcome="ENOENT"}')" $((before + 2))
is 'every metric has its type' "$(awk '/^# TYPE/ {type[$3] = 1; next} !/^#/ {name = $1; sub(/{.*/, "", name); base = name; sub(/_(bucket|sum|count)$/, "", base); if (!(name in type) && !(base in type)) print name}' "$stats")" ''
memory=$(($(sample neevfs_resident_memory_bytes) / 1024 - $(awk '/^VmRSS/ {print $2}' "/proc/$pid/status")))
is 'the memory is that of the process, within 8 MiB' "$([ ${memory#-} -lt 8192 ] && echo yes || echo "$memory KiB")" yes

advance 100 # nothing is in transition: what is listed is kept
refresh

echo '# who caused it'
sh -c 'echo $$ >pid; exec cat "$0"' "$models/code-qwen/info.json" >seen
is 'the pid and the command' "$(row pid) $(row command)" "$(cat pid) cat"
is 'what was asked for' "$(row method) $(row request) $(row status)" "GET ${models_api#"$url"}/$(cat "$models/code-qwen/id") 200"
is 'where' "$(row operation) $(row path)" 'lookup orgs/org-demo/projects/prj-demo/aimodels/code-qwen/info.json'
has 'with its id' "$(row x-request-id)" req-
touch "$runtimes"
fault '{"operation":"listAIRuntimes","delay_ms":6000}'
lines=$(wc -l <"$requests") shared=$(sample neevfs_cache_shared_total)
sh -c 'echo $$ >pid; exec cat "$0"' "$runtimes/train-llama/id" >seen &
first=$!
waiting() { [ "$(sample neevfs_fs_waiting_calls)" = "$1" ]; }
ok 'one waits' wait_for waiting 1
for i in 1 2 3 4; do
	head -n 1 "$runtimes/train-llama/region" >seen.$i &
	others[i]=$!
done
ok 'five wait' wait_for waiting 5
wait $first "${others[@]}"
is 'for one request' "$(wc -l <"$requests") $(sample neevfs_cache_shared_total) $(sample neevfs_fs_waiting_calls)" "$((lines + 1)) $((shared + 4)) 0"
is 'which is of the one who began' "$(row pid) $(row command)" "$(cat pid) cat"
isnt 'waits are timed' "$(sample 'neevfs_fs_wait_duration_seconds_bucket{operation="stat",le="0.5"}')" "$(sample 'neevfs_fs_wait_duration_seconds_count{operation="stat"}')"
sh -c 'echo $$ >pid; exec tee "$0"' "$models/code-qwen/replicas" <<<2 >seen
is 'a change' "$(row method) $(row status) $(row pid) $(row command) $(row operation) $(row path)" \
	"PUT 200 $(cat pid) tee write orgs/org-demo/projects/prj-demo/aimodels/code-qwen/replicas"
touch "$models"
cat "$models/"$'x\ny\tz' >seen 2>&1
is 'a name that would be another row' "$(row path)" 'orgs/org-demo/projects/prj-demo/aimodels/x\x0ay\x09z'
is 'no row has more or less fields' "$(awk -F '\t' '{print NF}' "$requests" | sort -u)" 12

echo '# the log'
sed '1d; s/^[^\t]*\t//; s/ /\\x20/g; s/\t/ /g' "$requests" >wanted
sed -nE 's/^[0-9-]{10}T[0-9:]{8}Z (request|create sent|scale sent|delete sent): //p' log >found
is 'each request, with the same fields' "$(diff wanted found)" ''
is 'the changes by their names' "$(sed -nE 's/^[^ ]* (create|scale|delete) sent: ([A-Z]+) [^ ]* ([0-9]+) [0-9]+ [0-9]+ req-[0-9a-f]+ .*/\1 \2 \3/p' log | paste -sd ,)" \
	'scale PUT 200,create POST 201,delete DELETE 204,scale PUT 200'

echo '# a service goes down and comes back'
line() { sed -n "s/^$1: //p" "$state"; }
is 'up' "$(line 'service gpu')" up
is 'all was well' "$(line 'service inventory last failure')" none
fault '{"operation":"listAIRuntimes","status":503,"times":0}'
down() {
	touch "$runtimes"
	cat "$runtimes/train-llama/status"
	[[ $(line 'service gpu') == down* ]]
}
ok 'down' wait_for down
has 'down: why, and when it is asked again' "$(line 'service gpu')" 'down since 2' 'EREMOTEIO: ' 503 'next try in '
has 'its last failure' "$(line 'service gpu last failure')" 'Z HTTP 503'
is 'the others are not' "$(line 'service aimodels') $(sample 'neevfs_service_down{service="gpu"}') $(sample 'neevfs_service_down{service="aimodels"}')" 'up 1 0'
faults_end
back() {
	cat "$runtimes/train-llama/status"
	[ "$(line 'service gpu')" = up ]
}
ok 'back' wait_for back
is 'the log has both' "$(sed -nE 's/^[^ ]* (service gpu is (down: .*503|back)).*/\1/p' log | sed 's/:.*503/ 503/' | paste -sd ,)" 'service gpu is down 503,service gpu is back'
is 'the token' "$(line 'token source'), $(line token)" 'token_file, good'
control tokens -d '{"token":"pat-nc-gone","also":""}' -o /dev/null
touch "$m"
cat "$runtimes/train-llama/status" >seen 2>&1
has 'a token that is refused' "$(line token)" 'refused since 2' 'EKEYEXPIRED: the API answered 401'
is 'what this mount may' "$(line access), $(line allow)" 'read-write, create:scale:delete'
fault '{"operation":"createOrgAIRuntimeTemplate","drop":"after"}'
fault '{"operation":"listOrgAIRuntimeTemplates","nth":3,"times":0,"status":500}'
another_token
is 'none in doubt' "$(line 'creates in doubt')" 0
mkdir "$templates/unsure"
(put "$spec_template" "$templates/unsure/spec.json" 2>/dev/null) &
writer=$!
ok 'one in doubt' wait_for eval '[ "$(line "creates in doubt")" = "1 (templates unsure)" ]'
{ kill -KILL -- $writer $(pgrep -P $writer); wait $writer; } 2>/dev/null
asked_by_nobody() { [ "$(row pid) $(row command) $(row operation)" = '- - -' ]; }
ok 'whom nobody waits for: nobody looks for it' wait_for asked_by_nobody
is 'but for this' "$(row path)" 'orgs/org-demo/templates/unsure/spec.json'
faults_end
WAIT=70 ok 'until it is found' wait_for eval '[ "$(line "creates in doubt")" = 0 ]'
mount_down

echo '# a login that is renewed'
control tokens -d '{"token":"pat-nc-sandbox"}' -o /dev/null
printf demo@example.com >email
printf demo >password
token= scope=org=org-demo,project=prj-demo
python3 "$here/terminal.py" shown wait=E-mail: type=email wait=Password: type=password -- "$NEEVFS" login -o "api_base=$url"
reset
mount_up -o ttl=0
stats=$m/.neevfs/stats state=$m/.neevfs/status requests=$m/.neevfs/requests
cat "$runtimes/train-llama/status" >seen
control tokens -d '{"revoke_access":true}' -o /dev/null
cat "$runtimes/train-llama/status" >seen
is 'is a request too' "$(own_counts)" "$(true_counts)"
is 'and nobody'"'"'s' "$(awk -F '\t' '$3 ~ /refresh/ {print $2, $4, $9, $10, $11, $12}' "$requests")" 'POST 200 - - - -'
is 'the token' "$(line 'token source'), $(line token)" 'login, good'
has 'and when it ends' "$(line 'token expires')" 20
finish
