#!/bin/sh
# Makes the broker reload its access rules if they changed since it last read them. It remembers what was read, so that a failed
# reload is tried again. Run by smartpresence-broker-access.service, after it has written the rules.
#   broker-reload.sh FOLDER STATE
set -eu
cmp -s "$1/acl" "$2/acl.read" && exit 0
# Copy the rules before the reload, so that the next run notices rules that change meanwhile.
cp "$1/acl" "$2/acl.next"
# A broker that is not running reads them when it starts.
systemctl try-reload-or-restart smartpresence-mosquitto.service
mv "$2/acl.next" "$2/acl.read"
echo 'the broker has reloaded its changed access rules'
