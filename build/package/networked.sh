#!/usr/bin/env bash
# The packages of the Electron kiosk, on a builder that has a network: Electron's program and electron-builder's tools
# (AppImage runtime, fpm, NSIS) are fetched. The machines that test this project can't fetch them: nothing that comes out
# of here is proven by their tests. docs/develop/packages.md says what to look at before an installer is published.
#
#   build/package/networked.sh [VERSION]          on Linux: AppImage, deb and the updater's archive; in Git Bash on Windows: NSIS
#
# Windows, signed: WIN_CSC_LINK (path or base64 of a PKCS#12 file) and WIN_CSC_KEY_PASSWORD. With a certificate given, an
# installer that could not be signed is an error.
#
# Exit codes: 0 made; 1 failed; 3 Electron's program can't be fetched: everything before that has passed.
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
# What the suite opens in Electron: the screens and the models, which no clone has.
npm run prepare:models
npm run build:renderer

if ! npx install-electron --no; then
  echo "networked.sh: Electron's program can't be fetched here. Run this on a builder that reaches Electron's releases." >&2
  exit 3
fi

# The suite that every other machine skips: the host in Electron itself. On Linux it needs a display (xvfb-run).
npx playwright test test/hosts/electron.spec.ts
npm run package:electron -- "${targets[@]}" --version "$version"

cd dist/packages/electron
shopt -s nullglob
made=(./*.AppImage ./*.deb ./*.electron.tar.gz ./*.exe)
[ ${#made[@]} -gt 0 ] || { echo "networked.sh: no installer was made." >&2; exit 1; }
sha256sum "${made[@]}" | tee SHA256SUMS
