#!/bin/sh
# Installs this SmartPresence server into /opt/smartpresence/VERSION and makes it the current one; running it again changes
# nothing. See docs/develop/packages.md. It starts and restarts no server.
set -eu
LC_ALL=C
export LC_ALL
umask 022

usage() {
  cat <<'END'
install.sh [--no-units]
install.sh --uninstall [--purge]

  --no-units   no systemd units: for a container image, or another init system
  --uninstall  removes program, units and links; configuration, keys and data stay
  --purge      with --uninstall: removes those too. Without a copy of the keys, no backup can be read then

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 refused, and the last line says what to do.
END
}

# Set only by the Debian package, which has already installed program, units and the link for the command.
packaged=
action=install units=yes purge=
for argument in "$@"; do
  case $argument in
    --no-units) units= ;;
    --uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    --packaged) packaged=yes ;;
    --help | -h) usage; exit 0 ;;
    *) printf 'install.sh: %s is not known\n\n' "$argument" >&2; usage >&2; exit 2 ;;
  esac
done

say() { printf '%s\n' "$*"; }
refuse() { printf 'install.sh: %s\n' "$*" >&2; exit 3; }

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
base=/opt/smartpresence
command=/usr/bin/smartpresence
systemd=/etc/systemd/system
config=/etc/smartpresence
data=/var/lib/smartpresence
user=smartpresence

[ "$(id -u)" = 0 ] || refuse 'only root can install a server: run it again as root, for example with sudo'
[ ! -e "$base/launcher" ] || refuse 'this machine is a kiosk: a server needs a machine of its own'
[ -z "$purge" ] || [ "$action" = uninstall ] || refuse '--purge goes with --uninstall'
if [ -z "$packaged" ] && dpkg-query --show --showformat='${db:Status-Status}' smartpresence-server 2>/dev/null | grep -qx installed; then
  refuse 'this server was installed by its Debian package: update or remove it with apt'
fi

# Whether systemd runs here, and therefore has to reload changed units.
running() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; }

ours() { find "$base/$1/systemd" -maxdepth 1 \( -name '*.service' -o -name '*.timer' \) -exec basename {} \; 2>/dev/null | sort; }

install_program() {
  version=$(sed -n 's/^ *"version": "\([0-9A-Za-z.-]*\)",$/\1/p' "$here/app/build.json" 2>/dev/null | head -n 1)
  [ -n "$version" ] || refuse "$here has no SmartPresence server: unpack the whole archive, and run the install.sh in it"
  machine=$(uname -m)
  case $(sed -n 's/^ *"platform": "\(.*\)",$/\1/p' "$here/app/build.json") in
    "linux-x64") [ "$machine" = x86_64 ] || refuse "this build is for x86_64, and this machine is $machine" ;;
    "linux-arm64") [ "$machine" = aarch64 ] || refuse "this build is for aarch64, and this machine is $machine" ;;
  esac
  "$here/bin/node" --version >/dev/null || refuse "the Node.js in $here/bin does not run here: it needs glibc 2.28 or later, and libstdc++"

  if [ "$here" != "$base/$version" ]; then
    if [ -e "$base/$version" ]; then
      diff -rq "$here" "$base/$version" >/dev/null || refuse "$base/$version exists and is another build: remove it first if nothing runs from it"
    else
      [ "$(df -Pk "$(dirname "$base")" | awk 'NR == 2 { print $4 }')" -gt 400000 ] || refuse "$base needs 400 MB of free space"
      say "copying to $base/$version"
      mkdir -p "$base"
      # An unfinished copy must never have the name of a version.
      rm -rf "$base/.new"
      cp -R "$here" "$base/.new"
      chown -R 0:0 "$base/.new"
      chmod -R u=rwX,go=rX "$base/.new"
      mv -T "$base/.new" "$base/$version"
      say "installed $base/$version"
    fi
  fi
  make_user
  mkdir -p "$config"
  [ -d "$config/credentials" ] || install -d -m 0700 "$config/credentials"
  [ -d "$data" ] || install -d -m 0700 -o $user -g $user "$data"
  point "$version" "$base/current"
  [ -n "$packaged" ] || point "$base/current/bin/smartpresence" "$command"
  if [ -n "$units" ] && [ -z "$packaged" ]; then put_units "$version"; fi
  if running; then systemctl daemon-reload; fi
  say "SmartPresence $version is the current version: $command --version"
  # The Debian package restarts running servers itself, and a container is started by its engine.
  if [ ! -e "$config/server.env" ]; then
    if [ -n "$units" ]; then say "Next: smartpresence setup"; fi
  elif [ -n "$units" ] && [ -z "$packaged" ]; then
    say "Next: systemctl restart smartpresence-server, and each smartpresence-server@NAME, one after the other"
  fi
}

make_user() {
  if id -u $user >/dev/null 2>&1; then return 0; fi
  nologin=$(command -v nologin || echo /usr/sbin/nologin)
  useradd --system --user-group --home-dir "$data" --no-create-home --shell "$nologin" $user
  say "created the user $user"
}

# point TO LINK: sets a link atomically, so that a program started meanwhile finds either the old target or the new one.
point() {
  if [ "$(readlink "$2" 2>/dev/null)" = "$1" ]; then return 0; fi
  if [ -e "$2" ] && [ ! -L "$2" ]; then refuse "$2 exists and is not a link: move it away first"; fi
  ln -s "$1" "$2.$$"
  mv -Tf "$2.$$" "$2"
  say "$2 -> $1"
}

put_units() {
  mkdir -p "$systemd"
  for unit in $(ours "$1"); do
    file=$systemd/$unit
    cmp -s "$base/$1/systemd/$unit" "$file" && continue
    cp "$base/$1/systemd/$unit" "$file.$$"
    chmod 0644 "$file.$$"
    mv -f "$file.$$" "$file"
    say "wrote $file"
  done
}

uninstall() {
  [ -L "$base/current" ] || refuse "nothing is installed in $base"
  for unit in $(ours current); do
    if running; then systemctl disable --quiet --now "$unit" 2>/dev/null || :; fi
    rm -f "$systemd/$unit" "$systemd/multi-user.target.wants/$unit" "$systemd/timers.target.wants/$unit"
  done
  # Replicas are instances of a unit that has just been removed.
  if running; then
    systemctl stop 'smartpresence-server@*' 2>/dev/null || :
    systemctl daemon-reload
  fi
  if [ "$(readlink "$command" 2>/dev/null)" = "$base/current/bin/smartpresence" ]; then rm -f "$command"; fi
  rm -rf "$base"
  if [ -z "$purge" ]; then
    say "SmartPresence is removed. Kept: $config with the sealed keys, and $data (--purge removes them)"
    return 0
  fi
  rm -rf "$config"
  # It may be a file system of its own, which is emptied but stays mounted.
  if [ -d "$data" ]; then find "$data/" -mindepth 1 -delete; fi
  rmdir "$data" 2>/dev/null || :
  if id -u $user >/dev/null 2>&1; then userdel $user; fi
  say 'SmartPresence is removed, with its configuration, keys and data'
}

case $action in
  install) install_program ;;
  uninstall) uninstall ;;
esac
