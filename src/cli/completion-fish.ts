/** Completion in fish. `cases` sets what can follow each command. */
export function fishWalk(cases: string): string {
  return `# Completion of daruma in fish: daruma completion fish | source
function __daruma_here --no-scope-shadowing
  switch "$argv[1]"
${cases}
  end
end

function __daruma_value --no-scope-shadowing
  switch "$argv[1]"
    case services incidents errors
      $words[1] $globals completion fish --names $argv[1] 2>/dev/null
    case 'choices:*'
      string replace choices: '' -- $argv[1] | string split ,
    case files
      __fish_complete_path $current
  end
end

function __daruma_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l here daruma
  set -l count 0
  set -l want
  set -l option
  set -l subcommands
  set -l switches
  set -l valued
  set -l values
  set -l repeats
  set -l globals
  __daruma_here $here
  for word in $words[2..-1]
    if test -n "$want"
      contains -- $option --file --state-dir; and set -a globals $option $word
      set want
    else if string match -q -- '--*=*' $word
      string match -q -r -- '^--(file|state-dir)=' $word; and set -a globals $word
    else if string match -q -- '-*' $word
      set option $word
      set want (string match -- "$word=*" $valued | string replace -- "$word=" '')
    else if test $count -eq 0; and string match -q -- $word\\t'*' $subcommands
      set here "$here $word"
      __daruma_here $here
    else
      set count (math $count + 1)
    end
  end
  if test -z "$want"; and string match -q -- '--*=*' $current
    set option (string replace -r -- '=.*' '' $current)
    set current (string replace -- "$option=" '' $current)
    set want (string match -- "$option=*" $valued | string replace -- "$option=" '')
    __daruma_value "$want" | string replace -r -- '^' "$option="
  else if test -n "$want"
    __daruma_value $want
  else if string match -q -- '-*' $current
    printf '%s\\n' $switches
  else
    test $count -eq 0; and printf '%s\\n' $subcommands
    if test -n "$repeats"; and test $count -ge (count $values)
      set count (math (count $values) - 1)
    end
    __daruma_value "$values[$(math $count + 1)]"
  end
end

complete -c daruma -f -a '(__daruma_complete)'
`;
}
