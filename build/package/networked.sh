#!/usr/bin/env bash
# The installers of the Electron kiosk, on a builder that has a network: Electron's program and electron-builder's tools
# (AppImage runtime, fpm, NSIS) are fetched. The machines that test this project can't fetch them: nothing that comes out
# of here is proven by their tests. docs/packaging.md says what to look at before an installer is published.
#
#   build/package/networked.sh [VERSION]          on Linux: AppImage and deb; in Git Bash on Windows: NSIS
#
# Windows, signed: WIN_CSC_LINK (path or base64 of a PKCS#12 file) and WIN_CSC_KEY_PASSWORD. With a certificate given, an
# installer that could not be signed is an error.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ -z "$(git status --porcelain)" ] || { echo "The working tree differs from its commit: commit first." >&2; exit 1; }
version=${1:-$(node -p "require('./package.json').version")}

npm ci --no-audit --no-fund
npx install-electron --no

case "$(uname -s)" in
  Linux) targets=(--target AppImage --target deb) ;;
  MINGW* | MSYS* | CYGWIN*) targets=(--target nsis) ;;
  *) echo "Installers are made on Linux and Windows." >&2; exit 1 ;;
esac

# The suite that every other machine skips: the host in Electron itself. On Linux it needs a display (xvfb-run).
npx playwright test test/hosts/electron.spec.ts
npm run package:electron -- "${targets[@]}" --version "$version"

cd dist/packages/electron
sha256sum ./*.AppImage ./*.deb ./*.exe 2>/dev/null | tee SHA256SUMS || true
[ -s SHA256SUMS ] || { echo "No installer was made." >&2; exit 1; }
