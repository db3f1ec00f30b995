# How the demo talks: headed steps, the commands it runs, and what they print. Sourced by scripts/demo.
#
#   heading TEXT                  the next step
#   tell LINE...                  a paragraph
#   note LINE                     one line more
#   command_line PROMPT TEXT      a command as somebody would type it
#   indented                      a filter
#   without_columns NAME...       a filter for tables of `trunkline`
#   now, seconds_since TIME       a stopwatch
# shellcheck shell=bash

# Characters, not bytes, are counted in without_columns.
export LC_ALL=C.UTF-8

# Colours are for people who watch.
bold='' dim='' green='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' plain=$'\e[0m'
fi

step=0
heading() {
  step=$((step + 1))
  printf '\n\n%s%d. %s%s\n' "$bold" "$step" "$1" "$plain"
}

tell() {
  echo
  printf '   %s\n' "$@"
}

note() { printf '   %s\n' "$1"; }

command_line() { printf '\n   %s%s%s %s\n' "$green" "$1" "$plain" "$2"; }

indented() { sed "s/^\(.*[^ ]\) *$/   $dim\1$plain/"; }

# The columns of a table are where its second line, the rule, says.
without_columns() {
  local title rule line name part start length kept=() left_out=''
  IFS= read -r title || return 0
  IFS= read -r rule || rule=''
  if [[ $rule != ─* ]]; then
    printf '%s\n' "$title" ${rule:+"$rule"}
    cat
    return
  fi
  start=0
  for part in $rule; do
    length=${#part}
    name=${title:start:length}
    name=${name%% *}
    if [[ " $* " == *" $name "* ]]; then left_out=1; else kept+=("$start $length"); fi
    start=$((start + length + 2))
  done
  # What stands below the table is no row of it.
  if [[ ! $left_out ]]; then
    printf '%s\n' "$title" "$rule"
    cat
    return
  fi
  { printf '%s\n' "$title" "$rule" && cat; } | while IFS= read -r line; do
    # The last line counts the rows.
    case $line in
    [0-9]*' row'*) echo "$line" ;;
    *)
      for part in "${kept[@]}"; do printf '%-*s  ' "${part#* }" "${line:${part% *}:${part#* }}"; done
      echo
      ;;
    esac
  done
}

now() { date +%s.%N; }
seconds_since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f s", b - a }'; }
