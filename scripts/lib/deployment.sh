# The secrets of docker-compose.yml and of the overlays in k8s/. Sourced by scripts/generate-secrets.
#
#   compose_secrets                                       for the head and the branches east and west
#   cluster_secrets OVERLAY [--broker-name HOST]...       for the overlay's branches; prints Kubernetes' Secrets
#
# Both have the same files under the same names. Passwords are letters and digits, so a URL takes them as they are.
# shellcheck shell=bash

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Where every container finds the authority.
AUTHORITY=/run/trunkline/authority/ca.pem

compose_secrets() {
  local directory
  directory=$(dirname "$scripts")/secrets
  if [[ -t 1 ]]; then echo "Into $directory:"; fi
  make_files "$directory" '' '' east west
  # Compose mounts a file with its owner and mode; the services run as users of their own. Mode 700 of the directory
  # keeps everybody else on this machine out.
  find "$directory" -type f ! -name 'ca.key' -exec chmod 644 {} +
}

cluster_secrets() {
  local overlay=${1:?name an overlay} directory namespace names=() branches=() folder branch
  shift
  while (($#)); do
    [[ $1 == --broker-name && ${2:-} ]] || usage
    names+=("$2")
    shift 2
  done
  [[ -e $overlay/kustomization.yaml ]] || { echo "there is no $overlay/kustomization.yaml" >&2 && exit 66; }
  namespace=$(sed -n 's/^namespace: *\([a-z0-9-]*\).*/\1/p' "$overlay/kustomization.yaml")
  for folder in "$overlay"/branches/*/kustomization.yaml; do
    if [[ -e $folder ]]; then
      folder=${folder%/*}
      branches+=("${folder##*/}")
    fi
  done
  directory=$overlay/secrets
  make_files "$directory" "$namespace" "${names[*]}" "${branches[@]}" >&2

  cd "$directory" || exit
  # It must be there before what is in it; the overlay has it too.
  cat ../namespace.yaml
  instance=broker
  secret authority ca.pem=ca.pem
  secret rabbitmq erlang-cookie=erlang-cookie definitions.json=definitions.json ca.pem=ca.pem \
    tls.crt=rabbitmq.pem tls.key=rabbitmq.key
  secret rabbitmq-management url=management-url
  office_secrets head
  for branch in "${branches[@]}"; do office_secrets "$branch"; done
}

office_secrets() { # OFFICE
  instance=$1
  local database=(tls.crt="$1-database.pem" tls.key="$1-database.key"
    superuser-password="$1-database-superuser-password"
    owner-password="$1-database-owner-password" service-password="$1-database-service-password")
  if [[ $1 == head ]]; then
    secret head-broker url=head-broker-url
  else
    secret "$1-broker" url="$1-broker-url" password="$1-broker-password"
    database+=(till-password="$1-database-till-password")
  fi
  secret "$1-database" "${database[@]}"
  secret "$1-database-owner" url="$1-database-owner-url"
  secret "$1-database-service" url="$1-database-service-url"
}

# A Secret of Kubernetes, its values from files. Its labels say whose it is, as those of the overlay's objects do:
# $instance.
secret() { # NAME KEY=FILE...
  local pair
  printf -- '---\napiVersion: v1\nkind: Secret\ntype: Opaque\n'
  printf 'metadata:\n  name: %s\n  namespace: %s\n  labels:\n' "$1" "$namespace"
  printf '    app.kubernetes.io/part-of: trunkline\n    app.kubernetes.io/instance: %s\ndata:\n' "$instance"
  for pair in "${@:2}"; do printf '  %s: %s\n' "${pair%%=*}" "$(base64 --wrap=0 "${pair#*=}")"; done
}

# ---- The files, all in one directory

make_files() { # DIRECTORY NAMESPACE BROKER-NAMES BRANCH...
  local directory=$1 namespace=$2 names office passwords=(administrator-password head-broker-password erlang-cookie)
  read -ra names <<<"$3"
  shift 3
  for office in head "$@"; do
    passwords+=("$office"-database-{superuser,owner,service}-password)
    if [[ $office != head ]]; then passwords+=("$office"-database-till-password "$office-broker-password"); fi
  done
  "$scripts/generate-secrets" "$directory" "${passwords[@]}"
  "$scripts/generate-certificates" "$directory" ca
  server rabbitmq "${names[@]}"
  for office in head "$@"; do server "$office-database"; done
  # generate-certificates lets others read the certificates.
  chmod 700 "$directory"

  (
    umask 077
    cd "$directory" || exit
    for office in head "$@"; do
      url "$office-database-owner-url" "$(database_url "$office" owner trunkline_owner)"
      url "$office-database-service-url" "$(database_url "$office" service trunkline_service)"
      url "$office-broker-url" "amqps://trunkline.$office:$(<"$office-broker-password")@rabbitmq:5671/"
      if [[ $office != head ]]; then url "$office-database-till-url" "$(database_url "$office" till till)"; fi
    done
    url management-url "https://administrator:$(<administrator-password)@rabbitmq:15671"
    definitions >definitions.json
  )
}

server() { # NAME [HOST]...
  local hosts=("$1" localhost)
  if [[ $namespace ]]; then hosts+=("$1.$namespace" "$1.$namespace.svc" "$1.$namespace.svc.cluster.local"); fi
  "$scripts/generate-certificates" "$directory" server "$1" "${hosts[@]}" "${@:2}"
}

# They follow from the passwords, so they are written anew.
url() { printf '%s\n' "$2" >"$1"; }

database_url() { # OFFICE ROLE USER
  local name=shop
  if [[ $1 == head ]]; then name=headoffice; fi
  echo "postgres://$3:$(<"$1-database-$2-password")@$1-database:5432/$name?sslmode=verify-full&sslrootcert=$AUTHORITY"
}

# The broker's own users; those of the branches are made by `trunkline branch add`.
definitions() {
  cat <<DEFINITIONS
{
  "vhosts": [{"name": "/"}],
  "users": [
    {"name": "administrator", "password": "$(<administrator-password)", "tags": "administrator"},
    {"name": "trunkline.head", "password": "$(<head-broker-password)", "tags": ""}
  ],
  "permissions": [
    {"user": "administrator", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"},
    {"user": "trunkline.head", "vhost": "/", "configure": "^trunkline\\\\.", "write": "^trunkline\\\\.",
      "read": "^trunkline\\\\."}
  ]
}
DEFINITIONS
}
