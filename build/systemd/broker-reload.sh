#!/bin/sh
# Has the broker read its access rules where they are other than those that it read last. What it read is kept, so that a reload
# that failed is tried again. Run by smartpresence-broker-access.service, after it has written the rules.
#   broker-reload.sh FOLDER STATE
set -eu
cmp -s "$1/acl" "$2/acl.read" && exit 0
# Before the broker is told: rules that change meanwhile are seen as new by the next run.
cp "$1/acl" "$2/acl.next"
# One that does not run reads them when it starts.
systemctl try-reload-or-restart smartpresence-mosquitto.service
mv "$2/acl.next" "$2/acl.read"
echo 'the access rules are new; the broker has them'
