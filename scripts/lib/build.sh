# Builds, and says how far it is. Sourced after packages.sh.
#
#   build_swift ARGUMENT...     `swift build` with these; a line every tenth of the way, or one that moves on a terminal
#   build_trunkline             the one executable that all of them are, in release; sets bin, where it is under each
#                               service's name
# shellcheck shell=bash

SERVICES=(branch-publisher branch-ack-listener branch-ingestor branch-acker
  head-ingestor head-acker head-publisher head-ack-listener stale-reaper)

build_swift() {
  local line step all shown=0 start=$SECONDS status
  # Its own warnings about other packages' folders help nobody here.
  swift build "$@" 2>&1 | while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
      step=${BASH_REMATCH[1]} all=${BASH_REMATCH[2]}
      if [[ -t 2 ]]; then
        printf '\r  step %s of %s, %s s ' "$step" "$all" "$((SECONDS - start))" >&2
      elif ((step * 10 / all > shown)); then
        shown=$((step * 10 / all))
        say "  step $step of $all, $((SECONDS - start)) s"
      fi
    elif [[ ! $line =~ ^(Fetch|Computing|Computed|Creating|Working|Updat|Building|Build |warning: \'|'    /') && $line ]]; then
      say "$line"
    fi
  done
  status=${PIPESTATUS[0]}
  if [[ -t 2 ]]; then say ""; fi
  return "$status"
}

build_trunkline() {
  local folder name
  build_swift --configuration release --product trunkline
  folder=$(swift build --configuration release --show-bin-path)
  # Under the name of a service it is that service.
  bin=$folder/by-name
  mkdir -p "$bin"
  for name in trunkline "${SERVICES[@]}"; do ln -sfn ../trunkline "$bin/$name"; done
}
