# The offices of the demo: their configuration, what their applications write, and their services. Sourced by
# scripts/demo, which sets kind (sqlite or postgres), bin, work and branches, and starts the servers.
#
#   database_url OFFICE           where its database is
#   configure OFFICE ROLE         writes work/OFFICE.yaml
#   sql OFFICE                    runs SQL from standard input, as its application would
#   trunkline OFFICE ARGUMENTS... the command-line tool, there
#   start_service OFFICE NAME     a process of its own; its log in work/logs
#   stop_services                 ends them all
#   pending, in_flight OFFICE     how many changes are not yet sent, or sent and not yet acked
#   wait_for_acks                 until nothing is pending or in flight at any office
#   wait_for_catalogue            until every branch has the price list as the head has it, its own notes, and as many
#                                 shared rows
#   all_answer WHAT SQL ANSWER    fails, and says where, unless every office's database answers so
#   sales COUNT REGION FIRST      SQL of generated sales, from number FIRST on; always the same ones
#   example_sales REGION          SQL of the example's rows of a region
# shellcheck shell=bash disable=SC2154

database_url() {
  if [[ $kind == postgres ]]; then echo "${POSTGRES_URL%/*}/$1"; else echo "sqlite://$work/$1.db"; fi
}

configure() { # OFFICE ROLE
  local broker route=''
  if [[ $2 == head ]]; then
    broker="url: $BROKER_URL"$'\n'"  management-url: $MANAGEMENT_URL"
    route=$'\n    route: {column: branch_id}'
  else
    broker="url-file: kits/$1/broker-url"
  fi
  (umask 077 && cat >"$work/$1.yaml") <<CONFIGURATION
office:
  id: $1
  role: $2
database:
  url: $(database_url "$1")
broker:
  $broker
tables:
  - product_sales
  - name: price
    direction: down
  - name: transfer_note
    direction: down$route
  - name: customer
    direction: shared
    conflict: {policy: merge-columns, then: manual}
  - name: item
    direction: shared
    conflict: {delta: [stock], then: head-wins}
CONFIGURATION
}

sql() { # OFFICE
  if [[ $kind == postgres ]]; then
    psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "$(database_url "$1")"
  else
    sqlite3 -batch -bail -cmd '.timeout 10000' "$work/$1.db"
  fi
}

# Paths are those of the folder.
trunkline() { # OFFICE ARGUMENTS...
  (cd "$work" && "$bin/trunkline" "${@:2}" --config "$1.yaml")
}

start_service() { # OFFICE NAME
  setsid "$bin/$2" --config "$work/$1.yaml" </dev/null >>"$work/logs/$1-$2.log" 2>&1 &
  identity $! >>"$work/services"
}

stop_services() {
  local service
  [[ -e $work/services ]] || return 0
  while read -r service; do signal_process TERM "$service"; done <"$work/services"
  while read -r service; do end_process "$service"; done <"$work/services"
}

# 500 sales a statement.
sales() { # COUNT REGION FIRST
  awk -v count="$1" -v region="$2" -v first="$3" 'BEGIN {
    split("Paper Pens Staplers Folders Lamps", product)
    split("12.95 2.19 8.40 1.05 39.90", cost)
    for (n = 0; n < count; n++) {
      if (n % 500 == 0)
        print (n ? ";\n" : "") "INSERT INTO product_sales (date, region, product, qty, cost, tax) VALUES"
      i = first + n
      kind = i * 7 % 5 + 1
      qty = 1 + i * 37 % 90
      printf "%s(\0472021-%02d-%02d\047, \047%s\047, \047%s\047, %d, %s, %.2f)\n", (n % 500 ? "," : ""),
        5 + int(i / 28) % 8, 1 + i % 28, region, product[kind], qty, cost[kind], qty * cost[kind] * 0.07
    }
    if (count > 0) print ";"
  }'
}

# The databases compute amt and total themselves.
example_sales() { # REGION
  awk -F, -v region="$1" '$2 == region {
    print "INSERT INTO product_sales (date, region, product, qty, cost, tax)"
    printf "VALUES (\047%s\047, \047%s\047, \047%s\047, %s, %s, %s);\n", $1, $2, $3, $4, $5, $7
  }' examples/product_sales.csv
}

# No answer counts as 1: nobody knows.
status_number() { # OFFICE NAME
  trunkline "$1" status --json | awk -v name="\"$2\"" '$1 == name { sum += $3 } END { print NR ? sum + 0 : 1 }'
}
pending() { status_number "$1" pending; }
in_flight() { status_number "$1" inFlightChanges; }
nothing_pending() { (($(pending "$1") == 0)); }
# The head last: it answers what a branch sends of a shared table.
all_acked() {
  local office
  for office in "${branches[@]}" head; do (($(pending "$office") + $(in_flight "$office") == 0)) || return 1; done
}
wait_for_acks() { wait_until 600 all_acked || { say "not everything was acked within 10 minutes" && return 1; }; }

PRICES='SELECT product, price FROM price ORDER BY product'
NOTES='SELECT branch_id, product, qty FROM transfer_note'
SHARED='SELECT (SELECT count(*) FROM customer), (SELECT count(*) FROM item)'
# A branch's table is there when its first rows have come.
has_catalogue() { # BRANCH
  local notes
  [[ $(sql "$1" <<<"$PRICES" 2>/dev/null) == "$(sql head <<<"$PRICES")" ]] || return 1
  [[ $(sql "$1" <<<"$SHARED") == "$(sql head <<<"$SHARED")" ]] || return 1
  notes=$(sql head <<<"$NOTES WHERE branch_id = '$1' ORDER BY id")
  [[ ! $notes || $(sql "$1" <<<"$NOTES ORDER BY id" 2>/dev/null) == "$notes" ]]
}
catalogue_is_everywhere() {
  local branch
  for branch in "${branches[@]}"; do has_catalogue "$branch" || return 1; done
}
wait_for_catalogue() {
  wait_until 600 catalogue_is_everywhere || { say "not every branch has all that the head wrote, after 10 minutes" && return 1; }
}

all_answer() { # WHAT SQL ANSWER
  local office answer
  for office in head "${branches[@]}"; do
    answer=$(sql "$office" <<<"$2")
    [[ $answer == "$3" ]] || { say "$1 at $office: ${answer:-none}, and should be $3" && return 1; }
  done
}
