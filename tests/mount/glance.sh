#!/bin/bash
# At a glance: tables, whole listings, shelves, costs, idle minutes; on a real mount, with what they cost.
. "$(dirname "$0")/lib.sh" || exit 1

collections() {
	printf '%s\n' "$m/orgs" "$m/orgs/org-demo/projects" "$runtimes" "$models" "$templates" "$m/templates" "$m/inventory" "$m/catalog"
}
# The same table from the API's own answers: what is missing is "-", ages aside.
expected() { # LIST PRICES JQ-EXPRESSION…
	local list=$1 prices=$2
	shift 2
	jq -r --slurpfile offers "$prices" "def cell: if . == null or . == \"\" then \"-\" else tostring end;
		def usd(\$config; \$n): .region as \$region | [\$offers[0].data[] | select(.config_id == \$config and .region == \$region)
			| .price_per_gpu_per_hour * \$n | . * 100 | round | . / 100] | max;
		(.data // .items)[] | [$1] | map(cell) | @tsv" "$list"
}

# Nothing moves and nothing expires by itself: each request that is counted was asked for just then.
cloud_up --speed 0 --instances 250 --models 3
advance 100
mount_up -o ttl=3000
cd "$work" || exit 1

echo '# what it costs'
reset
is 'ls -l of a collection' "$(ls -l "$runtimes" | grep -c -e index.tsv -e list.json; counted)" $'2\nlistAIRuntimes=3'
cat "$runtimes"/*/status >/dev/null
stat "$runtimes/index.tsv" "$runtimes/list.json" >/dev/null
ls -l "$runtimes"/.by-status/* "$m/.neevfs" >/dev/null
is 'sizes, patterns, shelves, .neevfs' "$(counted)" 'listAIRuntimes=3'
before=$(stat -c %s "$runtimes/index.tsv")
cat "$runtimes/index.tsv" >index
is 'reading a table: the prices' "$(counted)" 'listAIRuntimes=3 listInventory=1'
is 'its size was true without them' "$(wc -c <index)" "$before"
cat "$runtimes/index.tsv" "$runtimes/list.json" "$runtimes"/*/cost/usdPerHour >/dev/null
is 'all the rest: nothing more' "$(counted)" 'listAIRuntimes=3 listInventory=1'
cat "$m/.neevfs/cost" >bill
is 'the bill: the other listing' "$(counted)" 'listAIRuntimes=3 listDeployedAIModels=1 listInventory=1'

echo '# tables'
api "$url/inventory/api/v1beta1/inventory?limit=100" >offers
for page in 1 2 3; do
	api "$runtimes_api?limit=100&page=$page"
done | jq -s '{data: map(.data) | add}' >runtimes
api "$models_api?limit=100" >models
api "$templates_api" >templates
expected runtimes offers '.name, .status, .gpuConfigID, .gpuCount, usd(.gpuConfigID; .gpuCount), .region, .reason' >wanted
is 'instances, 250 rows' "$(tail -n +2 index | cut -f 1-5,7- | sed 's/\t */\t/g; s/\([.][0-9]\)0\t/\1\t/; s/[.]00\t/\t/' | diff - wanted | head -n 3)" ''
is 'the rows' "$(wc -l <index) $(wc -l <wanted)" '251 250'
is 'prices are those of cost' "$(awk -F '\t' 'NR > 1 {gsub(" ", "", $5); print $1 "=" $5}' index | sort)" \
	"$(for at in "$runtimes"/*/; do name=${at%/}; echo "${name##*/}=$(cat "${at}cost/usdPerHour")"; done | sort)"
is 'as column -t has it: 8 columns in each line' "$(column -t index | awk '{print NF}' | sort | uniq -c | tr -s ' ')" ' 251 8'
is 'as column -t has it' "$(column -t "$models/index.tsv" | sed 's/  *[0-9]*d[0-9]*h  */ AGE /; s/  */ /g')" \
	'name status model gpu gpus replicas usd_per_hour age region endpoint_url
chat-llama ready meta-llama/Llama-3.1-8B-Instruct nvidia-l40s-48gb 1 2 1.58 AGE in-west-1 https://chat-llama.prj-demo.org-demo.in-west-1.inference.sandbox.example/v1
code-qwen ready Qwen/Qwen2.5-Coder-32B-Instruct nvidia-a100-80gb 2 1 2.58 AGE in-west-1 https://code-qwen.prj-demo.org-demo.in-west-1.inference.sandbox.example/v1
draft-mistral failed mistralai/Mistral-7B-Instruct-v0.3 nvidia-l40s-48gb 1 1 0.79 AGE in-west-1 -'
is 'inventory' "$(column -t "$m/inventory/index.tsv")" "$(jq -r '.data[] | [.region, .config_id + (if .instance_type == "vm" then "~vm" else "" end), .gpu_model, .vram_gib, .price_per_gpu_per_hour,
		.available_gpu_count, (if .max_gpu_count < .min_gpu_count then "none" else "\(.min_gpu_count)..\(.max_gpu_count)" end), .instance_type, .availability] | @tsv' offers |
	cat <(echo region config_id gpu vram_gib usd_per_gpu_hour available gpus type availability) - | column -t)"
while read -r at; do
	is "each line of ${at#"$m"/} has its columns" "$(awk -F '\t' '{print NF}' "$at/index.tsv" | sort -u | wc -l)" 1
	is "each resource of ${at#"$m"/} has a row" "$(tail -n +2 "$at/index.tsv" | wc -l)" \
		"$(find "$at" -mindepth 1 -maxdepth $([ "$at" = "$m/inventory" ] && echo 2 || echo 1) -type d ! -path '*/.*' ! -path "$at/in-[a-z0-9]*-[0-9]" | wc -l)"
	ok "list.json of ${at#"$m"/} is JSON" python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$at/list.json"
	is "list.json of ${at#"$m"/} has a line for each" "$(jq length "$at/list.json") $(grep -c '^{.*},*$' "$at/list.json")" \
		"$(tail -n +2 "$at/index.tsv" | wc -l) $(tail -n +2 "$at/index.tsv" | wc -l)"
done < <(collections)
is 'modes' "$(stat -c %a "$models"/{index.tsv,list.json} "$runtimes"/{index.tsv,list.json} "$templates"/{index.tsv,list.json} | paste -sd ' ')" '400 400 444 400 444 444'

echo '# listings'
for what in runtimes models templates; do
	is "list.json is the API's answer: $what" "$(jq -c '.[]' "${!what}/list.json" | sed 's/"uptime_seconds":[0-9]*//')" \
		"$(jq -c '(.data // .items)[]' $what | sed 's/"uptime_seconds":[0-9]*//')"
done
is 'read from the middle' "$(tail -c +5001 "$runtimes/list.json" | head -c 100)" "$(cat "$runtimes/list.json" | tail -c +5001 | head -c 100)"
ok 'mapped' python3 - "$templates/list.json" <<'END'
import mmap, sys
with open(sys.argv[1], "rb") as file:
    assert mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ)[:] == file.read()
END

echo '# shelves'
is 'by status' "$(cd "$runtimes/.by-status" && for link in */*; do echo "${link%/*} ${link#*/} $(readlink "$link")"; done | sort)" \
	"$(jq -r '.data[] | "\(.status) \(.name) ../../\(.name)"' runtimes | sort)"
is 'they lead there' "$(cat "$runtimes"/.by-status/*/*/name | sort | cksum)" "$(cat "$runtimes"/*/name | sort | cksum)"
is 'available' "$(cd "$m/inventory/.available" && for link in */*; do echo "$link $(cat "$link/config_id") $(cat "$link/region")"; done | sort)" \
	"$(jq -r '.data[] | select(.availability != "None" and .available_gpu_count >= .min_gpu_count and .max_gpu_count >= .min_gpu_count)
		| "\(.region)/\(.config_id)\(if .instance_type == "vm" then "~vm" else "" end) \(.config_id) \(.region)"' offers | sort)"
is 'none dangles' "$(find "$m/inventory/.available" "$runtimes/.by-status" "$models/.by-status" "$templates/.by-status" -xtype l)" ''
fails 'no such shelf' ENOENT ls "$runtimes/.by-status/Nowhere"
fails 'on another shelf' ENOENT readlink -v "$models/.by-status/ready/draft-mistral"

echo '# costs'
until hours=$(cat "$models/chat-llama/cost/hours") usd=$(cat "$models/chat-llama/cost/usd"); [ "$hours" = "$(cat "$models/chat-llama/cost/hours")" ]; do :; done
is 'usd is both multiplied' "$usd" \
	"$(python3 -c 'import decimal, sys; print(decimal.Decimal(sys.argv[1]) * decimal.Decimal("1.58"))' "$hours" | sed 's/\([.][0-9][0-9]\)0*$/\1/')"
is 'hours since it was created' "$(python3 -c 'import sys; print(abs(float(sys.argv[1]) - float(sys.argv[2]) / 3600) < 0.1)' \
	"$hours" $(($(date +%s) - $(date -d "$(cat "$models/chat-llama/created_at")" +%s))))" True
sum() { # TABLE COLUMN
	awk -F '\t' -v at="$2" 'NR > 1 {sum += $at} END {printf "%.2f", sum}' "$1"
}
is 'the bill' "$(cat "$m/.neevfs/cost")" "path	resources	usd_per_hour	unpriced	note
orgs/org-demo/projects/prj-demo/airuntimes	250	$(sum "$runtimes/index.tsv" 5)	0	-
orgs/org-demo/projects/prj-demo/aimodels	3	4.95	0	-
total	253	$(python3 -c 'import sys; print("%.2f" % (float(sys.argv[1]) + 4.95))' "$(sum "$runtimes/index.tsv" 5)")	0	-"
is 'its size' "$(stat -c %s "$m/.neevfs/cost")" "$(wc -c <"$m/.neevfs/cost")"

echo "# one's own changes are seen at once"
row() { # COLLECTION NAME COLUMN…
	awk -F '\t' -v name="$2" -v first="$3" -v second="$4" '$1 == name {print $first, $second}' "$1/index.tsv"
}
ls -l "$models" "$runtimes" "$runtimes"/.by-status/* >/dev/null
write 4 "$models/chat-llama/replicas"
is 'scaled' "$(row "$models" chat-llama 2 6)" "$(cat "$models/chat-llama/status" "$models/chat-llama/replicas" | paste -sd ' ')"
is 'scaled: its shelf' "$(cat "$models/.by-status/$(cat "$models/chat-llama/status")/chat-llama/replicas")" 4
rmdir "$runtimes/eval-01"
is 'deleted' "$(row "$runtimes" eval-01 2 1)" "$(cat "$runtimes/eval-01/status") eval-01"
is 'deleted: its shelf' "$(ls "$runtimes"/.by-status/Terminating)" eval-01
fails 'deleted: not on the other' ENOENT stat "$runtimes/.by-status/Running/eval-01"
is 'deleted: the listing' "$(jq -r '.[] | select(.name == "eval-01").status' "$runtimes/list.json")" Terminating
mkdir "$runtimes/brand-new" && write "$spec_runtime" "$runtimes/brand-new/spec.json"
is 'created' "$(row "$runtimes" brand-new 2 4)" "$(cat "$runtimes/brand-new/status") 1"
mount_down

echo '# what cannot be had'
# Only index.tsv needs the inventory, and is there without it; nobody waits for it who lists.
mount_up
fault '{"operation":"listInventory","status":403,"times":0}'
is 'without prices' "$(tail -n +2 "$models/index.tsv" | cut -f 7 | sort -u | tr -d ' ')" -
fails 'cost without prices' EACCES cat "$models/chat-llama/cost/usdPerHour"
fault '{"operation":"listAIRuntimes","status":500,"times":0}'
is 'the bill says what is missing' "$(cut -f 1,2,5 "$m/.neevfs/cost" | tail -n +2)" "orgs/org-demo/projects/prj-demo/airuntimes	-	EREMOTEIO
orgs/org-demo/projects/prj-demo/aimodels	3	-
total	3	incomplete"
fault '{"operation":"listDeployedAIModels","status":403,"times":0}'
refresh
fails 'where nothing can be listed there is no bill' EREMOTEIO cat "$m/.neevfs/cost"
has 'and why' "$(cat "$m/.neevfs/errors")" 'open .neevfs/cost: EREMOTEIO' 'HTTP 500'
ok 'to look at it is none the less possible' ls -l "$m/.neevfs"
faults_end
mount_down
advance 60 # a listing in which something moves is asked for again after 2 s
mount_up -o deadline=20
fault '{"operation":"listInventory","delay_ms":15000,"times":0}'
faulted 'a pattern while the inventory is slow' 0 5000 3 bash -c 'cat "$0"/train-llama*/status >/dev/null && ls -l "$0" >/dev/null' "$runtimes"
faults_end
mount_down
mount_up -o deadline=8
fault '{"operation":"listInventory","delay_ms":15000,"times":0}'
faulted 'a table while the inventory hangs' 0 7000 4-7 cat "$runtimes/index.tsv"
is 'it has no prices' "$(tail -n +2 "$runtimes/index.tsv" | cut -f 5 | sort -u | tr -d ' ')" -
is 'its size' "$(stat -c %s "$runtimes/index.tsv")" "$(wc -c <"$runtimes/index.tsv")"
faulted 'the bill while the inventory hangs' 0 7000 1-2 cat "$m/.neevfs/cost"
faults_end
becomes 'prices when it is back' 0 eval 'cut -f 5 "$runtimes/index.tsv" | tr -dc - | wc -c'
refresh
fault '{"operation":"listInventory","delay_ms":4000}'
faulted 'a price waits longer for the inventory' 0 10000 2 grep -q . "$models/chat-llama/cost/usdPerHour"
mount_down

echo '# idle'
mount_up -o ttl_metrics=0
metrics() { # PERCENT
	faults_end
	fault "{\"operation\":\"getAIRuntimeMetrics\",\"body\":{\"gpuUtilizationPercent\":$1},\"status\":200,\"times\":0}"
}
metrics 3.5
is 'just seen' "$(cat "$runtimes/train-llama/idle")" 0
metrics null
is 'nothing is known' "$(cat "$runtimes/finetune-mistral/idle" | wc -c)" 0
metrics 50
is 'busy' "$(cat "$runtimes/train-llama/idle")" 0
reset
cat "$runtimes/train-llama/idle" >/dev/null
isnt 'reading it measures' "$(requests getAIRuntimeMetrics)" 0

echo '# a resource that is copied'
ok 'mkdir' mkdir "$runtimes/copy"
cp -r "$runtimes/train-llama/." "$runtimes/copy/" 2>/dev/null
becomes 'its spec created one, and nothing else is in the way' train-llama-copy eval '[ "$(jq -S . "$runtimes/train-llama/spec.json")" = "$(jq -S . "$runtimes/copy/spec.json")" ] && echo train-llama-copy'
finish
