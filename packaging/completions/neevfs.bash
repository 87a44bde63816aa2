# bash completion of neevfs(1). Its options are asked of the program itself: neevfs --help options lists them.

# What -o takes: names with "=" where a value belongs to them. A line "options of mount(8)" has more, in one line.
_neevfs_options() { # PROGRAM
	"$1" --help options 2>/dev/null | sed -nE 's/^  (ro|allow_other) .*/\1/p; t; s/^  ([a-z_]+) .*/\1=/p; s/^options of mount\(8\): //p'
}

_neevfs_mounts() {
	local device at type rest
	while read -r device at type rest; do
		[[ $type == fuse.neevfs ]] && printf '%b\n' "${at//\\/\\0}"
	done </proc/self/mounts
}

# COMPREPLY: what may stand in place of $1, a list of options. $2 is what of the word is not part of the list.
_neevfs_list() { # LIST BEFORE PROGRAM
	local before=${1%"${1##*,}"} item=${1##*,} values= IFS=$' \t\n' i breaks cut=
	case $item in
	*=*)
		before+=${item%%=*}=
		values=${item#*=}
		case $item in
		allow=*)
			before+=${values%"${values##*:}"}
			mapfile -t COMPREPLY < <(compgen -W 'create scale delete none' -- "${values##*:}")
			;;
		log_level=*) mapfile -t COMPREPLY < <(compgen -W 'error warning notice info debug' -- "$values") ;;
		*_file=* | log=* | journal=*)
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -f -- "$values")
			;;
		esac
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -W "$(_neevfs_options "$3")" -- "$item")
		;;
	esac
	compopt -o nospace
	# readline takes the word for the rest after one of these
	before=$2$before
	for ((i = ${#before}; i > 0; i--)); do
		breaks=${before:i-1:1}
		[[ $breaks == [=:] && $COMP_WORDBREAKS == *"$breaks"* ]] && cut=${before:0:i} && break
	done
	before=${before#"$cut"}
	for i in "${!COMPREPLY[@]}"; do
		COMPREPLY[i]=$before${COMPREPLY[i]}
	done
}

_neevfs() {
	local line=${COMP_LINE:0:COMP_POINT} words program=${1/#\~/$HOME}
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	local cur=${words[-1]} command=
	COMPREPLY=()
	[ ${#words[@]} -gt 2 ] && command=${words[1]}
	case $command in
	umount | login | logout | status | doctor) ;;
	*) command=mount ;;
	esac
	if [[ ${words[-2]} == -o || ${words[-2]} == -[fd]o ]]; then
		_neevfs_list "$cur" '' "$program"
	elif [[ $cur == -o?* ]]; then
		_neevfs_list "${cur#-o}" -o "$program"
	elif [[ $cur == -* ]]; then
		case $command in
		mount) mapfile -t COMPREPLY < <(compgen -W '-f -d -o -h -V --help --version --sandbox' -- "$cur") ;;
		doctor) mapfile -t COMPREPLY < <(compgen -W '-o --sandbox' -- "$cur") ;;
		login) mapfile -t COMPREPLY < <(compgen -W '-o --token-stdin' -- "$cur") ;;
		esac
	else
		case $command in
		umount | doctor)
			compopt -o filenames
			local at
			while IFS= read -r at; do
				[[ $at == "$2"* ]] && COMPREPLY+=("$at")
			done < <(_neevfs_mounts)
			[[ $command != doctor ]] || mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$2")
			;;
		mount)
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -d -- "$2")
			[ ${#words[@]} = 2 ] && mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W 'umount login logout status doctor' -- "$cur")
			;;
		esac
	fi
}
complete -F _neevfs neevfs
