/** Completion in bash. `cases` sets what can follow each command. */
export function bashWalk(cases: string): string {
  return `# Completion of daruma in bash: source <(daruma completion bash)
_daruma_here() {
  case $1 in
${cases}
  esac
}

_daruma_value() {
  local names=
  case $1 in
    services | incidents | errors)
      names=$("\${COMP_WORDS[0]}" "\${globals[@]}" completion bash --names "$1" 2>/dev/null)
      ;;
    choices:*)
      names=\${1#choices:}
      names=\${names//,/ }
      ;;
    files)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
  esac
  COMPREPLY+=($(compgen -W "$names" -- "$current"))
}

_daruma() {
  local current=\${COMP_WORDS[COMP_CWORD]} here=daruma count=0 want= option= word i
  local subcommands switches valued values repeats
  local -a globals=() list=()
  COMPREPLY=()
  _daruma_here "$here"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $want ]]; then
      # Bash makes a word of the = in --file=x.
      [[ $word == = ]] && continue
      [[ $option == --file || $option == --state-dir ]] && globals+=("$option" "$word")
      want=
    elif [[ $word == -* ]]; then
      option=$word
      if [[ " $valued" == *" $word="* ]]; then
        want=" $valued"
        want=\${want#*" $word="}
        want=\${want%% *}
      fi
    elif [[ $count -eq 0 && " $subcommands " == *" $word "* ]]; then
      here+=" $word"
      _daruma_here "$here"
    else
      count=$((count + 1))
    fi
  done
  if [[ -n $want ]]; then
    [[ $current == = ]] && current=
    _daruma_value "$want"
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$switches" -- "$current"))
  else
    [[ $count -eq 0 ]] && COMPREPLY=($(compgen -W "$subcommands" -- "$current"))
    list=($values)
    [[ -n $repeats && $count -ge \${#list[@]} ]] && count=$((\${#list[@]} - 1))
    _daruma_value "\${list[count]}"
  fi
}

complete -F _daruma daruma
`;
}
