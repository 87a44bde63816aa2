#!/bin/bash
# What is on offer: examples and schemas of specs, plans, the server's own filters, notifications of availability.
. "$(dirname "$0")/lib.sh" || exit 1

with_key=$(sed -n 's/^`\(jq --arg key [^`]*\)`.*/\1/p' "$(dirname "$0")/../../README.md")
cloud_up --speed 0
advance 100
mount_up -o ttl=3000
cd "$work" || exit 1
central=$m/inventory/in-central-1/nvidia-b200-192gb west=$m/inventory/in-west-1/nvidia-l40s-48gb

cat >valid.py <<'END'
import sys
try:
    import json
    from jsonschema import Draft202012Validator
except ImportError:
    sys.exit(77)
def load(path):
    with open(path) as file:
        return json.load(file)
schema = load(sys.argv[1])
Draft202012Validator.check_schema(schema)
faults = [path + ": " + error.message for path in sys.argv[2:] for error in Draft202012Validator(schema).iter_errors(load(path))]
print(*(faults or ["valid"]), sep="\n")
END
valid() { # NAME SCHEMA SPEC…: by JSON Schema
	local name=$1 said
	shift
	said=$(python3 valid.py "$@")
	case $? in
	77) skip "$name" 'no python3-jsonschema' ;;
	*) is "$name" "$said" valid ;;
	esac
}

echo '# schemas and examples'
reset
for at in "$runtimes" "$models" "$templates"; do
	is "${at##*/}: both files" "$(stat -c '%a %F' "$at/spec.schema.json" "$at/spec.example.json" | uniq)" '444 regular file'
	ok "${at##*/}: sizes" size_true "$at/spec.schema.json"
done
cat "$runtimes/spec.schema.json" >/dev/null
is 'to look at them asks nothing' "$(counted)" none
for at in "$runtimes" "$models" "$templates"; do
	ok "${at##*/}: size of the example" size_true "$at/spec.example.json"
	valid "${at##*/}: the example is valid" "$at/spec.schema.json" "$at/spec.example.json"
	valid "${at##*/}: what is there is valid" "$at/spec.schema.json" "$at"/*/spec.json
done
valid 'catalog: each example is valid' "$models/spec.schema.json" "$m"/catalog/*/spec.example.json
is 'for all of that each list was asked once' "$(counted | tr ' ' '\n' | grep -v ^get | paste -sd ' ')" \
	'listAIRuntimes=1 listCatalog=1 listDeployedAIModels=1 listInventory=1 listOrgAIRuntimeTemplates=1 listTemplates=1'
is 'the example is of the cheapest GPUs that are free' "$(jq -r '"\(.region) \(.gpuConfigID) \(.planId)"' "$runtimes/spec.example.json")" \
	"$(api "$url/inventory/api/v1beta1/inventory?limit=100" | jq -r '[.data[] | select(.available_gpu_count > 0 and .instance_type != "vm")] | min_by(.price_per_gpu_per_hour) | "\(.region) \(.config_id) gpu-\(.gpu_model | ascii_downcase)-on-demand-1h"')"
is "a model's example is of that model" "$(jq -r '"\(.catalog_id) \(.gpu_config_id) \(.gpu_count)"' "$m/catalog/meta-llama-Llama-3.3-70B-Instruct/spec.example.json")" \
	'meta-llama-Llama-3.3-70B-Instruct nvidia-h100-80gb 4'
reset
for at in "$runtimes" "$models" "$templates"; do
	ok "${at##*/}: mkdir" mkdir "$at/from-example"
	ok "${at##*/}: the example creates" cp "$at/spec.example.json" "$at/from-example/spec.json"
	is "${at##*/}: it is there" "$(cat "$at/from-example/name")" from-example
done
ok 'catalog: mkdir' mkdir "$models/from-catalog"
ok 'catalog: an example creates' cp "$m/catalog/BAAI-bge-m3/spec.example.json" "$models/from-catalog/spec.json"
is 'four creates' "$(changes)" 'createAIRuntime=1 createOrgAIRuntimeTemplate=1 deployAIModel=2'
ok 'applied twice it sends nothing' cp "$runtimes/spec.example.json" "$runtimes/from-example/spec.json"
is 'still four' "$(changes)" 'createAIRuntime=1 createOrgAIRuntimeTemplate=1 deployAIModel=2'
refresh
fault '{"operation":"listInventory","status":403,"times":0}'
has 'without an inventory there is an example all the same' "$(cat "$runtimes/spec.example.json")" 'The inventory cannot be read (EACCES)' '"region": "REGION"'
faults_end

echo '# plans'
mkdir "$runtimes/planned"
plan=$runtimes/planned/spec.json.plan
is 'not there before it is written' "$(ls -A "$runtimes/planned")" .error
reset
ok 'a plan' cp "$runtimes/spec.example.json" "$plan"
has 'what it says' "$(cat "$plan")" 'Verdict:  it would be sent' "Sends:    POST $runtimes_api" '"name":"planned"' 'Name:     free' 'Template: one of the platform' 'Price:    0.79 USD an hour' \
	'free, 1 asked for' 'Brakes:   none' 'Nothing was sent.' 'mv spec.json.plan spec.json creates it'
hasnt 'the body has no remarks' "$(cat "$plan")" '$schema' '$comment'
ok 'its size' size_true "$plan"
ok 'text that is no JSON' write bad "$plan"
has 'is told' "$(cat "$plan")" 'it would be refused: EINVAL' 'line 1, column 1' '^' 'Nothing would be sent.'
is 'no refusal is kept of it' "$(cat "$runtimes/planned/.error")" ''
ok 'a key that does not exist' write '{"regio":1}' "$plan"
has 'is told too' "$(cat "$plan")" 'did you mean "region"?'
ok 'of what does not exist' write '{"region":"in-mars","templateID":"tpl-nope","gpuConfigID":"nvidia-foo","gpuCount":1,"planId":"foo"}' "$plan"
has 'that is told before it is tried' "$(cat "$plan")" 'Verdict:  the API would refuse it, as it seems: ' \
	'Template: none: neither the platform nor the organisation has a template tpl-nope' \
	'GPUs:     none: the inventory has no nvidia-foo in in-mars, which is no region that it lists' 'the plan is not checked'
jq '.gpuConfigID = "nvidia-l40-48gb" | .templateID = "tpl-pytorc"' "$runtimes/spec.example.json" >"$plan"
has 'the nearest is named' "$(cat "$plan")" 'template tpl-pytorc; did you mean tpl-pytorch?' 'no nvidia-l40-48gb in in-west-1; did you mean nvidia-l40s-48gb?'
jq '.gpuConfigID = "nvidia-h100-80gb"' "$runtimes/spec.example.json" >"$plan"
has 'a plan of another GPU is doubted' "$(cat "$plan")" 'Plan:     doubtful: it is that of ' ', which has nvidia-l40s-48gb; finetune-mistral, which has this GPU, uses gpu-h100-on-demand-1h'
has 'without a key there is no ssh' "$(cat "$plan")" 'ssh:      none: the spec has no sshKeys'
mkdir -p "$work/home/.ssh"
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0ZyW5kb20gdGV4dCBmb3IgYSB0ZXN0IG9ubHkhISE me@here' >"$work/home/.ssh/id_ed25519.pub"
ok 'with one, as README.md says' eval "(cd '$p' && mkdir airuntimes/new && HOME=$work/home && $with_key)"
has 'it has a key' "$(cat "$runtimes/new/spec.json.plan")" 'Verdict:  it would be sent' 'me@here'
hasnt 'and ssh' "$(cat "$runtimes/new/spec.json.plan")" 'ssh:      none'
rm -r "$runtimes/new"
ok 'again by another copy' cp "$runtimes/spec.example.json" "$plan"
ok 'by a tool that renames' rsync -a "$runtimes/spec.example.json" "$plan"
has 'what that says' "$(cat "$plan")" 'Verdict:  it would be sent'
head -c 40 "$runtimes/spec.example.json" >"$plan"
ok 'in parts, the second appended' eval 'tail -c +41 "$runtimes/spec.example.json" >>"$plan"'
has 'what they say together' "$(cat "$plan")" 'Verdict:  it would be sent'
is 'there is no spec' "$(ls -A "$runtimes/planned" | paste -sd ' ')" '.error spec.json.plan'
is 'nothing was sent' "$(changes)" none
ok 'rm -r takes it along' rm -r "$runtimes/planned"
mkdir "$runtimes/planned" && cp "$runtimes/spec.example.json" "$plan"
ok 'beside a resource it is a scratch file' write bad "$runtimes/eval-01/spec.json.plan"
is 'with its own text' "$(cat "$runtimes/eval-01/spec.json.plan")" bad
rm "$runtimes/eval-01/spec.json.plan"
is 'nothing of that was sent' "$(changes)" none
ok 'renamed onto spec.json' mv "$plan" "$runtimes/planned/spec.json"
is 'it creates what was planned' "$(changes) $(cat "$runtimes/planned/name")" 'createAIRuntime=1 planned'

echo '# the filters of the server'
query=$m/inventory/.query
filtered() { # QUERY: what the API itself answers
	api "$url/inventory/api/v1beta1/inventory?limit=100&$1" | jq -r '[.data[] | "\(.region)/\(.config_id)"] | sort | unique | join(" ")'
}
is 'it lists nothing' "$(ls -A "$query")" ''
shown() { # NAME
	(cd "$query/$1" && printf '%s\n' */* | sed 's/~.*//' | sort -u | paste -sd ' ')
}
refresh
expected=$(filtered 'region=in-south-1&vram_min=100')
reset
is 'region and vram_min' "$(shown region=in-south-1,vram_min=100)" "$expected"
is 'in another order' "$(shown vram_min=100,region=in-south-1)" "$expected"
is 'it is one request, beside the inventory' "$(counted)" listInventory=2
is 'through a link' "$(cat "$query"/gpu_model=L40S/in-west-1/*/gpu_model)" L40S
is 'each link leads to its own' "$(cd "$query/region=in-south-1/in-south-1" && for at in *; do [ "$at" -ef "$m/inventory/in-south-1/$at" ] || echo "$at"; done)" ''
is 'nothing fits' "$(ls -A "$query/gpu_model=none")" ''
for name in price=1 region vram_min=much region=a,region=b 'page=2'; do
	fails "$name" ENOENT ls "$query/$name"
done
fault '{"operation":"listInventory","status":422,"times":0}'
fails 'what the server refuses' EINVAL ls "$query/region=x%2Cy"
faults_end

echo '# notifications'
reset
is 'nothing is registered' "$(cat "$central/notify")" ''
is 'nor anywhere' "$(cat "$m/inventory/notifications.json")" '[]'
is 'one request for both' "$(counted)" listNotifications=1
ok 'echo 1' write 1 "$central/notify"
is 'one POST' "$(changes)" createNotification=1
has 'it is shown' "$(cat "$central/notify")" 'pending 20'
is 'a line' "$(wc -l <"$central/notify")" 1
is 'not for another' "$(cat "$west/notify")" ''
is 'all of them' "$(jq -c 'map([.region_id, .config_id, .status])' "$m/inventory/notifications.json")" '[["in-central-1","nvidia-b200-192gb","pending"]]'
ok 'again' write 1 "$central/notify"
ok 'again, by a tool' eval 'printf 1 | tee "$central/notify" >/dev/null'
is 'still one POST' "$(changes)" createNotification=1
fails 'withdrawing it' EPERM write 0 "$central/notify"
has 'the reason' "$(cat "$central/.error")" 'cannot withdraw' 'Verdict: nothing was changed.'
fails 'another word' EINVAL write yes "$central/notify"
is 'sizes and modes' "$(stat -c '%a %s' "$central/notify" "$west/notify" | paste -sd ' ')" "600 $(cat "$central/notify" | wc -c) 600 0"
other=$m/inventory/in-central-1/amd-mi300x-192gb
reset
fault '{"operation":"createNotification","drop":"after"}'
ok 'an answer that is lost is looked up' write 1 "$other/notify"
is 'one POST for it' "$(changes)" createNotification=1
reset
fault '{"operation":"createNotification","drop":"before"}'
fails 'one that never arrived' EREMOTEIO write 1 "$west/notify"
has 'the reason of that' "$(cat "$west/.error")" 'Verdict: unknown'
is 'is not sent again' "$(changes)" createNotification=1
refresh
fault '{"operation":"listNotifications","status":404,"times":0}'
fails 'where it is not offered' ENOENT cat "$m/inventory/notifications.json"
has 'the words' "$(cat "$m/inventory/.error")" 'offers no notification'
fails 'writing, where it is not offered' ENOENT write 1 "$west/notify"
is 'reading: nothing' "$(cat "$west/notify")" ''
ok 'looking is no failure' ls -l "$m/inventory" "$west"
faults_end
mount_down

for option in allow=none ro; do
	mount_up -o $option
	reset
	fails "$option: echo 1" EROFS write 1 "$m/inventory/in-west-1/nvidia-l40s-48gb/notify"
	is "$option: nothing was sent" "$(changes)" none
	mount_down
done
finish
