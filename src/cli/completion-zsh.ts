/** Completion in zsh. `cases` sets what can follow each command. */
export function zshWalk(cases: string): string {
  return `#compdef daruma
# Completion of daruma in zsh: source <(daruma completion zsh), or as _daruma in a directory of fpath
_daruma_here() {
  case $1 in
${cases}
  esac
}

_daruma_value() {
  local -a names
  case $1 in
    (services|incidents|errors)
      names=(\${(f)"$(\${(Q)words[1]} $globals completion zsh --names $1 2>/dev/null)"})
      ;;
    (choices:*) names=(\${(s:,:)1#choices:}) ;;
    (files)
      _files
      return
      ;;
  esac
  compadd -a names
}

_daruma() {
  local here=daruma count=0 want= option= repeats= word i
  local -a subcommands switches valued values globals
  _daruma_here $here
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    if [[ -n $want ]]; then
      [[ $option == (--file|--state-dir) ]] && globals+=($option $word)
      want=
    elif [[ $word == --*=* ]]; then
      [[ $word == (--file|--state-dir)=* ]] && globals+=($word)
    elif [[ $word == -* ]]; then
      option=$word
      want=\${\${(M)valued:#$word=*}#*=}
    elif [[ $count -eq 0 && -n \${(M)subcommands:#$word:*} ]]; then
      here+=" $word"
      _daruma_here $here
    else
      (( count += 1 ))
    fi
  done
  if [[ -z $want && $PREFIX == --*=* ]]; then
    want=\${\${(M)valued:#\${PREFIX%%=*}=*}#*=}
    compset -P '*='
  fi
  if [[ -n $want ]]; then
    _daruma_value $want
  elif [[ $PREFIX == -* ]]; then
    _describe -o option switches
  else
    [[ $count -eq 0 && -n $subcommands ]] && _describe command subcommands
    [[ -n $repeats && $count -ge $#values ]] && count=$(( $#values - 1 ))
    _daruma_value "\${values[count + 1]}"
  fi
}

if [[ $funcstack[1] == _daruma ]]; then
  _daruma "$@"
else
  compdef _daruma daruma
fi
`;
}
