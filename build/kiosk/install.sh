#!/bin/sh
# Turns a Debian 13 machine into a SmartPresence kiosk: docs/install/kiosk.md. It can be run again at any time, to change an
# option or after an update of this folder. Anything already set up correctly is left alone.
set -eu
LC_ALL=C
export LC_ALL
umask 022

usage() {
  cat <<'END'
install.sh [OPTIONS] --archive FILE --sha256 HEX [--update-root FILE]
install.sh --uninstall [--purge]

  --archive FILE        the packaged kiosk (smartpresence-kiosk-VERSION-linux-x64.tar.gz), for a machine that has no build yet
  --sha256 HEX          its SHA-256, as published by its maker; checked before anything is unpacked
  --update-root FILE    root.json of the releases this kiosk will trust (`release init` made it). Without it: no updates
  --server HOST:PORT    the firewall lets the kiosk reach only this; repeat it for the broker and a second server.
                        Without it: any address, on ports 443, 8444 and 8883
  --ntp HOST:PORT       may be repeated; default: the four of Debian's pool
  --updates HOST:PORT   where apt may fetch Debian's updates from; default: nowhere
  --printer URI         the kiosk prints to this printer, by IPP (ipps://HOST/ipp/print, ipp://…), or `usb` for one on USB.
                        Without it: nothing is printed, and no print service runs
  --port N              port of the page on the loopback interface; default 7480
  --swap off | DEVICE   no swap (default), or this block device with a key that is new at each start
  --read-only-root      the root file system is read-only from the next start on (package overlayroot);
                        /var/lib/smartpresence has to be a file system of its own
  --no-packages         installs no Debian package; says which are missing
  --root DIR            installs into this folder, another machine's root. Nothing is started
  --dry-run             changes nothing, says what it would do
  --uninstall           removes what this program installed; with --purge also builds, data and secrets

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 refused, and the last line says what to fix.
END
}

here=$(cd "$(dirname "$0")" && pwd)
root='' dry='' action=install purge='' packages=yes
archive='' sha256='' update_root='' servers='' ntp='' updates='' printer='' port=7480 swap=off read_only=''

refuse() { printf 'install.sh: %s\n' "$*" >&2; exit 3; }
wrong() { printf 'install.sh: %s\n\n' "$*" >&2; usage >&2; exit 2; }
value() { if [ $# -lt 2 ] || [ -z "$2" ]; then wrong "$1 takes a value"; fi; }
target() {
  value "$@"
  case $2 in
    *[!0-9A-Za-z.:_-]* | *: | :* | *:*[!0-9]*) wrong "$1 takes HOST:PORT, not $2" ;;
    *:*) ;;
    *) wrong "$1 takes HOST:PORT, not $2" ;;
  esac
}

while [ $# -gt 0 ]; do
  case $1 in
    --archive) value "$@"; archive=$2; shift ;;
    --sha256) value "$@"; sha256=$2; shift ;;
    --update-root) value "$@"; update_root=$2; shift ;;
    --server) target "$@"; servers="$servers $2"; shift ;;
    --ntp) target "$@"; ntp="$ntp $2"; shift ;;
    --updates) target "$@"; updates="$updates $2"; shift ;;
    --printer) value "$@"; printer=$2; shift ;;
    --port) value "$@"; port=$2; shift ;;
    --swap) value "$@"; swap=$2; shift ;;
    --root) value "$@"; root=${2%/}; shift ;;
    --read-only-root) read_only=yes ;;
    --no-packages) packages= ;;
    --dry-run) dry=yes ;;
    --uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    --help | -h) usage; exit 0 ;;
    *) wrong "$1 is not known" ;;
  esac
  shift
done
case $port in *[!0-9]* | '') wrong '--port takes a number' ;; esac
if [ "$port" -lt 1024 ] || [ "$port" -gt 65535 ]; then wrong '--port takes a number from 1024 to 65535'; fi
# ipp-usb gives the first printer on USB this address.
case $printer in
  '') printers='' ;;
  usb) printer=ipp://127.0.0.1:60000/ipp/print printers='' ;;
  ipp://* | ipps://*)
    printers=${printer#*://}
    printers=${printers%%/*}
    case $printers in
      *[!0-9A-Za-z.:_-]* | '' | *:*[!0-9]*) wrong "--printer takes ipp://HOST/ipp/print or ipps://HOST/ipp/print, not $printer" ;;
      *:*) ;;
      *) printers=$printers:631 ;;
    esac
    ;;
  *) wrong "--printer takes usb, ipp://HOST/ipp/print or ipps://HOST/ipp/print, not $printer" ;;
esac
case $swap in off | /dev/*) ;; *) wrong '--swap takes off or a block device' ;; esac
[ -z "$root" ] || [ -d "$root/etc" ] || refuse "--root $root is not the root of a machine: it has no /etc"
live=; [ -n "$root" ] || live=yes
[ -n "$dry" ] || [ "$(id -u)" = 0 ] || refuse 'only root can install a kiosk'
if [ -n "$live" ] && grep -qs ' /media/root-ro ' /proc/mounts; then
  refuse 'the root is read-only, and every change would be lost at the next start: run overlayroot-chroot, and this program in it'
fi
ntp=${ntp:-0.debian.pool.ntp.org:123 1.debian.pool.ntp.org:123 2.debian.pool.ntp.org:123 3.debian.pool.ntp.org:123}

state=$root/etc/smartpresence
list=$state/installed
data=$root/var/lib/smartpresence
say() { printf '%s\n' "$*"; }
# Runs a command. In a dry run, only prints it.
act() { if [ -n "$dry" ]; then say "would: $*"; else "$@"; fi; }

DEBIAN="cage chromium nftables dbus seatd systemd-timesyncd kbd fonts-noto-core fonts-noto-cjk libtss2-esys-3.0.2-0t64 libtss2-mu-4.0.1-0t64 libtss2-rc0t64 libtss2-tcti-device0t64 tpm2-tools"
UNITS="smartpresence-kiosk.service smartpresence-update.path smartpresence-technician.path smartpresence-firewall.service smartpresence-firewall-refresh.timer"
# For a printer: CUPS, its filters and, on USB, ipp-usb. No drivers: printers with IPP Everywhere or AirPrint need none.
PRINTING="cups cups-client cups-filters"
# No login at a terminal or over the network, no restart with Ctrl-Alt-Del, and no desktop that takes the screen.
MASKED="getty@.service autovt@.service serial-getty@.service container-getty@.service console-getty.service getty-static.service getty.target ctrl-alt-del.target debug-shell.service rescue.service emergency.service ssh.service ssh.socket sshd.service display-manager.service gdm.service lightdm.service sddm.service bluetooth.service avahi-daemon.service avahi-daemon.socket rpcbind.service rpcbind.socket kexec.target hibernate.target suspend.target hybrid-sleep.target cups-browsed.service"
if [ -z "$printer" ]; then MASKED="$MASKED cups.service cups.socket cups.path"; fi

# ---- uninstalling ---------------------------------------------------------------------------------------------------

uninstall() {
  [ -f "$list" ] || refuse "nothing is installed here: $list is missing"
  if [ -n "$live" ]; then
    for unit in $UNITS smartpresence-update.service smartpresence-technician.service smartpresence-stick.service smartpresence-login.service; do
      act systemctl disable --now "$unit" || :
    done
    act nft delete table inet smartpresence || :
  else
    for unit in $UNITS; do act systemctl --root="$root" disable "$unit" 2>/dev/null || :; done
  fi
  while IFS= read -r file; do
    case $file in *..* | '') continue ;; esac
    act rm -f -- "$root$file"
  done <"$list"
  # fstab may have been changed since, so only our remarks are undone.
  if [ -f "$root/etc/fstab" ]; then act sed -i 's,^# smartpresence: ,,' "$root/etc/fstab"; fi
  if [ -f "$state/links.before" ]; then
    while read -r file to; do act ln -sfn "$to" "$root$file"; done <"$state/links.before"
  fi
  crypttab_without_ours
  act rm -f -- "$list" "$state/links.before"
  act rm -rf -- "$root/opt/smartpresence"
  if [ -n "$purge" ]; then
    act rm -rf -- "$state"
    # It may be a file system of its own, which is emptied but stays mounted.
    if [ -d "$data" ]; then act find "$data/" -mindepth 1 -delete; fi
    act rmdir -- "$data" 2>/dev/null || :
  else
    say "kept: $data and $state, with the kiosk's data and its sealed secret (--purge removes them)"
  fi
  [ -z "$live" ] || act systemctl daemon-reload
  say 'done: the kiosk is removed. Packages and users stay; restart the machine.'
}

# ---- installing -----------------------------------------------------------------------------------------------------

# Paths written by this run, one per line. In a file, because much of it is written at the end of a pipe, in a subshell.
new_list=$(mktemp)
temporary=
trap 'rm -rf "$new_list" ${temporary:+"$temporary"}' EXIT
remember() { printf '%s\n' "$1" >>"$new_list"; }

# put FILE MODE: writes standard input to FILE unless it already has that content.
put() {
  file=$root$1
  remember "$1"
  text=$(cat; printf x)
  if [ -f "$file" ] && [ ! -L "$file" ] && [ "$(cat "$file"; printf x)" = "$text" ] && [ "$(stat -c %a "$file")" = "$2" ]; then return 0; fi
  if [ -n "$dry" ]; then say "would: write $1 ($2)"; return 0; fi
  mkdir -p "$(dirname "$file")"
  printf '%s' "${text%x}" >"$file.new"
  chmod "$2" "$file.new"
  chown 0:0 "$file.new"
  mv -f "$file.new" "$file"
  say "wrote $1"
}

# link FILE TO
link() {
  remember "$1"
  now=$(readlink "$root$1" 2>/dev/null || :)
  [ "$now" = "$2" ] && return 0
  # Remember a link's previous target, so that uninstalling can restore it.
  if [ -n "$now" ] && ! grep -Fqs -- "$1 " "$state/links.before"; then
    if [ -n "$dry" ]; then say "would: record that $1 led to $now"; else printf '%s %s\n' "$1" "$now" >>"$state/links.before"; fi
  elif [ -e "$root$1" ] && [ -z "$now" ]; then refuse "$1 is not a file of this program: move it away first"
  fi
  act mkdir -p "$(dirname "$root$1")"
  act ln -sfn "$2" "$root$1"
}

user_id() { awk -F: -v name="$1" '$1 == name { print $3 }' "$root/etc/passwd"; }
group_id() { awk -F: -v name="$1" '$1 == name { print $3 }' "$root/etc/group"; }

filled() {
  sed -e "s|@PORT@|$port|g" -e "s|@ORIGIN@|http://127.0.0.1:$port|g" -e "s|@AUTHORITY@|127.0.0.1:$port|g" \
    -e "s|@RUNTIME@|/run/smartpresence|g" -e "s|@SERVERS@|${servers# }|g" -e "s|@NTP@|${ntp# }|g" -e "s|@UPDATES@|${updates# }|g" -e "s|@PRINTERS@|$printers|g"
}

in_root() { if [ -n "$live" ]; then "$@"; else chroot "$root" "$@"; fi; }

install_packages() {
  wanted=$DEBIAN
  [ -z "$read_only" ] || wanted="$wanted overlayroot"
  [ -z "$printer" ] || wanted="$wanted $PRINTING"
  [ "$printer" != ipp://127.0.0.1:60000/ipp/print ] || wanted="$wanted ipp-usb"
  missing=
  for package in $wanted; do
    grep -qs "^Package: $package\$" "$root/var/lib/dpkg/status" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  if [ -z "$packages" ]; then say "missing packages:$missing"; return 0; fi
  # shellcheck disable=SC2086
  act in_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
}

check_archive() {
  [ -f "$archive" ] || refuse "--archive $archive is missing"
  case $sha256 in
    *[!0-9a-f]* | '') refuse "--sha256 is missing: 64 hex digits, from the maker of $archive" ;;
  esac
  [ "$(sha256sum <"$archive" | cut -c 1-64)" = "$sha256" ] || refuse "$archive is not the file with SHA-256 $sha256: fetch it again"
}

# The first build is unpacked by the updater's own code and user, with all its checks. Later builds are signed.
install_build() {
  if [ -f "$data/builds/state.json" ]; then
    [ -z "$archive" ] || say 'there is a build already: --archive is ignored (updates come signed)'
    return 0
  fi
  [ -n "$archive" ] || refuse 'there is no build here yet: give --archive and --sha256'
  check_archive
  if [ -n "$dry" ]; then say "would: unpack $archive as the first build"; return 0; fi
  temporary=$(mktemp -d)
  chmod 755 "$temporary"
  tar -xzf "$archive" -C "$temporary" --no-same-owner
  cp "$archive" "$temporary/archive.tar.gz"
  kiosk=$(find "$temporary" -maxdepth 3 -path '*/bin/kiosk' | head -n 1)
  [ -n "$kiosk" ] || refuse "$archive has no bin/kiosk: it is not a packaged kiosk"
  SMARTPRESENCE_SLOTS=$data setpriv --reuid="$(user_id smartpresence-update)" --regid="$(group_id smartpresence-update)" --clear-groups \
    "$kiosk" updater --first "$temporary/archive.tar.gz"
}

# 32 random bytes, only ever stored sealed: by this machine's TPM, bound to its secure boot state (PCR 7), or without a TPM
# by the machine's own key.
seal_secret() {
  credential=$state/credentials/smartpresence-device-secret
  [ ! -s "$credential" ] || return 0
  if [ -z "$live" ]; then
    say 'the device secret is sealed on the machine itself: run install.sh there again'
    return 0
  fi
  if systemd-analyze has-tpm2 --quiet 2>/dev/null; then with='--with-key=tpm2 --tpm2-pcrs=7'; else with=--with-key=host; fi
  if [ -n "$dry" ]; then say "would: seal a new device secret (systemd-creds $with)"; return 0; fi
  mkdir -p "$state/credentials"
  chmod 700 "$state/credentials"
  # shellcheck disable=SC2086
  head -c 32 /dev/urandom | systemd-creds encrypt $with --name=smartpresence-device-secret - "$credential.new"
  chmod 600 "$credential.new"
  mv "$credential.new" "$credential"
  case $with in
    *tpm2*) say 'the device secret is sealed by the TPM' ;;
    *) say 'no TPM here: the device secret is sealed by a key of this machine on the same disk (/var/lib/systemd/credential.secret)' ;;
  esac
}

swap_name=smartpresence-swap
# crypttab_without_ours [LINE]: removes our line from /etc/crypttab and appends LINE. Other lines are kept, because they open
# the machine's other disks.
crypttab_without_ours() {
  crypttab=$root/etc/crypttab
  others=$(grep -v "^${swap_name}[[:space:]]" "$crypttab" 2>/dev/null || :)
  text=$(printf '%s\n%s' "$others" "${1:-}" | sed -e '1{/^$/d}' -e '${/^$/d}')
  if [ "$text" = "$(cat "$crypttab" 2>/dev/null || :)" ]; then return 0; fi
  if [ -n "$dry" ]; then say "would: write /etc/crypttab"; return 0; fi
  if [ -z "$text" ]; then rm -f -- "$crypttab"; return 0; fi
  (umask 077; printf '%s\n' "$text" >"$crypttab.new")
  chmod --reference="$crypttab" "$crypttab.new" 2>/dev/null || :
  mv -f "$crypttab.new" "$crypttab"
  say 'wrote /etc/crypttab'
}

no_swap() {
  fstab=$root/etc/fstab
  if [ -f "$fstab" ] && grep -Eq '^[^#]\S*\s+\S+\s+swap\s' "$fstab"; then
    act sed -i -E 's,^([^#]\S*\s+\S+\s+swap\s.*)$,# smartpresence: \1,' "$fstab"
  fi
  if [ -n "$live" ]; then act swapoff -a; fi
  # Otherwise systemd would use any partition with the type swap, unencrypted, now that fstab names none.
  link /etc/systemd/system-generators/systemd-gpt-auto-generator /dev/null
  if [ "$swap" = off ]; then
    crypttab_without_ours
    link /etc/systemd/system/swap.target /dev/null
    return 0
  fi
  crypttab_without_ours "$swap_name $swap /dev/urandom swap,cipher=aes-xts-plain64,size=512"
  printf '[Unit]\nDescription=Swap with a key that is new at each start\n[Swap]\nWhat=/dev/mapper/%s\n[Install]\nWantedBy=swap.target\n' "$swap_name" |
    put '/etc/systemd/system/dev-mapper-smartpresence\x2dswap.swap' 644
}

read_only_root() {
  if [ -z "$read_only" ]; then
    # If an earlier run set the option, drop_what_is_not_wanted undoes it.
    return 0
  fi
  grep -Eqs '^[^#]\S*\s+/var/lib/smartpresence\s' "$root/etc/fstab" ||
    refuse '--read-only-root: /var/lib/smartpresence has to be a file system of its own in /etc/fstab, or the kiosk would forget everything'
  printf '# By SmartPresence. To change the machine: overlayroot-chroot, or overlayroot=disabled on the kernel command line.\noverlayroot="tmpfs:recurse=0"\n' |
    put /etc/overlayroot.local.conf 644
}

install_files() {
  # Users first, because they own files and folders made below.
  put /etc/sysusers.d/smartpresence.conf 644 <"$here/files/etc/sysusers.d/smartpresence.conf"
  act systemd-sysusers ${root:+--root="$root"} smartpresence.conf
  [ -n "$(user_id smartpresence)" ] || [ -n "$dry" ] || refuse 'the user smartpresence could not be made: see systemd-sysusers'
  work=$(mktemp)
  find "$here/files" -type f | sort >"$work"
  while IFS= read -r source; do
    file=${source#"$here"/files}
    case $file in
      /opt/*) mode=755 ;;
      *) mode=644 ;;
    esac
    # Keep an operator's changes.
    if [ "$file" = /etc/smartpresence/firewall.conf ] && [ -f "$root$file" ] && [ -z "$servers$printers" ]; then remember "$file"; continue; fi
    filled <"$source" | put "$file" $mode
  done <"$work"
  rm -f "$work"
  filled <"$here/chromium-policy.json" | put /etc/chromium/policies/managed/smartpresence.json 644
  launcher=$here/launch
  [ -f "$launcher" ] || launcher=$here/../../electron/host-browser/update/launch
  put /opt/smartpresence/launcher 755 <"$launcher"
  link /usr/bin/smartpresence /opt/smartpresence/smartpresence
  for guide in install/kiosk.md operate/technician.md; do
    page=$here/${guide##*/}
    [ -f "$page" ] || page=$here/../../docs/$guide
    put "/opt/smartpresence/${guide##*/}" 644 <"$page"
  done
  act systemd-tmpfiles ${root:+--root="$root"} --create smartpresence.conf
  for unit in $MASKED; do link "/etc/systemd/system/$unit" /dev/null; done
  for unit in $UNITS; do
    case $unit in *.timer) wants=timers.target ;; *) wants=multi-user.target ;; esac
    link "/etc/systemd/system/$wants.wants/$unit" "/etc/systemd/system/$unit"
  done
  if [ -n "$printer" ]; then link /etc/systemd/system/multi-user.target.wants/cups.service /lib/systemd/system/cups.service; fi
  link /etc/systemd/system/default.target /lib/systemd/system/multi-user.target
  if [ -n "$update_root" ]; then
    [ -f "$update_root" ] || refuse "--update-root $update_root is missing"
    if [ -f "$data/update/root.json" ]; then say 'update/root.json exists already: --update-root is ignored'
    else act install -m 644 -o "$(user_id smartpresence-update)" -g "$(group_id smartpresence-update)" "$update_root" "$data/update/root.json"
    fi
  elif [ ! -f "$data/update/root.json" ]; then say 'no --update-root: this kiosk accepts no updates until update/root.json is there'
  fi
}

# Sets up the only queue, `kiosk`, as the default. Each run that names a printer makes it again.
set_up_printer() {
  [ -n "$printer" ] || return 0
  add="lpadmin -p kiosk -E -v $printer -m everywhere"
  if [ -z "$live" ]; then
    say "the printer is set up on the machine itself: run install.sh there again, or: $add; lpadmin -d kiosk"
    return 0
  fi
  act systemctl restart cups.service
  act systemctl reload-or-restart smartpresence-firewall.service
  # shellcheck disable=SC2086
  if act $add && act lpadmin -d kiosk; then say "the kiosk prints to $printer"
  else say "warning: $printer does not answer: switch it on and run install.sh again, or: $add; lpadmin -d kiosk"
  fi
}

# Removes files that an earlier run installed and this one did not.
drop_what_is_not_wanted() {
  [ -f "$list" ] || return 0
  while IFS= read -r file; do
    case $file in '' | *..*) continue ;; esac
    grep -Fxq -- "$file" "$new_list" || act rm -f -- "$root$file"
  done <"$list"
}

install_kiosk() {
  grep -Eqs '^VERSION_ID="?13"?$' "$root/etc/os-release" || say 'warning: this is not Debian 13, which this program is made for'
  if grep -qs '^Package: openssh-server$' "$root/var/lib/dpkg/status"; then
    say 'openssh-server is installed: it is masked here; remove it with apt-get purge openssh-server'
  fi
  install_packages
  act mkdir -p "$state"
  install_files
  no_swap
  read_only_root
  drop_what_is_not_wanted
  [ -n "$dry" ] || { sort -u "$new_list" >"$list.new" && mv -f "$list.new" "$list"; }
  install_build
  seal_secret
  if [ -n "$live" ]; then
    act systemctl daemon-reload
    act systemd-analyze verify smartpresence-kiosk.service || :
    if command -v update-grub >/dev/null 2>&1; then act update-grub; fi
    if command -v update-initramfs >/dev/null 2>&1; then act update-initramfs -u; fi
    act sysctl --quiet --load=/etc/sysctl.d/90-smartpresence.conf || :
    act systemctl reload-or-restart smartpresence-firewall.service || :
  fi
  set_up_printer
  say 'done: restart the machine, and it is a kiosk. How to get in again: technician.md, beside this program and in /opt/smartpresence'
}

case $action in
  install) install_kiosk ;;
  uninstall) uninstall ;;
esac
