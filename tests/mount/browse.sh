#!/bin/bash
# Looking around: what is there, and that it is what the API says.
. "$(dirname "$0")/lib.sh" || exit 1

cloud_up --speed 0
another_token
mount_up -o "token_file=$work/token"

echo '# the tree'
is 'root' "$(ls -A "$m" | paste -sd ' ')" '.neevfs README.txt catalog inventory orgs project templates'
has 'README.txt' "$(cat "$m/README.txt")" ' project/airuntimes/*/status'
is '.neevfs' "$(ls -A "$m/.neevfs" | paste -sd ' ')" 'README.txt cost errors options refresh requests stats status version'
is 'orgs' "$(resources "$m/orgs")" org-demo
is 'an organisation' "$(ls -A "$m/orgs/org-demo" | paste -sd ' ')" '.error README.txt description id info.json name projects status templates'
is 'projects' "$(resources "$m/orgs/org-demo/projects")" prj-demo
is 'a project' "$(ls -A "$p" | paste -sd ' ')" '.error README.txt aimodels airuntimes description id info.json name status'
is 'instances' "$(resources "$runtimes")" \
	'eval-01 finetune-mistral notebook-asha render-comfy train-llama whisper-batch'
is 'deployments' "$(resources "$models")" 'chat-llama code-qwen draft-mistral'
is 'custom templates' "$(resources "$templates")" 'lab-sdxl team-vllm'
is 'platform templates' "$(resources "$m/templates")" 'tpl-comfyui tpl-pytorch tpl-tensorflow tpl-ubuntu tpl-vllm'
is 'inventory' "$(resources "$m/inventory")" 'in-central-1 in-south-1 in-west-1'
beside() { # DIRECTORY: what each collection has beside its resources
	find "$1" -mindepth 1 -maxdepth 1 \( ! -type d -o -name '.*' \) -printf '%f\n' | sort | paste -sd ' '
}
fixed='.by-id .by-status .error README.txt events index.tsv list.json'
is 'beside organisations' "$(beside "$m/orgs")" "$fixed"
is 'beside projects' "$(beside "$m/orgs/org-demo/projects")" "$fixed"
is 'beside instances' "$(beside "$runtimes")" "$fixed spec.example.json spec.schema.json"
is 'beside deployments' "$(beside "$models")" "$fixed spec.example.json spec.schema.json"
is 'beside custom templates' "$(beside "$templates")" "$fixed spec.example.json spec.schema.json"
is 'beside platform templates' "$(beside "$m/templates")" "${fixed/.by-status /}"
is 'beside regions' "$(beside "$m/inventory")" '.available .by-id .error .query README.txt events index.tsv list.json'
is 'beside models' "$(beside "$m/catalog")" "${fixed/.by-status /}"
is 'a region' "$(resources "$m/inventory/in-west-1")" \
	"$(api "$url/inventory/api/v1beta1/inventory?limit=100" | jq -r '[.data[] | select(.region == "in-west-1") | .config_id] | sort | join(" ")')"
is 'catalog' "$(resources "$m/catalog")" \
	"$(api "$url/aimodels/api/v1beta1/aimodels-catalog?limit=100" | jq -r '[.data[].id] | sort | join(" ")')"

rows() { # DIRECTORY: kind, mode and name of all in it
	(cd "$1" && find . -mindepth 1 -printf '%y %m %P\n' | sort -k 3)
}
is 'all rows of an instance, with their modes' "$(rows "$runtimes/eval-01")" 'f 444 .error
f 444 README.txt
d 500 cost
f 444 cost/hours
f 444 cost/usd
f 444 cost/usdPerHour
f 444 createdAt
f 444 customPorts.json
l 777 gpu
f 444 gpuConfigID
f 444 gpuCount
f 444 id
f 444 idle
f 400 info.json
d 500 metrics
f 444 metrics.json
f 444 metrics/cpuUtilizationPercent
f 444 metrics/gpuUtilizationPercent
f 444 metrics/ramUtilizationPercent
f 444 name
f 444 planId
f 444 project
f 444 reason
f 444 region
f 600 spec.json
d 500 sshAccess
f 400 sshAccess/directCommand
f 400 sshAccess/proxyCommand
f 444 sshKeys
f 444 status
d 500 storage
f 444 storage/id
f 444 storage/name
f 444 storage/planId
f 444 storage/sizeGB
f 444 storage/subType
f 444 storage/type
l 777 template
f 444 templateID
f 444 templateName
f 444 udpPortRanges.json
d 500 uiAccess
f 400 uiAccess/directUrl
f 444 uiAccess/name
f 400 uiAccess/password
f 400 uiAccess/proxyUrl
f 600 wait'
is 'all rows of a deployment, with their modes' "$(rows "$models/chat-llama")" 'f 444 .error
f 444 README.txt
d 500 cost
f 444 cost/hours
f 444 cost/usd
f 444 cost/usdPerHour
f 444 created_at
f 400 endpoint_url
l 777 gpu
f 444 gpu_config_id
f 444 gpu_count
f 444 id
f 400 info.json
l 777 model
f 444 model_id
f 444 model_name
f 444 name
f 444 project_id
f 444 region
f 600 replicas
f 600 spec.json
f 444 status
f 444 updated_at
f 444 uptime_seconds
f 600 wait'
is 'all rows of a custom template, with their modes' "$(rows "$templates/team-vllm")" 'f 444 .error
f 444 README.txt
f 444 apps.json
f 444 category
f 444 created_at
f 444 created_by
f 444 description
f 444 id
f 444 image
f 444 info.json
f 444 name
f 444 oci_registry_username
f 444 owner_org_id
f 600 spec.json
f 444 status
f 600 wait'
is 'all rows of a configuration on offer' "$(rows "$m/inventory/in-west-1/nvidia-l40s-48gb" | cut -d ' ' -f 3- | paste -sd ' ')" \
	"$( { echo .error; echo README.txt; echo config.json; echo info.json; echo notify; api "$url/inventory/api/v1beta1/inventory?limit=100" |
		jq -r '[.data[] | select(.region == "in-west-1" and .config_id == "nvidia-l40s-48gb")][0] | keys[]'; } | sort | paste -sd ' ')"
is 'modes of the directories above' "$(stat -c %a "$m" "$m/orgs" "$p" "$runtimes" "$models" "$templates" "$m/templates" "$runtimes/.by-id" | paste -sd ' ')" \
	'500 500 500 700 700 700 500 500'
is 'owner' "$(stat -c '%u %g' "$m" "$runtimes/eval-01/status")" "$(printf '%s\n' "$(id -u) $(id -g)" "$(id -u) $(id -g)")"

echo '# values'
# Each "field=value" of an object as the files must show it.
fields() { # FIELD…
	jq -r '[$ARGS.positional[] as $name | "\($name)=\(getpath($name / "/") // "" | tostring)"] | join("\n")' --args "$@"
}
files() { # DIRECTORY FIELD…
	local dir=$1 name text
	shift
	for name; do
		text=$(cat "$dir/$name"; echo .)
		text=${text%.}
		[ -z "$text" ] || [ "${text: -1}" = $'\n' ] || text="no line feed at the end of $text"
		printf '%s=%s\n' "$name" "${text%$'\n'}"
	done
}
api "$runtimes_api?limit=100" >"$work/runtimes"
api "$models_api?limit=100" >"$work/models"
api "$templates_api" >"$work/templates"
for name in $(jq -r '.data[].name' "$work/runtimes"); do
	api "$runtimes_api/$(jq -r --arg name "$name" '.data[] | select(.name == $name).id' "$work/runtimes")" >"$work/$name.json"
	set -- id name region project status reason gpuConfigID gpuCount planId templateID templateName createdAt \
		storage/{id,type,subType,name,sizeGB,planId} uiAccess/{name,directUrl,proxyUrl,password} sshAccess/{directCommand,proxyCommand}
	is "values of $name" "$(files "$runtimes/$name" "$@")" "$(fields "$@" <"$work/$name.json")"
	is "keys of $name, a line each" "$(cat "$runtimes/$name/sshKeys")" "$(jq -r '.sshKeys[]?' "$work/$name.json")"
	is "ports of $name" "$(jq -S . "$runtimes/$name/customPorts.json" "$runtimes/$name/udpPortRanges.json")" "$(jq -S '.customPorts, .udpPortRanges' "$work/$name.json")"
	api "$runtimes_api/$(jq -r .id "$work/$name.json")/metrics" >"$work/metrics"
	# As text: 26.10 stays 26.10.
	is "metrics of $name" "$(cat "$runtimes/$name"/metrics/{cpu,ram,gpu}UtilizationPercent | paste -sd ' '; jq -S . "$runtimes/$name/metrics.json")" \
		"$(for what in cpu ram gpu; do grep -o "\"${what}UtilizationPercent\": *[0-9.]*" "$work/metrics" | grep -o '[0-9.]*$'; done | paste -sd ' '; jq -S . "$work/metrics")"
	is "time of $name" "$(stat -c %Y "$runtimes/$name" "$runtimes/$name/status" | uniq)" "$(date -d "$(jq -r .createdAt "$work/$name.json")" +%s)"
done
for name in $(jq -r '.items[].name' "$work/models"); do
	api "$models_api/$(jq -r --arg name "$name" '.items[] | select(.name == $name).id' "$work/models")" >"$work/$name.json"
	set -- id name project_id model_id model_name region status endpoint_url gpu_config_id gpu_count replicas created_at updated_at uptime_seconds
	is "values of $name" "$(files "$models/$name" "$@")" "$(fields "$@" <"$work/$name.json")"
	is "time of $name" "$(stat -c %Y "$models/$name")" "$(date -d "$(jq -r '.updated_at // .created_at' "$work/$name.json")" +%s)"
done
for name in $(jq -r '.data[].name' "$work/templates"); do
	jq --arg name "$name" '.data[] | select(.name == $name)' "$work/templates" >"$work/$name.json"
	set -- id name description image oci_registry_username owner_org_id created_by category status created_at
	is "values of $name" "$(files "$templates/$name" "$@")" "$(fields "$@" <"$work/$name.json")"
	is "apps of $name" "$(jq -S . "$templates/$name/apps.json")" "$(jq -S .apps "$work/$name.json")"
	is "time of $name" "$(stat -c %Y "$templates/$name")" "$(date -d "$(jq -r .created_at "$work/$name.json")" +%s)"
done
is 'null is an empty file' "$(stat -c '%s %F' "$runtimes/eval-01/reason")$(cat "$runtimes/eval-01/reason")" '0 regular empty file'
is 'a false condition is shown' "$(cat "$runtimes/finetune-mistral/reason")" ImagePullBackOff

# What no document describes is shown by what it is.
offer=$(api "$url/inventory/api/v1beta1/inventory?limit=100" | jq '[.data[] | select(.region == "in-west-1" and .config_id == "nvidia-l40s-48gb")][0]')
mapfile -t keys < <(jq -r 'to_entries[] | select(.value | type | . != "object" and . != "array") | .key' <<<"$offer")
is 'values of a configuration on offer' "$(files "$m/inventory/in-west-1/nvidia-l40s-48gb" "${keys[@]}")" "$(fields "${keys[@]}" <<<"$offer")"
is 'a configuration by itself' "$(jq -S . "$m/inventory/in-west-1/nvidia-l40s-48gb/config.json")" \
	"$(api "$url/inventory/api/v1beta1/inventory/gpuconfig?config_id=nvidia-l40s-48gb" | jq -S .)"
is 'a model in the catalog' "$(cat "$m/catalog/BAAI-bge-m3/model_id" "$m/catalog/BAAI-bge-m3/configurations/max_model_len/max" "$m/catalog/BAAI-bge-m3/recommended_gpu/gpu_count")" \
	"$(api "$url/aimodels/api/v1beta1/aimodels-catalog?limit=100" | jq -r '.data[] | select(.id == "BAAI-bge-m3") | .model_id, .configurations.max_model_len.max, .recommended_gpu.gpu_count')"
is 'a platform template' "$(cat "$m/templates/tpl-vllm/name" "$m/templates/tpl-vllm/templateSpec/image")" \
	"$(api "$gpu_api/airuntime-templates/tpl-vllm" | jq -r '.name, .templateSpec.image')"
is 'the project says its id' "$(cat "$p/id" "$m/orgs/org-demo/id")" $'prj-demo\norg-demo'
is 'version' "$(cat "$m/.neevfs/version")" "$("$NEEVFS" -V | sed 's/^neevfs //')"
has 'README' "$(cat "$m/README.txt")" 'mkdir' 'rmdir' 'replicas'

echo '# info.json'
masked() { sed 's/"billingRef": [0-9]*/"billingRef": 0/'; }
for at in "$runtimes"/*/ "$models"/*/ "$templates"/*/; do
	name=$(basename "$at")
	# With jq's own indent: every field in the API's order, two spaces, a final line feed.
	is "info.json of $name" "$(masked <"${at}info.json"; echo .)" "$(jq --indent 2 . "$work/$name.json" | masked; echo .)"
done
for name in eval-01 whisper-batch; do
	digits=$(grep -o '"billingRef": *[0-9]*' "$work/$name.json" | grep -o '[0-9]*$')
	is "a number above 2^53 in $name, digit for digit" "$(sed -n 's/^  "billingRef": \([0-9]*\),*$/\1/p' "$runtimes/$name/info.json")" "${digits:-none}"
done

echo '# sizes, inodes, links'
cat >"$work/walk.py" <<'END'
import os, sys
files = 0
for top in sys.argv[1:]:
    for where, _, _ in os.walk(top):
        for entry in os.scandir(where):
            st = entry.stat(follow_symlinks=False)
            if entry.inode() != st.st_ino:
                print("inode of", entry.path, "listed", entry.inode(), "but is", st.st_ino)
            if entry.is_symlink():
                got = len(os.readlink(entry.path))
            elif entry.is_file():
                with open(entry.path, "rb") as file:
                    got = len(file.read())
            else:
                continue
            files += 1
            if got != st.st_size and not entry.path.endswith("/.neevfs/stats"): # which counts what looks at it
                print("size of", entry.path, "is", st.st_size, "but", got, "can be read")
print("more than 250" if files > 250 else files)
END
is 'sizes and inode numbers are true everywhere' "$(python3 "$work/walk.py" "$m")" 'more than 250'
is 'inode numbers are unique' "$(find "$m" -printf '%i\n' | sort | uniq -d)" ''
find "$m" -printf '%i %P\n' | sort >"$work/inodes1"
is 'no link dangles' "$(find "$m" -xtype l)" ''
is 'link project' "$(readlink "$m/project")" orgs/org-demo/projects/prj-demo
is 'link template of the platform' "$(cat "$runtimes/whisper-batch/template/id")" tpl-ubuntu
is 'link template of the organisation' "$(cat "$runtimes/finetune-mistral/template/id")" tpl-team-vllm
is 'link gpu' "$(cat "$runtimes/whisper-batch/gpu/config_id")" nvidia-l40s-48gb
is 'link gpu of a deployment' "$(cat "$models/chat-llama/gpu/config_id")" "$(cat "$models/chat-llama/gpu_config_id")"
is 'link model' "$(cat "$models/chat-llama/model/model_id")" "$(cat "$models/chat-llama/model_id")"
for at in "$runtimes" "$models" "$templates" "$m/templates" "$m/catalog" "$m/orgs" "$m/orgs/org-demo/projects"; do
	is ".by-id of ${at#"$m"/}" "$(for id in "$at"/.by-id/*; do echo "${id##*/}=$(cat "$id/id")=$(readlink "$id")"; done | sort)" \
		"$(for name in "$at"/*/; do name=${name%/}; echo "$(cat "$name/id")=$(cat "$name/id")=../${name##*/}"; done | sort)"
done
is 'through .by-id' "$(cat "$runtimes/.by-id/$(cat "$runtimes/eval-01/id")/name")" eval-01

echo '# what is not there, what cannot be done'
fails 'no such file' ENOENT cat "$runtimes/eval-01/nothing"
fails 'no such instance' ENOENT cat "$runtimes/nobody/status"
fails 'no such id' ENOENT cat "$runtimes/.by-id/nobody/status"
fails 'no such project' ENOENT cd "$m/orgs/org-demo/projects/prj-nowhere"
fails 'below a project that is not there' ENOENT ls "$m/orgs/org-demo/projects/prj-nowhere/airuntimes"
fails 'a forbidden organisation' ENOENT ls "$m/orgs/org-other"
fails 'below a forbidden organisation' ENOENT ls "$m/orgs/org-other/projects"
fails 'no such organisation' ENOENT ls "$m/orgs/org-nowhere"
is 'a project that is not listed is found' "$(resources "$m/orgs/org-demo/projects/prj-empty/airuntimes")$(cat "$m/orgs/org-demo/projects/prj-empty/id")" prj-empty
fails 'writing a value' EACCES write x "$runtimes/eval-01/status"
fails 'truncating a value' EACCES truncate -s 0 "$runtimes/eval-01/status"
fails 'a file in an instance' EPERM dd if=/dev/null of="$runtimes/strange" status=none
fails 'symlink' EPERM ln -s x "$runtimes/x"
fails 'hard link' EPERM ln "$runtimes/eval-01/id" "$runtimes/x"
fails 'fifo' EPERM mkfifo "$runtimes/x"
fails 'chmod' EPERM chmod 666 "$runtimes/eval-01/status"
ok 'chmod that changes nothing' chmod 444 "$runtimes/eval-01/status"
ok 'chown that changes nothing' chown "$(id -u):$(id -g)" "$runtimes/eval-01/status"
fails 'a name of 256 bytes' ENAMETOOLONG ls "$runtimes/$(printf %256s | tr ' ' n)"
fails 'reading a directory' EISDIR cat "$runtimes"
fails 'a file as a directory' ENOTDIR ls "$runtimes/eval-01/id/x"
has 'df' "$(df --output=fstype,size "$m")" fuse.neevfs
if [ "$(id -u)" = 0 ]; then
	fails 'another user' EACCES setpriv --reuid 65534 --regid 65534 --clear-groups ls "$m"
else
	skip 'another user' 'only root can become one'
fi

opened() { : <"$1"; }

echo '# errors of the API are errors, never an empty directory'
for case in 400=EINVAL 401=EKEYEXPIRED 402=EDQUOT 403=EACCES 422=EINVAL 429=EBUSY 500=EREMOTEIO 503=EREMOTEIO 302=EREMOTEIO; do
	refresh
	fault "{\"operation\":\"listAIRuntimes\",\"status\":${case%=*},\"times\":0}"
	fails "listing, ${case%=*}" "${case#*=}" ls "$runtimes"
	refresh
	ls "$templates" >/dev/null 2>&1 # a good answer of the same service: five bad ones in a row, and it would be down
	fails "look-up, ${case%=*}" "${case#*=}" cat "$runtimes/eval-01/status"
	has "the reason of ${case%=*}" "$(cat "$runtimes/.error")" "HTTP ${case%=*} " 'x-request-id ' "${case#*=}"
	faults_end
	[ "${case%=*}" != 401 ] || another_token
	is "as if nothing had been, after ${case%=*}" "$(cat "$runtimes/eval-01/status")" Running
done
for case in '"body":"no JSON"' '"body":{"data":null}' '"body":{"data":[1]}' '"body":{"data":[{}]}' '"body":"{\"data\":["' '"cut":100' '"drop":"before"'; do
	refresh
	fault "{\"operation\":\"listAIRuntimes\",$case,\"times\":0}"
	fails "listing, $case" EREMOTEIO ls "$runtimes"
	faults_end
	is "as if nothing had been, after $case" "$(resources "$runtimes" | wc -w)" 6
done
refresh
fault '{"operation":"getAIRuntime","status":500,"times":0}'
fails 'a detail fails at open' EREMOTEIO opened "$runtimes/eval-01/info.json"
fails 'a detail fails when read' EREMOTEIO cat "$runtimes/eval-01/info.json"
is 'what the listing has is there meanwhile' "$(cat "$runtimes/eval-01/status")" Running
has '.neevfs/errors' "$(cat "$m/.neevfs/errors")" 'airuntimes/eval-01/info.json: EREMOTEIO' 'HTTP 500'
faults_end
# Believed for 2 s, so the last of its kind, on collections of their own.
fault '{"operation":"listDeployedAIModels","status":404,"times":0}'
fault '{"operation":"listOrgAIRuntimeTemplates","status":404,"times":0}'
refresh
fails 'listing, 404' ENOENT ls "$models"
has 'listing, 404: what to look at' "$(cat "$models/.error")" 'HTTP 404' 'check the options org= and project='
fails 'listing of templates, 404' ENOENT ls "$templates"
is 'the collection itself stays' "$(stat -c %F "$models")" directory
faults_end
becomes 'a 404 is not believed for long' 'chat-llama code-qwen draft-mistral' resources "$models"

echo '# a second mount'
mount_down
mount_up
find "$m" -printf '%i %P\n' | sort >"$work/inodes2"
is 'inode numbers are the same in another mount' "$(diff "$work/inodes1" "$work/inodes2" | head -n 20)" ''
mount_down

echo '# nothing configured: what the API lists'
scope=
mount_up
ok 'ls -l of the root' ls -l "$m"
has 'README.txt names no link that is not there' "$(cat "$m/README.txt")" ' orgs/ORG/projects/PRJ/airuntimes/*/status'
hasnt 'not once' "$(cat "$m/README.txt" "$m/.neevfs/README.txt")" ' project/'
is 'organisations' "$(resources "$m/orgs")" org-demo
is 'projects' "$(resources "$m/orgs/org-demo/projects")" 'prj-demo prj-empty'
is 'an empty project is empty' "$(resources "$m/orgs/org-demo/projects/prj-empty/airuntimes" "$m/orgs/org-demo/projects/prj-empty/aimodels")" ''
is 'name of the project' "$(cat "$p/name" "$p/status")" \
	"$(api "$url/tenant/api/v1/orgs/org-demo/projects" | jq -r '.data[] | select(.id == "prj-demo") | .name, .status')"
ok 'ls -l of the root, the projects being known' ls -l "$m"
fails 'a forbidden organisation that is listed by nobody' ENOENT ls "$m/orgs/org-other"
finish
