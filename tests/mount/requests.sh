#!/bin/bash
# What looking around costs: the requests that the API sees, counted.
. "$(dirname "$0")/lib.sh" || exit 1

# Nothing moves by itself and nothing expires here: every request counted is one that the mount asked for just then.
cloud_up --speed 0 --instances 250 --models 3
advance 100
mount_up -o ttl=3000
cd "$work" || exit 1

echo '# nothing'
ls -la "$m" "$m/orgs" "$m/orgs/org-demo" "$m/.neevfs" >/dev/null
df "$m" >/dev/null
cat "$m/README.txt" "$m"/.neevfs/{version,options,errors} >/dev/null
is 'mounting, the root, df, README, .neevfs' "$(counted)" none
ls "$runtimes/.git" "$runtimes/.hidden/x" "$m/.Trash" "$m/.git/config" 2>/dev/null
is 'names that no resource can have' "$(counted)" none
ls -ld "$p/airuntimes" "$p/aimodels" "$m/inventory" "$m/catalog" >/dev/null
is 'ls -ld of collections' "$(counted)" none

echo '# a listing costs a listing'
for page in 1 2 3; do
	api "$runtimes_api?limit=100&page=$page" | jq -r '.data[] | "\(.name) \(.status)"'
done | sort >expected
grep -r . "$runtimes"/*/status | sed "s,^$runtimes/\(.*\)/status:,\1 ," | sort >got
is '250 values, cold' "$(wc -l <expected) $(diff expected got)" '250 '
reset
refresh
cat "$runtimes"/*/status >"$work/all"
is '250 values, cold: lines' "$(wc -l <"$work/all")" 250
is '250 values, cold: pages and nothing else' "$(counted)" 'listAIRuntimes=3'
cat "$runtimes"/*/{status,id,region,gpuCount,reason} >/dev/null
is '1250 values more within the TTL' "$(counted)" 'listAIRuntimes=3'
refresh
reset
ls -l "$runtimes" >/dev/null
is 'ls -l of 250' "$(counted)" 'listAIRuntimes=3'
ls -l "$runtimes/.by-id" >/dev/null
ls -l "$runtimes/.by-status" "$runtimes/.by-status/Running" >/dev/null
is 'ls -l of .by-id and .by-status' "$(counted)" 'listAIRuntimes=3'
ls "$runtimes/eval-01" "$runtimes/eval-01/uiAccess" "$runtimes/eval-01/metrics" >/dev/null
is 'ls of an instance' "$(counted)" 'listAIRuntimes=3'

echo '# negative look-ups'
reset
for name in nobody eval-1 gpu-99999; do
	cat "$runtimes/$name/status" "$runtimes/.by-id/$name/status" "$models/$name/replicas" 2>/dev/null
done
is 'names that a fresh listing lacks' "$(counted)" 'listDeployedAIModels=1'
cat "$runtimes/eval-01/nothing" "$runtimes/eval-01/storage/nothing" 2>/dev/null
is 'files that no instance has' "$(counted)" 'listDeployedAIModels=1'

echo '# many readers, one request'
cat >readers.py <<'END'
import sys, threading
threading.stack_size(65536)
count, paths = int(sys.argv[1]), sys.argv[2:]
texts, errors = [], []
def read(path):
    try:
        with open(path, "rb") as file:
            texts.append(file.read())
    except OSError as error:
        errors.append(str(error))
threads = [threading.Thread(target=read, args=(paths[i % len(paths)],)) for i in range(count)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(texts), len(set(texts)), *errors[:1])
END
refresh
reset
fault '{"operation":"listAIRuntimes","delay_ms":1000,"times":0}'
is '1000 cold readers of one value' "$(python3 readers.py 1000 "$runtimes/eval-01/status")" '1000 1'
is '1000 cold readers of one value: its pages' "$(counted)" 'listAIRuntimes=3'
refresh
reset
cat "$runtimes/eval-01/status" >/dev/null
fault '{"operation":"getAIRuntime","delay_ms":500,"times":0}'
is '1000 cold readers of one detail' "$(python3 readers.py 1000 "$runtimes/eval-01/info.json")" '1000 1'
is '1000 cold readers of one detail: one request' "$(counted)" 'getAIRuntime=1 listAIRuntimes=3'
faults_end
is '1000 cold readers of 250 details' "$(python3 readers.py 1000 "$runtimes"/*/info.json)" '1000 250'
is '1000 cold readers of 250 details: one request each' "$(counted)" 'getAIRuntime=250 listAIRuntimes=3'

echo '# crawlers'
# Only GETs; no page twice; at most one detail and one measurement of each.
modest() { # NAME
	local odd
	odd=$(control requests | jq -c '{getAIRuntime: 250, getAIRuntimeMetrics: 250, listAIRuntimes: 3, getDeployedAIModel: 3, listDeployedAIModels: 1,
		listCatalog: 1, listInventory: 1, listTemplates: 1, listOrgAIRuntimeTemplates: 1, listProjects: 1} as $most
		| .operations | with_entries(select(.value > ($most[.key] // 0)))')
	is "$1: modest" "$odd" '{}'
}
crawl() { # NAME COMMAND…
	local name=$1
	shift
	refresh
	reset
	"$@" >"$work/crawled" 2>"$work/crawled.err"
	is "$name: status and complaints" "$? $(head -n 3 "$work/crawled.err")" '0 '
	modest "$name"
}
crawl find find "$p"
is 'find looks at no detail' "$(counted)" 'listAIRuntimes=3 listDeployedAIModels=1'
crawl 'ls -lR' ls -lR "$p"
crawl du du -a "$p"
crawl 'grep -r' grep -r in-west-1 "$p"
is 'grep -r reads every detail once' "$(requests getAIRuntime)" 250
crawl tar tar -cf "$work/project.tar" -C "$p" .
is 'tar packs every value' "$(tar -xOf "$work/project.tar" ./airuntimes/eval-01/name)" eval-01
crawl 'wc of all but the details' find "$p" -type f ! -name '*.json' ! -path '*/metrics/*' ! -path '*Access/*' ! -name templateName ! -name idle -exec cat {} +
is 'what the listing has needs no detail' "$(requests getAIRuntime) $(requests getAIRuntimeMetrics)" '0 0'

echo '# forgetting'
looked() { # what two looks after COMMAND… cost
	cat "$runtimes/eval-01/info.json" "$runtimes/eval-01/status" "$models/chat-llama/status" >/dev/null
	reset
	"$@"
	cat "$runtimes/eval-01/info.json" "$runtimes/eval-01/status" "$models/chat-llama/status" >/dev/null
	cat "$runtimes/eval-01/info.json" "$runtimes/eval-01/status" "$models/chat-llama/status" >/dev/null
	counted
}
is 'nothing forgotten' "$(looked true)" none
is 'touch of the mount' "$(looked touch "$m")" 'getAIRuntime=1 listAIRuntimes=3 listDeployedAIModels=1'
is 'touch of a collection' "$(looked touch "$runtimes")" 'getAIRuntime=1 listAIRuntimes=3'
is 'touch of an instance' "$(looked touch "$runtimes/eval-01")" 'getAIRuntime=1 listAIRuntimes=3'
is 'touch of a value' "$(looked touch "$runtimes/eval-01/status")" 'getAIRuntime=1 listAIRuntimes=3'
is 'touch of another instance' "$(looked touch "$runtimes/train-llama")" 'listAIRuntimes=3'
reset
kill -HUP "$pid"
becomes 'SIGHUP' 'getAIRuntime=1 listAIRuntimes=3 listDeployedAIModels=1' eval \
	'cat "$runtimes/eval-01/info.json" "$models/chat-llama/status" >"$work/seen" && counted'
cat "$runtimes/eval-01/info.json" "$models/chat-llama/status" >/dev/null
is 'SIGHUP: once' "$(counted)" 'getAIRuntime=1 listAIRuntimes=3 listDeployedAIModels=1'
mount_down
cloud_down

echo '# each class expires by its own option'
cloud_up --speed 0 --models 2 # no deployment moves among two
advance 100
asks() { # FILE OPERATION: reads it; how often it was asked for so far
	cat "$1" >/dev/null && requests "$2"
}
asked_again() { [ "$(asks "$@")" -ge 1 ]; } # twice, if one look takes longer than the TTL
expires() { # OPTION FILE OPERATION
	local begin took
	mount_up -o "ttl=3000,$1=0.7"
	begin=$(now_ms) # before what it fetched: however slow the machine is, it is not asked again before that is over
	cat "$m/$2" >/dev/null
	reset
	ok "$1: asked again" wait_for asked_again "$m/$2" "$3"
	took=$(($(now_ms) - begin))
	is "$1: when its time is up" "$([ $took -ge 700 ] && echo yes || echo "$took ms")" yes
	is "$1: nothing else is" "$(counted | sed 's/=[1-9][0-9]*$//')" "$3"
	mount_down
}
expires ttl_list project/airuntimes/eval-01/status listAIRuntimes
expires ttl_item project/airuntimes/eval-01/info.json getAIRuntime
expires ttl_metrics project/airuntimes/eval-01/metrics.json getAIRuntimeMetrics
expires ttl_inventory inventory/in-west-1/nvidia-l40s-48gb/availability listInventory
expires ttl_catalog catalog/BAAI-bge-m3/name listCatalog
mount_up -o ttl=15
is 'ttl= scales all classes' "$(grep ^ttl "$m/.neevfs/options" | paste -sd ' ')" 'ttl_list=15 ttl_item=15 ttl_metrics=2.5 ttl_inventory=7.5 ttl_catalog=300'
mount_down
cloud_down

echo '# what is in transition is asked again after 2 s'
cloud_up --speed 0
mount_up
begin=$(now_ms)
cat "$runtimes/render-comfy/info.json" "$runtimes/eval-01/info.json" "$models/chat-llama/status" >/dev/null
reset
ok 'a pending instance is looked at again' wait_for asked_again "$runtimes/render-comfy/status" listAIRuntimes
took=$(($(now_ms) - begin))
is 'after 2 s' "$([ $took -ge 2000 ] && [ $took -lt 28000 ] && echo yes || echo "$took ms")" yes
cat "$runtimes/render-comfy/info.json" "$runtimes/eval-01/info.json" "$models/chat-llama/status" >/dev/null
is 'and so is its detail, but nothing that stands still' "$(counted | sed 's/=[1-9][0-9]*//g')" 'getAIRuntime listAIRuntimes'
advance 60
becomes 'the state it comes to is seen' Running cat "$runtimes/render-comfy/status"
mount_down
mount_up -o ttl=3
cat "$models/draft-mistral/status" "$runtimes/render-comfy/status" >/dev/null
is 'ttl= below 30 shortens that too' "$(grep -c ^ttl_list=3$ "$m/.neevfs/options")" 1
finish
