#!/bin/bash
# rmdir of a resource deletes it; nothing else does. What removes whole trees: sweepers.sh.
. "$(dirname "$0")/lib.sh" || exit 1

cloud_up --speed 0
advance 100
another_token
mount_up -o "token_file=$work/token"
cd "$work" || exit 1
listed() { # API OF COLLECTION, NAME: its state
	api "$1?limit=100" | jq -r --arg name "$2" '(.data // .items)[] | select(.name == $name).status'
}

has_left() { # COLLECTION NAME: it is not listed any more
	local names
	names=$(ls "$1") && ! grep -qx "$2" <<<"$names"
}

echo '# an instance'
ls "$runtimes" >/dev/null
reset
ok 'rmdir' rmdir "$runtimes/eval-01"
is 'one DELETE' "$(changes)" deleteAIRuntime=1
is 'it is there while it is billed' "$(ls "$runtimes" | grep -c '^eval-01$')" 1
is 'with its state' "$(cat "$runtimes/eval-01/status")" Terminating
fails 'a second rmdir' EALREADY rmdir "$runtimes/eval-01"
has 'the reason' "$(cat "$runtimes/eval-01/.error")" 'rmdir orgs/org-demo/projects/prj-demo/airuntimes/eval-01: EALREADY' 'billed'
fails 'mkdir there' EEXIST mkdir "$runtimes/eval-01"
is 'still one DELETE' "$(changes)" deleteAIRuntime=1
advance 10
ok 'then it is gone' wait_for has_left "$runtimes" eval-01
fails 'and cannot be found' ENOENT cat "$runtimes/eval-01/status"
fails 'rmdir of what is gone' ENOENT rmdir "$runtimes/eval-01"
ok 'its name is free' mkdir "$runtimes/eval-01"
ok 'a create under it' write "$spec_runtime" "$runtimes/eval-01/spec.json"
is 'one DELETE, one POST' "$(changes)" 'createAIRuntime=1 deleteAIRuntime=1'
ok 'rmdir of what was just created' rmdir "$runtimes/eval-01"
fails 'and again' EALREADY rmdir "$runtimes/eval-01"
is 'one DELETE for each' "$(changes)" 'createAIRuntime=1 deleteAIRuntime=2'
advance 10
ok 'it is gone too' wait_for has_left "$runtimes" eval-01
# A listing that lags must not bring a second DELETE.
api "$runtimes_api?page=1&limit=100" >old.json
ok 'rmdir, the listing lagging behind' eval 'fault "{\"operation\":\"listAIRuntimes\",\"times\":0,\"body\":$(cat old.json)}" && rmdir "$runtimes/train-llama"'
cat "$runtimes/train-llama/spec.json" >lagging.json
fails 'its own spec, the listing lagging behind' EBUSY cp lagging.json "$runtimes/train-llama/spec.json"
fails 'a second one' EALREADY rmdir "$runtimes/train-llama"
is 'one DELETE' "$(changes)" 'createAIRuntime=1 deleteAIRuntime=3'
faults_end

echo '# a deployment, a template'
reset
ok 'rmdir of a deployment' rmdir "$models/chat-llama"
is 'its state' "$(cat "$models/chat-llama/status")" terminating
fails 'a second rmdir' EALREADY rmdir "$models/chat-llama"
fails 'mkdir there' EEXIST mkdir "$models/chat-llama"
is 'one DELETE' "$(changes)" deleteDeployedAIModel=1
advance 10
ok 'it is gone' wait_for has_left "$models" chat-llama
mkdir "$templates/short lived"
write "$spec_template" "$templates/short lived/spec.json"
reset
ok 'rmdir of a template' rmdir "$templates/short lived"
is 'one DELETE' "$(changes)" deleteOrgAIRuntimeTemplate=1
fails 'gone at once' ENOENT stat "$templates/short lived"
is 'and from the listing' "$(ls "$templates" | grep -c short)" 0
ok 'its name is free at once' mkdir "$templates/short lived"
ok 'rmdir of the draft' rmdir "$templates/short lived"
is 'still one DELETE' "$(changes)" deleteOrgAIRuntimeTemplate=1
ok 'rmdir by .by-id needs the name' test -L "$templates/.by-id/tpl-lab-sdxl"
[ "$(id -u)" = 0 ] && perm=ENOTDIR || perm=EACCES
fails 'rmdir of a link' $perm rmdir "$templates/.by-id/tpl-lab-sdxl"

echo '# a name on its way out'
refresh
mkdir "$runtimes/busy"
refresh
ls -d "$runtimes/busy" >/dev/null
# Made and deleted behind the mount's back, whose listing is fresh.
id=$(jq -n "$spec_runtime + {name: \"busy\"}" | api "$runtimes_api" -d @- | jq -r .id)
api "$runtimes_api/$id" -X DELETE -o /dev/null
reset
fails 'a create under it' EBUSY write "$spec_runtime" "$runtimes/busy/spec.json"
is 'sends nothing' "$(changes)" none
has 'the reason' "$(cat "$runtimes/busy/.error")" 'still being deleted'
advance 10
refresh

echo '# what is gone elsewhere is gone here'
mkdir "$runtimes/ghost"
write "$spec_runtime" "$runtimes/ghost/spec.json"
id=$(api "$runtimes_api?limit=100" | jq -r '.data[] | select(.name == "ghost").id')
api "$runtimes_api/$id" -X DELETE -o /dev/null
advance 10
refresh
is 'not listed' "$(ls "$runtimes" | grep -c '^ghost$')" 0
fails 'not found' ENOENT cat "$runtimes/ghost/status"
ok 'its name is free' mkdir "$runtimes/ghost"
rmdir "$runtimes/ghost"
cat "$runtimes/notebook-asha/status" >/dev/null
fault '{"operation":"deleteAIRuntime","status":404}'
fails 'DELETE answered 404' ENOENT rmdir "$runtimes/notebook-asha"

echo '# refusals of the API'
for case in 401=EKEYEXPIRED 402=EDQUOT 403=EACCES 429=EBUSY 500=EREMOTEIO 503=EREMOTEIO; do
	reset
	fault "{\"operation\":\"deleteAIRuntime\",\"status\":${case%=*},\"times\":0}"
	fails "DELETE answered ${case%=*}" "${case#*=}" rmdir "$runtimes/notebook-asha"
	[ "${case%=*}" != 401 ] || another_token
	has "${case%=*}: the reason" "$(cat "$runtimes/notebook-asha/.error")" 'airuntimes/notebook-asha: E' "HTTP ${case%=*} " 'Verdict: '
	case ${case%=*} in 429 | 5??) tries=3 ;; *) tries=1 ;; esac # what may pass by itself
	is "${case%=*}: DELETEs" "$(changes)" deleteAIRuntime=$tries
	is "${case%=*}: nothing is pretended" "$(cat "$runtimes/notebook-asha/status")" Running
done
faults_end
for case in '"status":503' '"drop":"before"' '"drop":"after"' '"status":500,"commit":true'; do
	ls -d "$templates/lab-sdxl" >/dev/null 2>&1 || write "$spec_template" "$(mkdir -p "$templates/lab-sdxl"; echo "$templates/lab-sdxl")/spec.json"
	reset
	fault "{\"operation\":\"deleteOrgAIRuntimeTemplate\",$case}"
	ok "DELETE with $case" rmdir "$templates/lab-sdxl"
	is "$case: again, once" "$(changes)" deleteOrgAIRuntimeTemplate=2
	fails "$case: it is gone" ENOENT stat "$templates/lab-sdxl"
done
faults_end
ok 'and then it works' rmdir "$runtimes/notebook-asha"
is 'Terminating' "$(cat "$runtimes/notebook-asha/status")" Terminating

echo '# a rmdir that is killed'
reset
fault '{"operation":"deleteAIRuntime","delay_ms":6000}'
(exec rmdir "$runtimes/whisper-batch") &
writer=$!
becomes 'its DELETE is under way' 1 requests deleteAIRuntime
begin=$(now_ms)
{ kill -KILL $writer; wait $writer; } 2>/dev/null
is 'it can be killed' "$([ $(($(now_ms) - begin)) -lt 5000 ] && echo soon)" soon
becomes 'its DELETE goes on' Terminating cat "$runtimes/whisper-batch/status"
is 'one DELETE all the same' "$(changes)" deleteAIRuntime=1

echo '# nothing else deletes'
reset
for at in "$m/orgs" "$m/orgs/org-demo" "$m/orgs/org-demo/projects" "$p" "$runtimes" "$models" "$templates" "$runtimes/.by-id" "$m/templates" "$m/templates/tpl-vllm" \
	"$m/inventory" "$m/inventory/in-west-1" "$m/inventory/in-west-1/nvidia-l40s-48gb" "$m/catalog" "$m/catalog/BAAI-bge-m3" "$m/.neevfs" \
	"$runtimes/render-comfy/uiAccess" "$runtimes/render-comfy/metrics"; do
	# In a directory that is not writable an ordinary user hears it from the kernel.
	if [ "$(id -u)" = 0 ] || [ -w "$(dirname "$at")" ]; then
		fails "rmdir ${at#"$m"/}" EPERM rmdir "$at"
	else
		fails "rmdir ${at#"$m"/}" EACCES rmdir "$at"
	fi
done
fails 'rmdir of a file' ENOTDIR rmdir "$runtimes/render-comfy/status"
perm=EPERM # and where the directory is not writable an ordinary user hears it from the kernel:
[ "$(id -u)" = 0 ] || perm=EACCES
for name in status info.json spec.json .error template; do
	fails "rm $name" EPERM rm -f "$runtimes/render-comfy/$name"
done
fails 'rm of a fixed file' $perm rm -f "$m/README.txt"
fails 'unlink of an instance' EISDIR python3 -c 'import os, sys; os.unlink(sys.argv[1])' "$runtimes/render-comfy"
renamed() { python3 -c 'import os, sys; os.rename(*sys.argv[1:])' "$@"; }
fails 'mv of an instance' EPERM mv "$runtimes/render-comfy" "$runtimes/renamed"
fails 'mv to another collection' EPERM mv "$runtimes/render-comfy" "$models/renamed"
fails 'mv of a value' EPERM mv "$runtimes/render-comfy/id" "$runtimes/render-comfy/id2"
fails 'rename onto an instance' EPERM renamed "$runtimes/render-comfy" "$runtimes/finetune-mistral"
fails 'mv of a collection' $perm mv "$runtimes" "$p/others"
swept() { grep -c " unlink .*/render-comfy" "$m/.neevfs/errors"; }
before=$(swept)
rm -rf "$runtimes/render-comfy" 2>/dev/null
is 'all that a rm -rf meets in an instance is one entry' "$(($(swept) - before))" 1
has 'with how often' "$(cat "$m/.neevfs/errors")" '/render-comfy/*: EPERM ('
is 'all of that sent no DELETE' "$(changes)" none
is 'and they are there' "$(cat "$runtimes/render-comfy/status" "$models/draft-mistral/status" "$templates/team-vllm/status" | paste -sd ' ')" 'Running failed Active'
finish
