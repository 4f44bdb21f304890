#!/bin/sh
# Makes everything compose.yaml needs: keys and passwords in secrets/, the database's certificate in tls/, the host name in .env,
# and settings.env, which you edit.
#   ./prepare.sh presence.example.org
# Running it again changes nothing that exists. **Keep a copy of secrets/server/ENCRYPTION_KEY and secrets/server/SECRET_KEY
# elsewhere: without them nothing in the database can be read.**
set -eu
umask 077
here=$(dirname "$(readlink -f "$0")")
out=${SMARTPRESENCE_COMPOSE_DIR:-$here}
name=${1:?usage: prepare.sh HOSTNAME}
case $name in *[!A-Za-z0-9.-]*) echo "prepare.sh: $name is not a host name" >&2; exit 2 ;; esac
server=$out/secrets/server
database=$out/secrets/database
# No other user can open the folders, even if a restore made them before. The containers' users must be able to read the files
# inside that are mounted for them.
mkdir -p "$server" "$database" "$out/tls"
chmod 0700 "$out/secrets"
chmod 0755 "$server" "$database"
chmod -R a+r "$server"

secret() { [ -s "$1" ] || { $2 > "$1"; chmod 0444 "$1"; }; }
secret "$server/ENCRYPTION_KEY" 'openssl rand -base64 32'
secret "$server/SECRET_KEY" 'openssl rand -base64 32'
secret "$server/SMARTPRESENCE_OPERATIONS_TOKEN" 'openssl rand -hex 32'
secret "$database/POSTGRES_PASSWORD" 'openssl rand -hex 32'
url() { printf 'postgres://smartpresence:%s@postgres:5432/smartpresence?sslmode=verify-full&sslrootcert=/tls/ca.pem' "$(cat "$database/POSTGRES_PASSWORD")"; }
secret "$server/SMARTPRESENCE_DATABASE_URL" url

if [ ! -s "$out/tls/postgres.pem" ]; then
  ca=$(mktemp -d)
  trap 'rm -rf "$ca"' EXIT
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=SmartPresence database CA' \
    -addext 'basicConstraints=critical,CA:true,pathlen:0' -addext 'keyUsage=critical,keyCertSign' \
    -keyout "$ca/ca.key" -out "$out/tls/ca.pem" 2> /dev/null
  # The CA's key is deleted: a new certificate needs a new CA.
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=postgres' \
    -CA "$out/tls/ca.pem" -CAkey "$ca/ca.key" -addext 'subjectAltName=DNS:postgres' \
    -addext 'basicConstraints=critical,CA:false' -keyout "$database/postgres.key" -out "$out/tls/postgres.pem" 2> /dev/null
  chmod 0444 "$database/postgres.key" "$out/tls/ca.pem" "$out/tls/postgres.pem"
fi
[ -s "$out/.env" ] || printf 'SMARTPRESENCE_HOSTNAME=%s\n' "$name" > "$out/.env"
[ -s "$out/settings.env" ] || cp "$here/settings.env.example" "$out/settings.env"
echo "Ready: edit settings.env, then run podman compose up -d"
