#!/bin/bash
# Spending brakes: what would go beyond max_replicas, max_instances or max_hourly is EDQUOT, and nothing is sent.
. "$(dirname "$0")/lib.sh" || exit 1

cloud_up --speed 0
advance 100
cd "$work" || exit 1

brake_spec() { # GPUS
	jq -c ".gpuCount = $1" <<<"$spec_runtime"
}
create() { # NAME GPUS
	mkdir "$runtimes/$1" && write "$(brake_spec "$2")" "$runtimes/$1/spec.json"
}
there() { # how many GPU instances the API itself lists
	api "$runtimes_api?limit=100" | jq '.data | length'
}
cents() { # AMOUNT in USD
	jq -n "$1 * 100 | round"
}
usd() { # CENTS
	printf '%d.%02d' $(($1 / 100)) $(($1 % 100))
}
# What all of prj-demo costs an hour, in cents, by the API itself.
running() {
	{
		api "$url/inventory/api/v1beta1/inventory?limit=100"
		api "$runtimes_api?limit=100"
		api "$models_api?limit=100"
	} | jq -s '(.[0].data | map({key: "\(.config_id) \(.region)", value: .price_per_gpu_per_hour}) | from_entries) as $price
		| (.[1].data | map(.gpuCount * $price["\(.gpuConfigID) \(.region)"]) | add // 0)
		+ (.[2].items | map(.gpu_count * .replicas * $price["\(.gpu_config_id) \(.region)"]) | add // 0)
		| . * 100 | round'
}

echo '# values'
mkdir point
for bad in max_replicas=0 max_replicas=x max_replicas=1.5 max_instances=-1 max_instances=1e9 max_hourly=-1 max_hourly=ten max_hourly=1e3 max_hourly=; do
	said=$(NEEV_API_TOKEN=$token "$NEEVFS" -o "api_base=$url,$scope,$bad" "$work/point" 2>&1 </dev/null)
	is "$bad: usage" $? 2
	has "$bad: why" "$said" "neevfs: $bad: must be a"
done
mount_up
hasnt 'none by default' "$(cat "$m/.neevfs/options")" max_
reset
ok 'without a brake' create free 1
is 'it costs what it did' "$(counted)" 'createAIRuntime=1 listAIRuntimes=2'
mount_down
mount_up -o max_replicas=4,max_instances=0,max_hourly=012.5
has 'the options in force' "$(cat "$m/.neevfs/options")" $'\nmax_replicas=4\n' $'\nmax_instances=0\n' $'\nmax_hourly=12.50\n'
mount_down

echo '# max_instances'
advance 60 # what does not move is not listed anew after 2 s
mount_up -o max_instances=$(($(there) + 1))
reset
ok 'up to it' create last 1
is 'one listing and one POST more than none' "$(counted)" 'createAIRuntime=1 listAIRuntimes=2'
reset
fails 'one more' EDQUOT create more 1
is 'it is not sent' "$(changes)" none
has 'why' "$(cat "$runtimes/more/.error")" 'create orgs/org-demo/projects/prj-demo/airuntimes/more/spec.json: EDQUOT' \
	'max_instances=8: there are 8 already' 'Verdict: nothing was changed.'
is 'the draft keeps its text' "$(cat "$runtimes/more/spec.json")" "$(brake_spec 1)"
rmdir "$runtimes/last"
fails 'one that is being deleted is billed still' EDQUOT write "$(brake_spec 1)" "$runtimes/more/spec.json"
is 'and only that was sent' "$(changes)" deleteAIRuntime=1
advance 10
ok 'when it is gone there is room' write "$(brake_spec 1)" "$runtimes/more/spec.json"
is 'it is created' "$(cat "$runtimes/more/status") $(requests createAIRuntime)" 'Pending 1'
# Somebody else's are counted, and not hindered.
rmdir "$runtimes/more"
advance 10
mkdir "$runtimes/mine"
is 'somebody else creates' "$(api "$runtimes_api" -d "$(jq -c '.name = "theirs"' <<<"$spec_runtime")" -H 'Content-Type: application/json' | jq -r .name)" theirs
reset
fails 'what the cache does not know yet counts' EDQUOT write "$(brake_spec 1)" "$runtimes/mine/spec.json"
is 'not sent' "$(changes)" none
ok 'a deployment is no instance' eval 'mkdir "$models/brake-model" && write "$spec_model" "$models/brake-model/spec.json"'
ok 'nor is a template' eval 'mkdir "$templates/brake" && write "$spec_template" "$templates/brake/spec.json"'
mount_down

echo '# ten at once'
at_once() { # NAME: creates ten side by side; prints how many passed, and how many were refused by the brake
	local i passed=0 quota=0
	for i in {0..9}; do
		mkdir "$runtimes/$1-$i"
	done
	for i in {0..9}; do
		(write "$(brake_spec 1)" "$runtimes/$1-$i/spec.json" 2>"$work/once-$i"; echo $? >"$work/status-$i") &
	done
	wait $(jobs -p | grep -v "^$pid$" | grep -v "^$cloud$" | grep -v "^$watchdog$")
	for i in {0..9}; do
		[ "$(cat "$work/status-$i")" = 0 ] && passed=$((passed + 1))
		grep -q "$(errno_words EDQUOT)" "$work/once-$i" && quota=$((quota + 1))
	done
	echo "$passed $quota"
}
before=$(there)
mount_up -o max_instances=$((before + 3))
reset
fault '{"operation":"createAIRuntime","delay_ms":300,"times":0}'
is 'three have room' "$(at_once many)" '3 7'
is 'three POSTs' "$(changes)" createAIRuntime=3
is 'three instances' "$(($(there) - before))" 3
mount_down
before=$(there)
mount_up -o max_hourly=$(usd $(($(running) + 3 * 79)))
reset
fault '{"operation":"listDeployedAIModels","delay_ms":100,"times":0}'
is 'the same by cost' "$(at_once dear)" '3 7'
is 'three POSTs, by cost' "$(changes)" createAIRuntime=3
is 'three instances, by cost' "$(($(there) - before))" 3
mount_down

echo '# max_replicas'
mount_up -o max_replicas=4
replicas=$models/chat-llama/replicas
reset
fails 'beyond it' EDQUOT write 6 "$replicas"
has 'why' "$(cat "$models/chat-llama/.error")" 'chat-llama/replicas: EDQUOT' 'max_replicas=4: 6 asked for' 'Verdict: nothing was changed.'
is 'not sent' "$(changes) $(cat "$replicas")" 'none 2'
ok 'up to it' write 4 "$replicas"
is 'one PUT' "$(changes)" scaleDeployedAIModel=1
advance 15
mount_down

echo '# max_hourly'
advance 60 # what does not move is not listed anew after 2 s
now=$(running)
mount_up -o max_hourly="$(usd $((now + 158)))"
reset
ok 'up to it' create paid 2
is 'what it takes to know' "$(counted)" 'createAIRuntime=1 listAIRuntimes=2 listDeployedAIModels=1 listInventory=1'
now=$((now + 158))
is 'the API has it' "$(running)" $now
reset
fails 'one more' EDQUOT create unpaid 1
has 'the sum' "$(cat "$runtimes/unpaid/.error")" \
	"max_hourly=$(usd $now): $(usd $now) USD/h run already, this adds 0.79, together $(usd $((now + 79))) USD/h in 1 project; prices from the inventory"
replicas=$models/chat-llama/replicas
fails 'one replica more' EDQUOT write 5 "$replicas"
has 'the sum of a scale' "$(cat "$models/chat-llama/.error")" "max_hourly=$(usd $now): $(usd $now) USD/h run already, this adds " 'chat-llama/replicas: EDQUOT'
fails 'a deployment more' EDQUOT eval 'mkdir "$models/unpaid" && write "$spec_model" "$models/unpaid/spec.json"'
is 'nothing was sent' "$(changes)" none
ok 'down' write 2 "$replicas"
is 'passes' "$(changes)" scaleDeployedAIModel=1
advance 15
freed=$((now - $(running)))
refresh
WAIT=15 becomes 'what it saved is there when it has come to rest' "ready 2" eval 'echo "$(cat "$models/chat-llama/status") $(cat "$replicas")"'
ok 'and can be spent' create spent 1
is 'it saved something' "$([ $freed -ge 79 ] && echo enough)" enough
rmdir "$runtimes/paid"
advance 10

echo '# what cannot be known'
api "$url/inventory/api/v1beta1/inventory?limit=100" >inventory.json
reset
fault "$(jq -c '{operation: "listInventory", times: 0, body: (.data |= map(select(.config_id != "nvidia-l40s-48gb")))}' inventory.json)"
refresh
fails 'the new one has no price' EDQUOT create unknown 1
has 'why' "$(cat "$runtimes/unknown/.error")" 'the price of the GPU instance "unknown" is not known, so the sum cannot be told'
reset
fault "$(jq -c '{operation: "listInventory", times: 0, body: (.data |= map(if .config_id == "nvidia-a100-80gb" then .price_per_gpu_per_hour = null else . end))}' inventory.json)"
refresh
fails 'an old one has no price' EDQUOT write "$(brake_spec 1)" "$runtimes/unknown/spec.json"
has 'which' "$(cat "$runtimes/unknown/.error")" 'the price of the GPU instance "notebook-asha" is not known'
reset
fault '{"operation":"listInventory","status":503,"times":0}'
refresh
fails 'no inventory' EREMOTEIO write "$(brake_spec 1)" "$runtimes/unknown/spec.json"
has 'why not' "$(cat "$runtimes/unknown/.error")" 'cannot tell what it costs, from the inventory: ' 'HTTP 503' 'Verdict: nothing was changed.'
reset
fault '{"operation":"listDeployedAIModels","status":403,"times":0}'
fails 'no list of deployments' EACCES write "$(brake_spec 1)" "$runtimes/unknown/spec.json"
has 'of which project' "$(cat "$runtimes/unknown/.error")" 'cannot tell what runs in org-demo/prj-demo: ' 'HTTP 403'
is 'nothing of that was sent' "$(changes)" none
faults_end
ok 'a delete passes all the same' rmdir "$runtimes/spent"
mount_down

echo '# all projects'
scope=
mount_up -o max_hourly=0
ls "$runtimes" >/dev/null
fails 'nothing may be added' EDQUOT create nothing 1
has 'it counts all that are listed' "$(cat "$runtimes/nothing/.error")" 'max_hourly=0.00: ' 'USD/h in 2 projects'
other=$m/orgs/org-demo/projects/prj-empty/airuntimes
ls "$other" >/dev/null
fails 'nor in another project' EDQUOT eval 'mkdir "$other/nothing" && write "$(brake_spec 1)" "$other/nothing/spec.json"'
has 'the same sum' "$(cat "$other/nothing/.error")" 'USD/h in 2 projects'
mount_down
finish
