# Private RabbitMQ and PostgreSQL servers for tests, demo and benchmark. To be sourced by bash.
#
# A server lives in a directory of its own: data, logs, ports, credentials and process ids. It listens on
# 127.0.0.1 only, knows nothing of a server of the system, and is stopped by the process ids that were noted when
# it started, never by name. Starting it again in the same directory keeps its data, ports and password.
#
#   free_port                    prints a TCP port that nobody listens on
#   start_rabbitmq DIR           sets BROKER_URL, BROKER_TLS_URL, BROKER_CA_FILE, MANAGEMENT_URL, MANAGEMENT_TLS_URL,
#                                RABBITMQ_PID
#   rabbitmq_control DIR ...     rabbitmqctl for the server in DIR
#   start_postgres DIR [logical] sets POSTGRES_URL, POSTGRES_PID; `logical`: wal_level for logical replication
#   stop_server DIR              stops the server in DIR in an orderly way
#   kill_server DIR              ends it at once (SIGKILL), as a crash would
#   stop_servers_under DIR       stops the servers in the directories of DIR
#   stop_servers                 stops all that this shell started; call it in an EXIT trap
# shellcheck shell=bash

POSTGRES_BIN=${POSTGRES_BIN:-/usr/lib/postgresql/15/bin}
RABBITMQ_BIN=${RABBITMQ_BIN:-/usr/lib/rabbitmq/bin}
START_SECONDS=${START_SECONDS:-60}
# A folder with another Debian, whose RabbitMQ is run; the servers' directories are in it. See use_rabbitmq_4.
RABBITMQ_ROOT=${RABBITMQ_ROOT:-}
STARTED_DIRECTORIES=()

# shellcheck source=scripts/lib/packages.sh
. "$(dirname "${BASH_SOURCE[0]}")/packages.sh"

# ---- Ports and processes

# Below the range from which the kernel takes the ports of outgoing connections.
free_port() {
  local port
  while true; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    if ! port_taken "$port"; then
      echo "$port"
      return
    fi
  done
}

# /proc/net/tcp: the second column is the local address in hexadecimal, the fourth 0A for listening.
port_taken() {
  local hex
  printf -v hex ':%04X' "$1"
  awk -v hex="$hex" 'index($2, hex) && $4 == "0A" { found = 1 } END { exit !found }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# A process id with its start time, so that a reused id is never taken for ours.
identity() { echo "$1:$(start_time "$1")"; }

start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  stat=${stat##*) }
  # shellcheck disable=SC2086 # Fields are split on purpose.
  set -- $stat
  # A zombie has ended.
  if [[ $1 != Z ]]; then echo "${20}"; fi
}

running() { [[ ${1:-} == *:?* && $(identity "${1%%:*}") == "$1" ]]; }

signal_process() { if running "$2"; then kill "-$1" "${2%%:*}" 2>/dev/null || true; fi; }

# wait_until SECONDS COMMAND...
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    if ((SECONDS >= end)); then return 1; fi
    sleep 0.05
  done
}

not_running() { ! running "$1"; }

end_process() {
  signal_process TERM "$1"
  if ! wait_until "$START_SECONDS" not_running "$1"; then
    signal_process KILL "$1"
    wait_until "$START_SECONDS" not_running "$1"
  fi
}

# ---- The record of a server: lines of name=value in DIR/server

remember() { printf '%s=%s\n' "$2" "$3" >>"$1/server"; }

# The newest value of a name; empty when there is none.
recall() { sed -n "s/^$2=//p" "$1/server" 2>/dev/null | tail -n 1; }

process_id() {
  local process
  process=$(recall "$1" process)
  echo "${process%%:*}"
}

prepare_directory() {
  mkdir -p "$1"
  # Another user may have to pass through on the way to its own files.
  chmod 711 "$1"
  touch "$1/server"
  chmod 600 "$1/server"
  remember "$1" kind "$2"
}

# ---- RabbitMQ

IN_ROOT=()
if [[ $RABBITMQ_ROOT ]]; then IN_ROOT=(chroot "$RABBITMQ_ROOT"); fi

# The RabbitMQ of the Debian release after this one, beside the one that is installed: in a folder of its own, which is
# made once. Needs root. What is started from here on, also by the tests, is that one.
use_rabbitmq_4() {
  local mirror
  RABBITMQ_ROOT=/var/cache/trunkline/rabbitmq-4
  if [[ ! -x $RABBITMQ_ROOT/usr/lib/rabbitmq/bin/rabbitmq-server ]]; then
    ensure_packages debootstrap
    # shellcheck disable=SC2016 # apt-get fills in the placeholder.
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -n 1)
    rm -rf "$RABBITMQ_ROOT"
    mkdir -p "$RABBITMQ_ROOT"
    debootstrap --variant=minbase --include=rabbitmq-server trixie "$RABBITMQ_ROOT" "$mirror" >"$RABBITMQ_ROOT.log" 2>&1 ||
      { tail -n 5 "$RABBITMQ_ROOT.log" >&2 && exit 69; }
  fi
  # So that a path in the folder means the same inside.
  mkdir -p "$RABBITMQ_ROOT$(dirname "$RABBITMQ_ROOT")"
  ln -sfn / "$RABBITMQ_ROOT$RABBITMQ_ROOT"
  IN_ROOT=(chroot "$RABBITMQ_ROOT")
  export RABBITMQ_ROOT TMPDIR=$RABBITMQ_ROOT/tmp
}

start_rabbitmq() {
  local dir user
  prepare_directory "$1" rabbitmq
  dir=$(cd "$1" && pwd)
  if [[ -z $(recall "$dir" port) ]]; then configure_rabbitmq "$dir"; fi
  STARTED_DIRECTORIES+=("$dir")
  if ! running "$(recall "$dir" epmd)"; then launch_epmd "$dir"; fi
  if ! running "$(recall "$dir" process)"; then launch_rabbitmq "$dir"; fi
  user=trunkline:$(recall "$dir" password)
  BROKER_URL=amqp://$user@127.0.0.1:$(recall "$dir" port)/
  BROKER_TLS_URL=amqps://$user@localhost:$(recall "$dir" tls_port)/
  BROKER_CA_FILE=$dir/tls/ca.pem
  MANAGEMENT_URL=http://$user@127.0.0.1:$(recall "$dir" management_port)
  MANAGEMENT_TLS_URL=https://$user@localhost:$(recall "$dir" management_tls_port)
  wait_for_start "$dir" "$dir/rabbitmq.log" rabbitmq_answers
  RABBITMQ_PID=$(process_id "$dir")
  export BROKER_URL BROKER_TLS_URL BROKER_CA_FILE MANAGEMENT_URL MANAGEMENT_TLS_URL RABBITMQ_PID
}

# Erlang would start one by itself, whose process id we would not know.
launch_epmd() {
  HOME=$1 setsid "${IN_ROOT[@]}" epmd -address 127.0.0.1 -port "$(recall "$1" epmd_port)" </dev/null >>"$1/epmd.log" 2>&1 &
  remember "$1" epmd "$(identity $!)"
}

# RUNNING_UNDER_SYSTEMD makes the script replace itself by the server, so that $! is the server's id.
launch_rabbitmq() {
  local dir=$1 port epmd distribution
  port=$(recall "$dir" port)
  epmd=$(recall "$dir" epmd_port)
  distribution=$(recall "$dir" distribution_port)
  env -u NOTIFY_SOCKET \
    HOME="$dir" \
    ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$epmd" \
    RABBITMQ_ADVANCED_CONFIG_FILE="$dir/advanced.config" \
    RABBITMQ_CONF_ENV_FILE=/dev/null \
    RABBITMQ_CONFIG_FILE="$dir/rabbitmq.conf" \
    RABBITMQ_DIST_PORT="$distribution" \
    RABBITMQ_ENABLED_PLUGINS_FILE="$dir/enabled_plugins" \
    RABBITMQ_LOG_BASE="$dir/log" \
    RABBITMQ_MNESIA_BASE="$dir/mnesia" \
    RABBITMQ_NODENAME="trunkline-$port@localhost" \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}' \
    RUNNING_UNDER_SYSTEMD=true \
    setsid "${IN_ROOT[@]}" "$RABBITMQ_BIN/rabbitmq-server" </dev/null >>"$dir/rabbitmq.log" 2>&1 &
  remember "$dir" process "$(identity $!)"
}

configure_rabbitmq() {
  local dir=$1 port tls_port management management_tls password
  port=$(free_port)
  tls_port=$(free_port)
  management=$(free_port)
  management_tls=$(free_port)
  password=$(od -An -N 16 -t x1 /dev/urandom | tr -d ' \n')
  remember "$dir" port "$port"
  remember "$dir" tls_port "$tls_port"
  remember "$dir" management_port "$management"
  remember "$dir" management_tls_port "$management_tls"
  remember "$dir" distribution_port "$(free_port)"
  remember "$dir" epmd_port "$(free_port)"
  remember "$dir" password "$password"
  make_certificates "$dir/tls"
  echo '[rabbitmq_management].' >"$dir/enabled_plugins"
  echo '[].' >"$dir/advanced.config"
  (umask 077 && cat >"$dir/rabbitmq.conf") <<CONFIGURATION
listeners.tcp.default = 127.0.0.1:$port
listeners.ssl.default = 127.0.0.1:$tls_port
ssl_options.cacertfile = $dir/tls/ca.pem
ssl_options.certfile = $dir/tls/server.pem
ssl_options.keyfile = $dir/tls/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
management.tcp.ip = 127.0.0.1
management.tcp.port = $management
management.ssl.ip = 127.0.0.1
management.ssl.port = $management_tls
management.ssl.cacertfile = $dir/tls/ca.pem
management.ssl.certfile = $dir/tls/server.pem
management.ssl.keyfile = $dir/tls/server.key
default_user = trunkline
default_pass = $password
default_user_tags.administrator = true
# The write-ahead log of quorum queues is kept in memory up to this size.
raft.wal_max_size_bytes = 67108864
# What RabbitMQ 3.10 takes; 4 takes 16 MiB unless it is told otherwise.
max_message_size = 134217728
CONFIGURATION
  # The other way to know its memory is /proc, which the folder has not.
  if [[ $RABBITMQ_ROOT ]]; then echo 'vm_memory_calculation_strategy = allocated' >>"$dir/rabbitmq.conf"; fi
}

# An authority of this server alone, and a certificate for localhost and for no other name.
make_certificates() {
  local generate
  generate=$(dirname "${BASH_SOURCE[0]}")/../generate-certificates
  { "$generate" "$1" ca && "$generate" "$1" server server localhost; } >>"$1.log" 2>&1
}

rabbitmq_control() {
  local dir=$1
  shift
  HOME=$dir ERL_EPMD_PORT=$(recall "$dir" epmd_port) RABBITMQ_CONF_ENV_FILE=/dev/null \
    RABBITMQ_NODENAME=trunkline-$(recall "$dir" port)@localhost "${IN_ROOT[@]}" "$RABBITMQ_BIN/rabbitmqctl" --quiet "$@"
}

rabbitmq_answers() { curl --silent --fail --output /dev/null "$MANAGEMENT_URL/api/overview"; }

# ---- PostgreSQL

start_postgres() {
  local dir
  prepare_directory "$1" postgres
  dir=$(cd "$1" && pwd)
  if [[ -z $(recall "$dir" port) ]]; then
    create_cluster "$dir"
    remember "$dir" port "$(free_port)"
  fi
  STARTED_DIRECTORIES+=("$dir")
  if ! running "$(recall "$dir" process)"; then launch_postgres "$dir" "${2:-replica}"; fi
  POSTGRES_URL=postgres://postgres@127.0.0.1:$(recall "$dir" port)/postgres
  wait_for_start "$dir" "$dir/postgres.log" postgres_answers
  POSTGRES_PID=$(process_id "$dir")
  export POSTGRES_URL POSTGRES_PID
}

launch_postgres() {
  local dir=$1 wal_level=$2
  choose_database_user
  "${AS_DATABASE_USER[@]}" setsid "$POSTGRES_BIN/postgres" -D "$dir/data" -p "$(recall "$dir" port)" \
    -c wal_level="$wal_level" </dev/null >>"$dir/postgres.log" 2>&1 &
  remember "$dir" process "$(identity $!)"
}

create_cluster() {
  local dir=$1
  choose_database_user
  mkdir -p "$dir/data"
  if ((EUID == 0)); then
    chown postgres: "$dir/data"
    if ! "${AS_DATABASE_USER[@]}" test -x "$dir"; then
      say "the user postgres cannot reach $dir; choose a directory outside of a private home"
      return 1
    fi
  fi
  "${AS_DATABASE_USER[@]}" "$POSTGRES_BIN/initdb" -D "$dir/data" --username=postgres --auth=trust \
    --encoding=UTF8 --locale=C.UTF-8 </dev/null >>"$dir/postgres.log" 2>&1
  # No socket file: its path may have at most 107 bytes, and everything here connects over TCP.
  cat >>"$dir/data/postgresql.conf" <<CONFIGURATION
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
CONFIGURATION
}

# PostgreSQL refuses to run as root.
choose_database_user() {
  AS_DATABASE_USER=(env)
  if ((EUID == 0)); then
    AS_DATABASE_USER=(setpriv --reuid=postgres --regid=postgres --init-groups)
  fi
}

postgres_answers() { psql --no-psqlrc --quiet --command='select' "$POSTGRES_URL" >/dev/null 2>&1; }

# ---- Starting and stopping

wait_for_start() {
  local dir=$1 log=$2 answers=$3 end=$((SECONDS + START_SECONDS)) process
  process=$(recall "$dir" process)
  until running "$process" && "$answers"; do
    if ! running "$process" || ((SECONDS >= end)); then
      say "a server did not start; the end of $log:"
      tail -n 20 "$log" >&2
      return 1
    fi
    sleep 0.05
  done
}

# SIGTERM is RabbitMQ's orderly end. PostgreSQL takes SIGINT as a «fast» one: SIGTERM waits for its clients.
stop_server() {
  local process
  process=$(recall "$1" process)
  if [[ $(recall "$1" kind) == postgres ]]; then signal_process INT "$process"; fi
  end_process "$process"
  end_process "$(recall "$1" epmd)"
}

# As in a crash: the server, and the processes that it started itself, such as PostgreSQL's backends.
kill_server() {
  local process child processes children
  process=$(recall "$1" process)
  if ! running "$process"; then return; fi
  processes=("$process")
  read -ra children <"/proc/${process%%:*}/task/${process%%:*}/children" || true
  for child in "${children[@]}"; do processes+=("$(identity "$child")"); done
  for process in "${processes[@]}"; do signal_process KILL "$process"; done
  for process in "${processes[@]}"; do wait_until "$START_SECONDS" not_running "$process"; done
  # Where nobody reaps orphans, a dead server's id stays taken, and PostgreSQL would take that for a running one.
  rm -f "$1/data/postmaster.pid"
}

# Those that a test left behind in directories under DIR.
stop_servers_under() {
  local record
  for record in "$1"/*/server; do
    if [[ -e $record ]]; then stop_server "${record%/server}"; fi
  done
}

stop_servers() {
  local dir
  for dir in "${STARTED_DIRECTORIES[@]}"; do stop_server "$dir"; done
  STARTED_DIRECTORIES=()
}
