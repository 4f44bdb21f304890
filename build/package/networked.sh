#!/usr/bin/env bash
# Makes the packages of the Electron kiosk on a builder with a network: downloads Electron's program and electron-builder's
# tools (AppImage runtime, fpm, NSIS). The machines that test this project can't download them, so their tests don't cover
# these packages. docs/develop/packages.md says what to check before an installer is published.
#
#   build/package/networked.sh [VERSION]          on Linux: AppImage, deb and the updater's archive; in Git Bash on Windows: NSIS
#
# Windows, signed: WIN_CSC_LINK (path or base64 of a PKCS#12 file) and WIN_CSC_KEY_PASSWORD. With a certificate given, an
# installer that could not be signed is an error.
#
# Exit codes: 0 made; 1 failed; 3 Electron's program can't be downloaded, but everything before that passed.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ -z "$(git status --porcelain)" ] || { echo "networked.sh: the working tree differs from its commit: commit first." >&2; exit 1; }
version=${1:-$(node -p "require('./package.json').version")}
case "$(uname -s)" in
  Linux) targets=(--target AppImage --target deb --target archive) ;;
  MINGW* | MSYS* | CYGWIN*) targets=(--target nsis) ;;
  *) echo "networked.sh: installers are made on Linux and Windows." >&2; exit 1 ;;
esac

npm ci --no-audit --no-fund
# The suite opens the screens and models in Electron. A fresh clone has neither.
npm run prepare:models
npm run build:renderer

if ! npx install-electron --no; then
  echo "networked.sh: Electron's program can't be fetched here. Run this on a builder that reaches Electron's releases." >&2
  exit 3
fi

# Tests the host in Electron itself, which every other machine skips. On Linux it needs a display (xvfb-run).
npx playwright test test/hosts/electron.spec.ts
npm run package:electron -- "${targets[@]}" --version "$version"

cd dist/packages/electron
shopt -s nullglob
made=(./*.AppImage ./*.deb ./*.electron.tar.gz ./*.exe)
[ ${#made[@]} -gt 0 ] || { echo "networked.sh: no installer was made." >&2; exit 1; }
sha256sum "${made[@]}" | tee SHA256SUMS
