# SPDX-License-Identifier: MIT
# bash completion of fhctl: commands, options, and names that fhctl tells.
_fhctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} cmd='' i words=''
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*)
			cmd=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	case $cmd in
	'') words="help $(fhctl commands 2>/dev/null)" ;;
	help) words=$(fhctl commands 2>/dev/null) ;;
	info | start | stop | restart | pause | resume | destroy | console | create)
		words=$(fhctl --json list 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4)
		;;
	claim)
		if [ $((COMP_CWORD - i)) = 1 ]; then
			words='list stake renew release'
		else
			words=$(fhctl --json claim list 2>/dev/null | grep -o '"claim":"[^"]*"' | cut -d'"' -f4 | sort -u)
		fi
		;;
	esac
	case $cmd in
	'') words="$words --json --color --no-color --help" ;;
	stop) words="$words --force" ;;
	create) words="$words --together --kernel --ramdisk --dtb -c" ;;
	console) words="$words --seconds --until" ;;
	claim)
		case ${COMP_WORDS[i + 1]} in
		stake) words='--lease --wait' ;;
		renew) words="$words --lease" ;;
		list) words='' ;;
		esac
		;;
	memory) words=--owners ;;
	events) words='--follow --count --seconds' ;;
	log) words=--lines ;;
	top) words='--interval --count' ;;
	trace) words='--seconds --perfetto' ;;
	esac
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-c | --kernel | --ramdisk | --dtb) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
	esac
}
complete -F _fhctl fhctl
