# What scripts/chaos and scripts/hour-a-day share. Sourced by bash.
#
#   run_chaos COMMAND [ARGUMENT...]   builds, runs `trunkline-chaos COMMAND` in a directory of its own, clears away
# shellcheck shell=bash

# shellcheck source=scripts/lib/servers.sh
. "$(dirname "${BASH_SOURCE[0]}")/servers.sh"

run_chaos() {
  local arguments=() configuration=debug status=0 bin
  while (($#)); do
    case $1 in
    --release) configuration=release ;;
    -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" && exit ;;
    *) arguments+=("$1") ;;
    esac
    shift
  done
  # Whatever runs in the shell that called this: the run sets what it needs itself.
  for name in ${!TRUNKLINE_@}; do unset "$name"; done
  ensure_packages postgres
  ensure_swift
  say "Building ($configuration)"
  swift build -c "$configuration" --quiet >&2
  bin=$(swift build -c "$configuration" --show-bin-path)

  chaos_work=$(mktemp -d)
  chmod 711 "$chaos_work"
  mkdir "$chaos_work/logs"
  trap clear_away EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  TMPDIR=$chaos_work "$bin/trunkline-chaos" "${arguments[@]}" --logs "$chaos_work/logs" || status=$?
  if ((status != 0)); then chaos_failed=1; fi
  exit "$status"
}

# Whatever a run that was interrupted left behind.
clear_away() {
  local mounted
  stop_servers_under "$chaos_work" >/dev/null 2>&1 || true
  while read -r _ mounted _; do
    if [[ $mounted == "$chaos_work"/* ]]; then umount --lazy "$mounted"; fi
  done </proc/mounts
  if [[ ${chaos_failed:-} ]]; then
    find "$chaos_work" -mindepth 1 -maxdepth 1 ! -name logs -exec rm -rf {} +
    say "Logs: $chaos_work/logs"
  else
    rm -rf "$chaos_work"
  fi
}
