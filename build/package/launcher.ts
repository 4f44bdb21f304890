import { chmodSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { copy, ROOT } from './files.ts';

/** Copies the pinned Node to `to`. */
export function placeNode(to: string): void {
  const name = `node-${process.platform}-${process.arch}`;
  copy(realpathSync(join(ROOT, `node_modules/${name}/bin/node`)), to, 0o755);
}

/**
 * Writes a launcher into a build. It is the program's first line of defence against the environment it is started in: only the
 * build's own Node runs it, without anyone else's options or modules. `exec` leaves no process in between that could swallow a
 * signal, and the launcher finds the build through any link.
 *
 * @param name path of the launcher; like `node` and `program`, relative to the build's folder
 */
export function placeLauncher(build: string, name: string, node: string, program: string): void {
  const file = join(build, name);
  const from = (path: string) => relative(dirname(name), path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    `#!/bin/sh
# SmartPresence: see --help.
here=$(dirname "$(readlink -f "$0")")
unset NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE
exec "$here/${from(node)}" "$here/${from(program)}" "$@"
`,
  );
  chmodSync(file, 0o755);
}
