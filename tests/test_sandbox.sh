#!/bin/bash
# Exercises neevfs-sandbox over HTTP: every operation, its codes, its life, and every fault.
# Usage: test_sandbox.sh PATH-TO-NEEVFS-SANDBOX
set -u

binary=${1:?usage: test_sandbox.sh PATH-TO-NEEVFS-SANDBOX}
work=$(mktemp -d)
pid=
failures=0
checks=0

cleanup() {
	[ -n "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid"
	rm -rf "$work"
}
trap cleanup EXIT

# is WHAT ACTUAL EXPECTED
is() {
	checks=$((checks + 1))
	if [ "$2" = "$3" ]; then
		echo "ok   $1"
	else
		echo "FAIL $1: got '$2', expected '$3'"
		failures=$((failures + 1))
	fi
}

# has WHAT TEXT PART
has() {
	checks=$((checks + 1))
	if [[ $2 == *"$3"* ]]; then
		echo "ok   $1"
	else
		echo "FAIL $1: '$3' is not in '$2'"
		failures=$((failures + 1))
	fi
}

# start OPTION...: sets url and pid once the address is out
start() {
	: >"$work/url"
	"$binary" "$@" >"$work/url" 2>"$work/stderr" &
	pid=$!
	for ((i = 0; i < 600; i++)); do
		url=$(head -n 1 "$work/url")
		[ -n "$url" ] && break
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	gpu=$url/gpu/api/v1beta1
	runtimes=$gpu/orgs/org-demo/projects/prj-demo/airuntimes
	templates=$gpu/orgs/org-demo/airuntime-templates
	models=$url/aimodels/api/v1beta1/orgs/org-demo/projects/prj-demo/aimodels
	inventory=$url/inventory/api/v1beta1/inventory
	tenant=$url/tenant/api/v1
}

stop() {
	kill -"${1:-TERM}" "$pid"
	wait "$pid"
	stopped=$?
	pid=
	is 'nothing on stderr' "$(cat "$work/stderr")" ''
}

# call METHOD URL [BODY]: sets code and body; the exchange's headers are in $work/headers
call() {
	local data=()
	[ $# -ge 3 ] && data=(-H 'Content-Type: application/json' --data-binary "$3")
	code=$(curl -s -m 60 -X "$1" -H 'Authorization: Bearer pat-nc-sandbox' -D "$work/headers" -o "$work/body" -w '%{http_code}' "${data[@]}" "$2")
	curl_status=$?
	body=$(cat "$work/body" 2>/dev/null)
	: >"$work/body"
}

get() { call GET "$1"; }
pick() { jq -r "$1" <<<"$body"; }
control() { call "$1" "$url/_sandbox/$2" "${3:-}"; }
advance() { control POST advance "{\"seconds\":$1}"; }
fault() { control POST faults "$1"; }
count() { curl -s "$url/_sandbox/requests" | jq -r ".operations.$1 // 0"; }

# refused WHAT CODE WORDS METHOD URL [BODY]
refused() {
	local what=$1 wanted=$2 words=$3
	shift 3
	call "$@"
	is "$what: $wanted" "$code" "$wanted"
	has "$what: names it" "$(pick .message)" "$words"
}

# runtime NAME [JQ]: the body that creates an instance, changed by a jq filter
runtime() {
	jq -nc --arg name "$1" '{name: $name, region: "in-west-1", templateID: "tpl-pytorch", gpuConfigID: "nvidia-l40s-48gb",
		gpuCount: 1, planId: "gpu-l40s-on-demand-1h"} | '"${2:-.}"
}
model() {
	jq -nc --arg name "$1" '{name: $name, catalog_id: "meta-llama-Llama-3.1-8B-Instruct", region: "in-west-1",
		gpu_config_id: "nvidia-l40s-48gb", gpu_count: 1, plan_id: "gpu-l40s-on-demand-1h"} | '"${2:-.}"
}
template() {
	jq -nc --arg name "$1" '{name: $name, description: "An image", image: "ghcr.io/org/image:v1", category: "LLM"} | '"${2:-.}"
}
free() {
	curl -s -H 'Authorization: Bearer pat-nc-sandbox' "$inventory?limit=100" |
		jq -r '.data[] | select(.config_id == "nvidia-l40s-48gb") | .available_gpu_count'
}

key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGx0c2FuZGJveC1kZW1vLWtleS1ub3QtcmVhbC0wMDE someone@somewhere"

echo "# command line"
"$binary" --help >"$work/out"
is 'help: status' $? 0
has 'help: names options' "$(cat "$work/out")" --exit-with-stdin
"$binary" --version >"$work/out"
is 'version: status' $? 0
for wrong in '--port x' '--port 65536' '--instances 100001' '--speed -1' '--latency' '--nonsense' 'word' '--seed -1'; do
	# shellcheck disable=SC2086
	"$binary" $wrong >"$work/out" 2>"$work/stderr"
	is "usage: $wrong" $? 2
	is "usage: $wrong: stdout" "$(cat "$work/out")" ''
	is "usage: $wrong: words on stderr" "$([ -s "$work/stderr" ] && echo yes)" yes
done
"$binary" --exit-with-stdin </dev/null >"$work/out"
is 'exit-with-stdin: status' $? 0
is 'exit-with-stdin: one line' "$(wc -l <"$work/out")" 1

# The clock stands still, so that lives move by advance alone.
start --speed 0
has 'address' "$url" 'http://127.0.0.1:'
"$binary" --port "${url##*:}" >/dev/null 2>"$work/stderr2"
is 'port taken: status' $? 1

echo "# credentials and scope"
code=$(curl -s -o "$work/body" -w '%{http_code}' "$runtimes")
is 'no header' "$code" 401
is 'no header: body' "$(cat "$work/body")" '{"code":"unauthorized","message":"missing authorization header"}'
for header in 'Bearer wrong' 'Basic eA==' 'Bearer sk-nc-sandbox' 'pat-nc-sandbox'; do
	is "header $header" "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: $header" "$runtimes")" 401
done
get "$gpu/orgs/org-other/projects/prj-other/airuntimes"
is 'foreign org' "$code $(pick .code)" '403 forbidden'
get "$gpu/orgs/org-nowhere/projects/prj-demo/airuntimes"
is 'unknown org' "$code $(pick .code)" '404 not_found'
get "$gpu/orgs/org-demo/projects/prj-other/airuntimes"
is 'project of another org' "$code" 404
get "$url/aimodels/api/v1beta1/orgs/org-demo/projects/prj-none/aimodels"
is 'unknown project' "$code" 404
get "$gpu/nothing"
is 'unknown path' "$code $(pick .code)" '404 not_found'
call PATCH "$runtimes"
is 'unknown method' "$code" 404
has 'x-request-id' "$(tr A-Z a-z <"$work/headers")" 'x-request-id: '
has 'content type' "$(cat "$work/headers")" 'Content-Type: application/json'

echo "# tenant"
call POST "$tenant/auth/login" '{"email":"demo@example.com","password":"demo"}'
is 'login' "$code $(pick .access_token | cut -c 1-15)" '200 sandbox-access-'
access=$(pick .access_token)
is 'login: expires' "$(pick .expires_in)" 3600
refresh=$(pick .refresh_token)
refused 'login: wrong password' 401 password POST "$tenant/auth/login" '{"email":"demo@example.com","password":"x"}'
refused 'login: unknown user' 404 user POST "$tenant/auth/login" '{"email":"who@example.com","password":"demo"}'
refused 'login: no password' 400 password: POST "$tenant/auth/login" '{"email":"demo@example.com"}'
call POST "$tenant/auth/refresh" "{\"refresh_token\":\"$refresh\"}"
is 'refresh' "$code $(pick .access_token | cut -c 1-15)" '200 sandbox-access-'
accepts() { curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $1" "$tenant/orgs"; }
is 'login: its token' "$(accepts "$(pick .access_token)")" 200
is 'login: the token before it' "$(accepts "$access")" 401
refused 'refresh: serves once' 401 refresh POST "$tenant/auth/refresh" "{\"refresh_token\":\"$refresh\"}"
refused 'refresh: wrong' 401 refresh POST "$tenant/auth/refresh" '{"refresh_token":"x"}'
get "$tenant/orgs"
is 'orgs' "$code $(pick '[.data[].id] | join(",")') $(pick .pagination)" '200 org-demo null'
get "$tenant/orgs/org-demo/projects"
is 'projects' "$code $(pick '[.data[].id] | join(",")') $(pick .pagination.total_items)" '200 prj-demo,prj-empty 2'
get "$tenant/orgs/org-other/projects"
is 'projects: foreign' "$code" 403

echo "# inventory, platform templates, catalog"
get "$inventory"
is 'inventory' "$code $(pick '.data | length') $(pick .pagination.total_items)" '200 8 8'
is 'inventory: sold out rows' "$(pick '[.data[] | select(.availability == "None") | [.available_gpu_count, .max_gpu_count, .min_gpu_count] | join("/")] | join(",")')" '0/0/1,0/0/1'
is 'inventory: a config in two regions' "$(pick '[.data[] | select(.config_id == "nvidia-h200-141gb" and .instance_type == "airuntime") | .region] | join(",")')" in-south-1,in-west-1
is 'inventory: as vm too' "$(pick '[.data[] | select(.instance_type == "vm")] | length')" 1
for filter in 'region=in-west-1 3' 'gpu_model=H200 3' 'gpu_model=h200 3' 'gpu_vendor=AMD 1' 'type=GPU 8' 'type=CPU 0' 'vram_min=100 5' \
	'vram_max=48 1' 'vram_min=80&vram_max=80 2' 'region=in-south-1&gpu_model=H100 1' 'limit=3&page=3 2' 'region= 8'; do
	get "$inventory?${filter% *}"
	is "inventory: ${filter% *}" "$(pick '.data | length')" "${filter#* }"
done
refused 'inventory: vram_min=x' 400 vram_min GET "$inventory?vram_min=x"
get "$gpu/inventory"
is 'inventory below gpu' "$(pick '.data | length')" 8
get "$inventory/gpuconfig?config_id=nvidia-h200-141gb"
is 'gpuconfig' "$code $(pick .gpu_model) $(pick .per_gpu.cpu_cores)" '200 H200 24'
refused 'gpuconfig: none named' 400 config_id GET "$inventory/gpuconfig"
refused 'gpuconfig: unknown' 404 configuration GET "$inventory/gpuconfig?config_id=x"
get "$inventory/gpu/notify-availability"
is 'notifications: none' "$code $body" '200 []'
call POST "$inventory/gpu/notify-availability" '{"region_id":"in-central-1","config_id":"nvidia-b200-192gb"}'
is 'notification' "$code $(pick .status)" '201 pending'
call POST "$inventory/gpu/notify-availability" '{"region_id":"in-central-1","config_id":"nvidia-b200-192gb"}'
is 'notification: again' "$code" 200
get "$inventory/gpu/notify-availability?status=pending"
is 'notifications: pending' "$(pick 'length') $(pick '.[0].config_id')" '1 nvidia-b200-192gb'
get "$inventory/gpu/notify-availability?status=notified"
is 'notifications: notified' "$body" '[]'
refused 'notification: region' 400 region_id POST "$inventory/gpu/notify-availability" '{"region_id":"x","config_id":"y"}'
refused 'notification: config' 400 config_id POST "$inventory/gpu/notify-availability" '{"region_id":"in-west-1","config_id":"y"}'
get "$gpu/airuntime-templates"
is 'platform templates' "$code $(pick '.data | length') $(pick '[.data[].templateSpec | type] | unique | join(",")')" '200 5 object'
get "$gpu/airuntime-templates/tpl-vllm"
is 'platform template' "$code $(pick .name)" '200 vLLM'
get "$gpu/airuntime-templates/tpl-none"
is 'platform template: unknown' "$code" 404
get "$url/aimodels/api/v1beta1/aimodels-catalog"
is 'catalog' "$code $(pick '.data | length') $(pick .pagination.total_items)" '200 6 6'
is 'catalog: ids are url-safe, model ids have a slash' "$(pick '[.data[] | (.id | test("/")), (.model_id | test("/"))] | unique_by(.) | length')" 2

echo "# instances: listing"
get "$runtimes"
is 'instances' "$code $(pick '[.data[].name] | join(",")')" '200 train-llama,eval-01,notebook-asha,finetune-mistral,whisper-batch,render-comfy'
is 'instances: statuses' "$(pick '[.data[].status] | join(",")')" Running,Running,Running,Failed,Running,Pending
is 'instances: order is that of creation' "$(pick '[.data[].createdAt] | . == sort')" true
is 'instances: page' "$(pick '.pagination | tojson')" '{"total_items":6,"total_pages":1,"current_page":1,"items_per_page":20}'
get "$runtimes?page=2&limit=4"
is 'instances: page 2' "$(pick '[.data[].name] | join(",")') $(pick .pagination.total_pages)" 'whisper-batch,render-comfy 2'
get "$runtimes?page=9"
is 'instances: page behind the end' "$code $(pick '.data | length')" '200 0'
for query in page=0 limit=0 limit=101 page=x limit=-1 page=1.5; do
	refused "instances: $query" 400 "${query%%=*}:" GET "$runtimes?$query"
done
get "$gpu/orgs/org-demo/projects/prj-empty/airuntimes"
is 'instances: empty project' "$(pick '.data | length') $(pick .pagination.total_pages)" '0 0'

echo "# instances: life"
before=$(free)
call POST "$runtimes" "$(runtime job-1 ".gpuCount = 2 | .sshKeys = [\"$key\"] | .customPorts = [{name:\"web\",containerPort:8080}]
	| .udpPortRanges = [{startPort:5000}] | .storage = {type:\"persistent\",mode:\"network\",sizeGB:50,name:\"data\"}")"
is 'create' "$code $(pick .status) $(pick .name)" '201 Pending job-1'
id=$(pick .id)
is 'create: fields' "$(pick '[.customPorts[0].protocol, .udpPortRanges[0].endPort, .storage.subType, .storage.sizeGB, .templateName, .uiAccess, .sshAccess, .reason] | tojson')" \
	'["TCP",5000,"network",50,"PyTorch",null,null,null]'
volume=$(pick .storage.id)
is 'create: GPUs are taken' "$(free)" $((before - 2))
refused 'create: name taken' 409 job-1 POST "$runtimes" "$(runtime job-1)"
get "$runtimes/$id/metrics"
is 'metrics: Pending' "$code $(pick '[.[]] | add')" '200 0'
advance 19
get "$runtimes/$id"
is 'Pending after 19 s' "$(pick .status)" Pending
advance 1
get "$runtimes/$id"
is 'Running after 20 s' "$(pick .status)" Running
has 'Running: ui' "$(pick .uiAccess.proxyUrl)" https://job-1-
has 'Running: ssh' "$(pick .sshAccess.proxyCommand)" 'ssh -i'
has 'detail: a number beyond 2^53' "$body" '"billingRef":9007199254740993'
get "$runtimes/$id/metrics"
first=$body
is 'metrics: three numbers within 0 to 100' "$(pick '[.[] | . >= 0 and . <= 100] | tojson')" '[true,true,true]'
get "$runtimes/$id/metrics"
is 'metrics: the same at the same time' "$body" "$first"
advance 5
get "$runtimes/$id/metrics"
is 'metrics: move' "$([ "$body" != "$first" ] && echo yes)" yes
call POST "$runtimes" "$(runtime job-2 ".storage = {type:\"persistent\",mode:\"network\",existing_volume_id:\"$volume\"}")"
is 'create: volume shared' "$code $(pick .storage.id) $(pick .storage.name)" "201 $volume data"
call DELETE "$runtimes/$id"
is 'delete' "$code $body" '204 '
has 'delete: x-request-id' "$(tr A-Z a-z <"$work/headers")" 'x-request-id: '
get "$runtimes/$id"
is 'Terminating' "$(pick .status)" Terminating
call DELETE "$runtimes/$id"
is 'delete again' "$code" 204
refused 'create: name of a terminating one' 409 job-1 POST "$runtimes" "$(runtime job-1)"
advance 8
get "$runtimes/$id"
is 'gone after 8 s' "$code" 404
call DELETE "$runtimes/$id"
is 'delete what is gone' "$code" 404
get "$runtimes/$id/metrics"
is 'metrics of what is gone' "$code" 404
is 'delete: GPUs are back' "$(free)" $((before - 1))
call POST "$runtimes" "$(runtime job-1)"
is 'create: the name is free again' "$code" 201
call POST "$runtimes" "$(runtime will-fail)"
id=$(pick .id)
advance 20
get "$runtimes/$id"
is 'Failed' "$(pick .status) $(pick .reason) $(pick .uiAccess)" 'Failed ImagePullBackOff null'
call POST "$runtimes" "$(runtime small '.storage = {type:"ephemeral",sizeGb:5}')"
is 'create: ephemeral' "$(pick '.storage | [.type, .sizeGB] | join(" ")')" 'ephemeral 5'
call POST "$runtimes" "$(runtime disk '.storage = {type:"persistent",mode:"local",sizeGB:9,mountPath:"/data"}')"
is 'create: local' "$(pick '.storage | [.type, .subType, .sizeGB] | join(" ")')" 'persistent local 9'
call POST "$runtimes" "$(runtime reserved '.planId = "gpu-l40s-reserved-1m"')"
is 'create: reserved plan' "$code" 201

for ((i = 0; i < 40; i++)); do
	printf 'url = "%s"\noutput = "/dev/null"\n' "$runtimes"
done >"$work/urls"
curl -s -Z --parallel-immediate -H 'Authorization: Bearer pat-nc-sandbox' --data-binary "$(runtime race)" -w '%{http_code}\n' \
	-K "$work/urls" >"$work/codes" 2>/dev/null
is 'create: one of 40 at the same time' "$(sort "$work/codes" | uniq -c | awk '{print $1 "x" $2}' | tr '\n' ' ')" '1x201 39x409 '

echo "# instances: refusals"
while IFS='|' read -r field filter; do
	refused "create: $filter" 400 "$field" POST "$runtimes" "$(runtime x "$filter")"
done <<'END'
name:|del(.name)
name:|.name = ""
name:|.name = "-x"
name:|.name = "x-"
name:|.name = "X"
name:|.name = ("x" * 64)
name:|.name = 5
name:|.name = null
region:|del(.region)
region:|.region = "mars"
templateID:|del(.templateID)
gpuConfigID:|.gpuConfigID = "none"
gpuConfigID:|.gpuConfigID = "amd-mi300x-192gb"
gpuCount:|del(.gpuCount)
gpuCount:|.gpuCount = 0
gpuCount:|.gpuCount = 1.5
gpuCount:|.gpuCount = "1"
gpuCount:|.gpuCount = 9
gpuCount:|.gpuCount = 1e300
gpuCount:|.region = "in-central-1" | .gpuConfigID = "nvidia-b200-192gb" | .planId = "gpu-b200-on-demand-1h"
gpuCount:|.gpuConfigID = "nvidia-h200-141gb" | .planId = "gpu-h200-on-demand-1h" | .gpuCount = 5
planId:|.planId = "gpu-h200-on-demand-1h"
colour:|.colour = 1
sshKeys:|.sshKeys = "x"
sshKeys[0]:|.sshKeys = ["ssh-dss AAAAC3NzaC1lZDI1NTE5AAAAIGx0c2FuZGJveC1kZW1vLWtleS1ub3Qtcm"]
sshKeys[0]:|.sshKeys = ["ssh-rsa AAAA"]
sshKeys[1]:|.sshKeys = (["ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIGx0c2FuZGJveC1kZW1vLWtleS1ub3Qtcm"] | . + .)
sshKeys:|.sshKeys = [range(11) | "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIGx0c2FuZGJveC1kZW1vLWtleS1ub3Qtcm \(.)"]
customPorts[0].name:|.customPorts = [{containerPort: 1}]
customPorts[0].name:|.customPorts = [{name: "sixteen-letters-", containerPort: 1}]
customPorts[0].containerPort:|.customPorts = [{name: "a", containerPort: 65536}]
customPorts[0].protocol:|.customPorts = [{name: "a", containerPort: 1, protocol: "UDP"}]
customPorts[1].name:|.customPorts = [{name: "a", containerPort: 1}, {name: "a", containerPort: 2}]
customPorts[0].x:|.customPorts = [{name: "a", containerPort: 1, x: 1}]
customPorts[0]:|.customPorts = [1]
customPorts:|.customPorts = [range(11) | {name: "p\(.)", containerPort: (1 + .)}]
udpPortRanges[0].startPort:|.udpPortRanges = [{}]
udpPortRanges[0].startPort:|.udpPortRanges = [{startPort: 1023}]
udpPortRanges[0].endPort:|.udpPortRanges = [{startPort: 2000, endPort: 1999}]
udpPortRanges[0].endPort:|.udpPortRanges = [{startPort: 2000, endPort: 2020}]
udpPortRanges:|.udpPortRanges = [range(4) | {startPort: (2000 + 100 * .), endPort: (2019 + 100 * .)}]
udpPortRanges:|.udpPortRanges = [range(6) | {startPort: (2000 + .)}]
storage:|.storage = 1
storage.type:|.storage = {}
storage.type:|.storage = {type: "tape"}
storage.sizeGb:|.storage = {type: "ephemeral", sizeGb: 21}
storage.sizeGB:|.storage = {type: "ephemeral", sizeGB: 5}
storage.mode:|.storage = {type: "persistent"}
storage.sizeGB:|.storage = {type: "persistent", mode: "local"}
storage.name:|.storage = {type: "persistent", mode: "local", sizeGB: 1, name: "x"}
storage.sizeGB:|.storage = {type: "persistent", mode: "network"}
storage.existing_volume_id:|.storage = {type: "persistent", mode: "network", existing_volume_id: "x"}
storage.existing_volume_id:|.storage = {type: "persistent", mode: "network", existing_volume_id: "00000000-0000-4000-8000-000000000000"}
storage.existing_volume_id:|.storage = {type: "persistent", mode: "network", sizeGB: 1, existing_volume_id: "00000000-0000-4000-8000-000000000000"}
END
refused 'create: unknown template' 404 templateID: POST "$runtimes" "$(runtime x '.templateID = "tpl-none"')"
for text in '' '{' '[]' '1' '{"name":"x"} trailing' $'{"name":"\xff"}'; do
	refused "create: body '$(head -c 20 <<<"$text" | tr -d '\377')'" 400 body: POST "$runtimes" "$text"
done
head -c 1100000 /dev/zero | tr '\0' ' ' >"$work/large"
is 'create: body over 1 MiB' "$(curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer pat-nc-sandbox' --data-binary "@$work/large" "$runtimes")" 413

echo "# custom templates"
get "$templates"
is 'templates' "$code $(pick '[.data[].id] | join(",")') $(pick .pagination)" '200 tpl-team-vllm,tpl-lab-sdxl null'
call POST "$templates" "$(template 'My image 2' '.oci_registry_username = "me" | .oci_registry_token = "secret"')"
is 'template' "$code $(pick .status) $(pick .oci_registry_username) $(pick .apps)" '201 Inactive me []'
is 'template: the token is not told' "$(grep -c secret <<<"$body")" 0
tid=$(pick .id)
is 'template: id' "$([[ $tid =~ ^tpl-[a-zA-Z0-9-]+$ ]] && echo yes)" yes
refused 'template: name taken' 409 'My image 2' POST "$templates" "$(template 'My image 2')"
refused 'create from an Inactive template' 400 templateID: POST "$runtimes" "$(runtime x ".templateID = \"$tid\"")"
advance 10
get "$templates/$tid"
is 'template: Active' "$code $(pick .status)" '200 Active'
call POST "$runtimes" "$(runtime from-mine ".templateID = \"$tid\"")"
is 'create from a custom template' "$code $(pick .templateName)" '201 My image 2'
call DELETE "$templates/$tid"
is 'template: delete' "$code $(pick '.message | type')" '200 string'
get "$templates/$tid"
is 'template: gone' "$code" 404
call DELETE "$templates/$tid"
is 'template: delete what is gone' "$code" 404
call POST "$templates" "$(template bad-fail)"
tid=$(pick .id)
advance 100
get "$templates/$tid"
is 'template: validation fails' "$(pick .status)" Inactive
while IFS='|' read -r field filter; do
	refused "template: $filter" 400 "$field" POST "$templates" "$(template xyz "$filter")"
done <<'END'
name:|.name = "ab"
name:|.name = ("x" * 101)
name:|.name = "a/b/c"
description:|del(.description)
image:|.image = "ghcr.io/org/image"
image:|.image = "ghcr.io:80/org/image"
category:|del(.category)
apps:|.apps = []
END

echo "# models"
get "$models"
is 'models' "$code $(pick '[.items[] | .name + "=" + .status] | join(",")') $(pick .pagination.total_items)" '200 chat-llama=ready,code-qwen=ready,draft-mistral=failed 3'
before=$(free)
call POST "$models" "$(model serve-1 '.config = {max_model_len: 4096, extra_args: ["--x"], other: 1}')"
is 'deploy' "$code $(pick '[.status, .endpoint_url, .replicas, .uptime_seconds, .model_id] | tojson')" \
	'201 ["initializing",null,1,0,"meta-llama/Llama-3.1-8B-Instruct"]'
mid=$(pick .id)
refused 'deploy: name taken' 400 name: POST "$models" "$(model serve-1)"
advance 29
get "$models/$mid"
is 'initializing after 29 s' "$(pick .status)" initializing
advance 4
get "$models/$mid"
is 'ready after 30 s, up since' "$(pick '[.status, .uptime_seconds, (.endpoint_url | type)] | join(" ")')" 'ready 3 string'
call PUT "$models/$mid/scale" '{"replicas":3}'
is 'scale' "$code $(pick '[.status, .replicas, .endpoint_url, .uptime_seconds] | tojson')" '200 ["initializing",1,null,0]'
is 'scale: GPUs are taken' "$(free)" $((before - 3))
advance 10
get "$models/$mid"
is 'scaled after 10 s' "$(pick '[.status, .replicas] | join(" ")')" 'ready 3'
call PUT "$models/$mid/scale" '{"replicas":3}'
is 'scale to the same' "$code $(pick .status)" '200 ready'
for text in '{}' '{"replicas":0}' '{"replicas":1.5}' '{"replicas":"2"}' '{"replicas":2,"x":1}' '{"replicas":900}'; do
	refused "scale: $text" 400 : PUT "$models/$mid/scale" "$text"
done
call PUT "$models/dep-none/scale" '{"replicas":2}'
is 'scale: unknown' "$code" 404
call DELETE "$models/$mid"
is 'delete a model' "$code" 204
get "$models/$mid"
is 'terminating' "$(pick '[.status, .endpoint_url] | tojson')" '["terminating",null]'
call DELETE "$models/$mid"
is 'delete a model again' "$code" 204
refused 'scale: terminating' 400 terminating PUT "$models/$mid/scale" '{"replicas":1}'
advance 8
get "$models/$mid"
is 'model gone' "$code" 404
is 'model: GPUs are back' "$(free)" "$before"
call POST "$models" "$(model will-fail)"
mid=$(pick .id)
advance 30
get "$models/$mid"
is 'model failed' "$(pick .status)" failed
refused 'scale: failed' 400 failed PUT "$models/$mid/scale" '{"replicas":2}'
while IFS='|' read -r field filter; do
	refused "deploy: $filter" 400 "$field" POST "$models" "$(model abc "$filter")"
done <<'END'
name:|.name = "ab"
name:|.name = ("x" * 31)
name:|.name = "Abc"
catalog_id:|.catalog_id = "none"
catalog_id:|.catalog_id = "meta-llama/Llama-3.1-8B-Instruct"
region:|.region = "mars"
gpu_config_id:|.gpu_config_id = "none"
gpu_count:|del(.gpu_count)
gpu_count:|.gpu_count = 0
gpu_count:|.gpu_count = 9
plan_id:|.plan_id = "gpu-l40s-reserved-1m"
plan_id:|.plan_id = "gpu-h100-on-demand-1h"
replicas:|.replicas = 2
config:|.config = 1
config.max_model_len:|.config = {max_model_len: 1}
config.max_model_len:|.config = {max_model_len: 1000000}
config.max_num_seqs:|.config = {max_num_seqs: "x"}
config.extra_args:|.config = {extra_args: "x"}
config.extra_args[1]:|.config = {extra_args: ["a", 1]}
END

echo "# counts"
control POST reset
get "$runtimes"
get "$runtimes"
get "$models"
get "$gpu/nothing"
get "$tenant/orgs"
curl -s -o /dev/null "$runtimes"
is 'counts' "$(curl -s "$url/_sandbox/requests" | jq -cS .)" '{"operations":{"listAIRuntimes":3,"listDeployedAIModels":1,"listOrgs":1,"unknown":1},"total":6}'
control POST reset
is 'counts: reset' "$(curl -s "$url/_sandbox/requests")" '{"total":0,"operations":{}}'
control GET nothing
is 'control: unknown' "$code" 404
refused 'advance: no seconds' 400 seconds: POST "$url/_sandbox/advance" '{}'
refused 'advance: back' 400 seconds: POST "$url/_sandbox/advance" '{"seconds":-1}'
control GET clock
then=$(pick .now)
advance 3600
is 'clock' "$(($(date -d "$(pick .now)" +%s) - $(date -d "$then" +%s)))" 3600

echo "# faults"
fault '{"operation":"listOrgs","nth":2,"times":2,"status":503,"headers":{"Retry-After":"2"}}'
is 'fault: id' "$(pick '.id | type')" number
codes=
for i in 1 2 3 4; do
	get "$tenant/orgs"
	codes+="$code "
	[ "$i" = 2 ] && has 'fault: header' "$(cat "$work/headers")" 'Retry-After: 2'
	[ "$i" = 2 ] && is 'fault: body' "$(pick .code)" fault
done
is 'fault: nth and times' "$codes" '200 503 503 200 '
control GET faults
is 'faults: matched and struck' "$(pick '.[0] | [.matched, .struck] | tojson')" '[4,2]'
get "$tenant/orgs/org-demo/projects"
is 'fault: other operations go on' "$code" 200
control DELETE faults
control GET faults
is 'faults: removed' "$body" '[]'

fault '{"operation":"createAIRuntime","status":504,"headers":{"Content-Type":"text/html"},"body":"<html>bad</html>"}'
call POST "$runtimes" "$(runtime fault-1)"
is 'fault: replaced body' "$code $body" '504 <html>bad</html>'
has 'fault: content type' "$(cat "$work/headers")" 'Content-Type: text/html'
call POST "$runtimes" "$(runtime fault-1)"
is 'fault: was not carried out' "$code" 201
fault '{"operation":"createAIRuntime","status":500,"commit":true}'
call POST "$runtimes" "$(runtime fault-2)"
is 'fault: commit' "$code" 500
call POST "$runtimes" "$(runtime fault-2)"
is 'fault: commit was carried out' "$code" 409
control DELETE faults
fault '{"operation":"createAIRuntime","drop":"before"}'
call POST "$runtimes" "$(runtime fault-3)"
is 'fault: drop before' "$curl_status" 52
call POST "$runtimes" "$(runtime fault-3)"
is 'fault: drop before was not carried out' "$code" 201
control DELETE faults
fault '{"operation":"createAIRuntime","drop":"after"}'
call POST "$runtimes" "$(runtime fault-4)"
is 'fault: drop after' "$curl_status" 52
call POST "$runtimes" "$(runtime fault-4)"
is 'fault: drop after was carried out' "$code" 409
control POST reset
for cut in 0 10; do
	fault "{\"operation\":\"listOrgs\",\"cut\":$cut}"
	get "$tenant/orgs"
	is "fault: cut at $cut" "$curl_status ${#body}" "18 $cut"
	control DELETE faults
done
fault '{"operation":"listOrgs","cut":100000}'
get "$tenant/orgs"
is 'fault: cut behind the end' "$curl_status $code" '0 200'
control DELETE faults
fault '{"times":0,"status":429}'
get "$tenant/orgs"
one=$code
get "$runtimes"
is 'fault: any operation, for ever' "$one $code" '429 429'
control POST reset
get "$runtimes"
is 'reset removes faults' "$code" 200
fault '{"operation":"listOrgs","delay_ms":300}'
fault '{"operation":"listOrgs","headers":{"X-One":"1"},"delay_ms":200}'
taken=$(curl -s -o /dev/null -D "$work/headers" -w '%{time_total}' -H 'Authorization: Bearer pat-nc-sandbox' "$tenant/orgs")
is 'faults: delays add up' "$(jq -n "$taken >= 0.5 and $taken < 5")" true
has 'faults: headers join the true answer' "$(cat "$work/headers")" 'X-One: 1'
control DELETE faults
fault '{"operation":"listOrgs","status":204}'
get "$tenant/orgs"
is 'fault: 204' "$curl_status $code $body" '0 204 '
control DELETE faults
for text in '{"operation":"nonsense"}' '{"nth":0}' '{"status":99}' '{"drop":"sideways"}' '{"cut":-1}' '{"delay_ms":-1}' '{"headers":{"a b":"c"}}' '{"what":1}'; do
	control POST faults "$text"
	is "fault refused: $text" "$code" 400
done

echo "# ledger"
ledger() { curl -s "$url/_sandbox/ledger?after=${1:-0}" | jq -c "${2:-.}"; }
control POST reset
get "$runtimes"
is 'ledger: a GET is none' "$(ledger)" '[]'
call POST "$runtimes" "$(runtime entry-1)"
id=$(pick .id)
call POST "$runtimes" "$(runtime entry-1)"
fault '{"operation":"createAIRuntime","status":503,"commit":true}'
call POST "$runtimes" "$(runtime entry-2)"
fault '{"operation":"createAIRuntime","drop":"before"}'
call POST "$runtimes" "$(runtime entry-3)"
fault '{"operation":"deleteAIRuntime","drop":"after"}'
call DELETE "$runtimes/$id"
is 'ledger: creates and a delete' "$(ledger 0 '[.[] | [.operation, .name, .status, .carried]]')" \
	'[["createAIRuntime","entry-1",201,true],["createAIRuntime","entry-1",409,false],["createAIRuntime","entry-2",503,true],["createAIRuntime","entry-3",0,false],["deleteAIRuntime",null,0,true]]'
is 'ledger: the id of what was created, and of what was deleted' "$(ledger 0 '[.[0].id, .[4].id] | unique')" "[\"$id\"]"
get "$models"
id=$(pick '.items[0].id')
call PUT "$models/$id/scale" '{"replicas":2}'
last=$(ledger 0 '.[-2].serial')
is 'ledger: a scale, after the one before' "$(ledger "$last" '[.[] | [.operation, .id, .replicas, .carried]]')" "[[\"scaleDeployedAIModel\",\"$id\",2,true]]"
is 'ledger: serials and times go on' "$(ledger 0 '[([.[].serial] | . == (. | sort | unique)), ([.[] | .ended_ms >= .arrived_ms] | all)]')" '[true,true]'
refused 'ledger: a wrong serial' 400 after GET "$url/_sandbox/ledger?after=x"
control POST reset
is 'ledger: empty after a reset' "$(ledger)" '[]'
call PUT "$models/$id/scale" '{"replicas":1}'
is 'ledger: serials go on over a reset' "$(ledger 0 '.[0].serial')" $((last + 2))

echo "# another token"
control POST tokens '{"token":"pat-nc-second"}'
is 'token: taken' "$code" 200
get "$models"
is 'token: the old one is refused' "$code" 401
is 'token: the new one is accepted' "$(curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer pat-nc-second' "$models")" 200
control POST tokens '{"token":""}'
is 'token: an empty one is refused' "$code" 400
control POST tokens '{"token":"pat-nc-sandbox"}'
get "$models"
is 'token: and back' "$code" 200

echo "# connections"
is 'keep-alive' "$(curl -s -o /dev/null -o /dev/null -o /dev/null -w '%{num_connects} ' -H 'Authorization: Bearer pat-nc-sandbox' "$tenant/orgs" "$runtimes" "$models")" '1 0 0 '
stop INT
is 'SIGINT' "$stopped" 0

echo "# latency"
start --latency 1000
for ((i = 0; i < 300; i++)); do
	printf 'url = "%s?page=%d"\noutput = "/dev/null"\n' "$runtimes" "$i"
done >"$work/urls"
begin=$(date +%s%N)
curl -s -Z --parallel-immediate --parallel-max 300 -H 'Authorization: Bearer pat-nc-sandbox' -w '%{http_code}\n' -K "$work/urls" >"$work/codes" 2>/dev/null
took=$((($(date +%s%N) - begin) / 1000000))
echo "# 300 requests, each delayed by 1000 ms: $took ms"
is '300 delayed requests: answered' "$(grep -c . "$work/codes")" 300
is '300 delayed requests: side by side' "$([ $took -ge 1000 ] && [ $took -lt 100000 ] && echo yes)" yes
stop
is 'SIGTERM' "$stopped" 0
start --latency 60000
is 'control is not delayed' "$(curl -s -m 30 -o /dev/null -w '%{http_code}' "$url/_sandbox/clock")" 200
curl -s -o /dev/null -H 'Authorization: Bearer pat-nc-sandbox' "$tenant/orgs" &
waiter=$!
for ((i = 0; i < 600; i++)); do
	[ "$(count listOrgs)" = 1 ] && break
	sleep 0.1
done
begin=$(date +%s)
stop
is 'SIGTERM while a request waits' "$stopped $([ $(($(date +%s) - begin)) -lt 20 ] && echo soon)" '0 soon'
wait "$waiter"
is 'the waiting request was closed' $? 52

echo "# seeds, speed, token"
start --instances 30 --models 10 --seed 7
get "$runtimes?limit=100"
one=$(pick '[.data[] | [.id, .name, .gpuConfigID, .gpuCount]] | tojson')
is 'seeded names are unique' "$(pick '[.data[].name] | unique | length')" 30
has 'seeded names' "$one" '"gpu-00018"'
stop
start --instances 30 --models 10 --seed 7
get "$runtimes?limit=100"
is 'the same seed, the same cloud' "$(pick '[.data[] | [.id, .name, .gpuConfigID, .gpuCount]] | tojson')" "$one"
stop
start --seed 8 --instances 30 --speed 1000 --token other --models 0
is 'token' "$(curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer other' "$models")" 200
get "$models"
is 'token: the default is refused' "$code" 401
id=$(curl -s -H 'Authorization: Bearer other' -d "$(runtime quick)" "$runtimes" | jq -r .id)
for ((i = 0; i < 600; i++)); do
	status=$(curl -s -H 'Authorization: Bearer other' "$runtimes/$id" | jq -r .status)
	[ "$status" = Running ] && break
	sleep 0.05
done
is 'speed' "$status" Running
stop
start --ssh 'ssh -p 1 someone@"else"'
get "$runtimes?limit=1"
get "$runtimes/$(pick '.data[0].id')"
is 'ssh' "$(pick .sshAccess.directCommand)" 'ssh -p 1 someone@"else"'
has 'ssh: the other way stays' "$(pick .sshAccess.proxyCommand)" 'ssh -i'
stop

echo "# size"
begin=$(date +%s%N)
start --instances 100000 --models 100000
echo "# 100000 instances and models: start in $((($(date +%s%N) - begin) / 1000000)) ms, $(awk '/VmRSS/ {print int($2 / 1024)}' "/proc/$pid/status") MiB"
for page in 1 500 1000; do
	echo "# page $page of 1000: $(curl -s -o "$work/page" -w '%{time_total}' -H 'Authorization: Bearer pat-nc-sandbox' "$runtimes?limit=100&page=$page") s"
	is "page $page of 1000" "$(jq -r '[(.data | length), .pagination.total_items] | join(" ")' "$work/page")" '100 100000'
done
id=$(jq -r '.data[-1].id' "$work/page")
get "$runtimes/$id"
is 'the last of 100000' "$code $(pick .name)" '200 gpu-99988'
stop

echo "# $checks checks, $failures failures"
[ "$failures" = 0 ]
