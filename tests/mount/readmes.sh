#!/bin/bash
# README.txt: it is in each sort of directory, costs nothing, and what it says can be pasted works.
. "$(dirname "$0")/lib.sh" || exit 1
cloud_up --speed 20 --instances 4 --models 2
advance 30 # nothing is in transition: what is listed is kept

# Each sort of directory, and the name that stands for NAME there.
declare -A at name
sorts=(root mount orgs org projects project airuntimes airuntime aimodels aimodel custom_templates custom_template templates template
	inventory region offer catalog model)
places() {
	at=([root]=$m [mount]=$m/.neevfs [orgs]=$m/orgs [org]=$m/orgs/org-demo [projects]=$m/orgs/org-demo/projects [project]=$p
		[airuntimes]=$runtimes [airuntime]=$runtimes/eval-01 [aimodels]=$models [aimodel]=$models/chat-llama
		[custom_templates]=$templates [custom_template]=$templates/team-vllm [templates]=$m/templates [template]=$m/templates/tpl-vllm
		[inventory]=$m/inventory [region]=$m/inventory/in-west-1 [offer]=$m/inventory/in-west-1/nvidia-l40s-48gb
		[catalog]=$m/catalog [model]=$m/catalog/BAAI-bge-m3)
}
name=([root]=eval-01 [project]=eval-01 [airuntimes]=eval-01 [aimodels]=chat-llama [airuntime]=copy [aimodel]=copy [custom_template]=copy)

echo '# where they are, and what they cost'
mount_up
places
reset
cat "${at[root]}/README.txt" "${at[mount]}/README.txt" "${at[orgs]}/README.txt" "${at[org]}/README.txt" "${at[projects]}/README.txt" "${at[project]}/README.txt" \
	"${at[airuntimes]}/README.txt" "${at[aimodels]}/README.txt" "${at[custom_templates]}/README.txt" "${at[templates]}/README.txt" "${at[inventory]}/README.txt" \
	"${at[catalog]}/README.txt" >/dev/null || failed 'all can be read' "status $?"
is 'above the resources they cost nothing' "$(counted)" none
for sort in "${sorts[@]}"; do
	cat "${at[$sort]}/README.txt" || failed "README.txt of $sort" "status $?"
done >/dev/null
is 'in them no more than to know that they exist' "$(counted)" \
	'listAIRuntimes=1 listCatalog=1 listDeployedAIModels=1 listInventory=1 listOrgAIRuntimeTemplates=1 listTemplates=1'
# Directories without one hold members or links only.
is 'all other directories have none' "$(find "$m" -mindepth 1 -type d ! -path '*/.by-status/*' ! -path '*/.available/*' ! -exec test -e {}/README.txt \; -printf '%f\n' | sort -u |
	grep -vxE '\.by-id|storage|uiAccess|sshAccess|metrics|cost|\.by-status|\.available|\.query|templateSpec|env|configurations|recommended_gpu|max_[a-z_]*')" ''
for sort in "${sorts[@]}"; do
	is "$sort: at most 23 lines of 78" "$(awk 'length > 78 || NR > 23 { print NR ": " $0 }' "${at[$sort]}/README.txt")" ''
	ok "$sort: its size is true" size_true "${at[$sort]}/README.txt"
	has "$sort: it can be pasted from" "$(cat "${at[$sort]}/README.txt")" $'\n    '
done

echo '# what is pasted works'
mkdir "$work/bin"
printf '#!/bin/sh\nexec %s -T -G "$@"\n' "$(command -v ssh || echo false)" >"$work/bin/ssh" # what it would do; ssh.sh does it
chmod +x "$work/bin/ssh"

pasted() { # SORT: the lines to paste, as somebody there would complete them
	sed -n "s/^    //; T; s/  #.*//; s/ *$//; s/NAME/${name[$1]-NAME}/g; s/REGION/in-west-1/g; s/CONFIG_ID/nvidia-l40s-48gb/g
		s,aimodels/eval-01,aimodels/chat-llama,; s/tail -f/tail/; p" "${at[$1]}/README.txt" # tail -f would not end
}
paste_line() { # SORT LINE: said, and out beside it
	said=$(cd "${at[$1]}" && PATH=$work/bin:$PATH bash -o pipefail -c "$2" 2>&1 >"$work/out" </dev/null)
}
paste_all() { # SORT
	local sort=$1 line said out status ran=0
	while IFS= read -r line; do
		ran=$((ran + 1))
		paste_line "$sort" "$line"
		status=$?
		out=
		[[ $line != 'echo gone'* ]] || said= # it may have gone already
		[[ $line != *'||'* ]] || out=$(cat "$work/out") # the words of .error
		if [ $status = 0 ] && [ -z "$said$out" ]; then
			passed "$sort: $line"
		else
			failed "$sort: $line" "status $status, it said '$said$out'"
		fi
	done < <(pasted "$sort")
	isnt "$sort: lines that were pasted" $ran 0
}
mount_down
mount_up
places
created_are_gone() {
	! ls -d "$runtimes"/{new,two,copy} "$models"/{new,copy} "$templates"/{new,copy} 2>/dev/null | grep -q .
}
for sort in "${sorts[@]}"; do
	paste_all "$sort"
	wait_for created_are_gone || failed "$sort: what it created it deleted" "$(cd "$p" && echo ai*/*/)"
done
is 'all others are there' "$(cd "$runtimes" && echo */)" 'eval-01/ finetune-mistral/ notebook-asha/ train-llama/'

echo '# a mount that does not grant everything'
words=$(errno_words EROFS)
declare -A granted=([ro]='' [allow=none]='refresh wait' [allow=create]='mkdir notify refresh wait' [allow=scale]='notify refresh replicas wait' [allow=delete]='notify refresh rmdir wait')
for option in "${!granted[@]}"; do
	mount_down
	mount_up -o "$option"
	places
	refused= offered=
	for sort in "${sorts[@]}"; do
		while IFS= read -r line; do
			offered+=$line$'\n'
			paste_line "$sort" "$line"
			grep -q "$words" "$work/out" - <<<"$said" && refused+="$sort: $line; "
		done < <(pasted "$sort")
		ok "$option: $sort: its size is true" size_true "${at[$sort]}/README.txt"
	done
	is "$option: nothing that is offered is refused for it" "$refused" ''
	has "$option: what is left out is told" "$(cat "${at[airuntimes]}/README.txt")" "Mounted with $option: what that does not grant is left out here."
	hasnt "$option: where nothing is left out neither" "$(cat "${at[orgs]}/README.txt")" Mounted
	has "$option: to look is offered" "$offered" 'cat status' 'tail events'
	is "$option: so is what it grants" "$(grep -oE '^(mkdir|rmdir)|> [^ ]*(replicas|notify|wait|refresh)$' <<<"$offered" | sed 's,.*[/ ],,' | sort -u | paste -sd ' ')" "${granted[$option]}"
done

echo '# a README.txt of one'\''s own'
mount_down
mount_up
places
mkdir "$work/folder"
echo "$spec_template" >"$work/folder/spec.json"
echo mine >"$work/folder/README.txt"
mkdir "$templates/draft"
is 'a draft has none' "$(ls -A "$templates/draft")" .error
ok 'one can be made' cp "$work/folder/README.txt" "$templates/draft/"
is 'it is there once' "$(ls -A "$templates/draft" | paste -sd ' ')" '.error README.txt'
ok 'it goes with rm -r' rm -r "$templates/draft"
mkdir "$templates/copied"
ok 'a folder that has one' cp "$work/folder/README.txt" "$work/folder/spec.json" "$templates/copied/"
is 'it stays with the resource' "$(cat "$templates/copied/README.txt"; ls "$templates/copied" | grep -c README)" $'mine\n1'
ok 'and can be removed' rm "$templates/copied/README.txt"
is 'then ours is there' "$(cmp "$templates/copied/README.txt" "${at[custom_template]}/README.txt" && ls "$templates/copied" | grep -c README)" 1
fails 'which stays' EPERM rm "$templates/copied/README.txt"
fails 'and is not written to' EACCES write x "$templates/copied/README.txt"
mkdir "$templates/later"
fails 'where it is a resource already ours is not replaced' EACCES cp "$work/folder/spec.json" "$work/folder/README.txt" "$templates/later/"
finish
