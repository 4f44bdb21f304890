import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianRoot } from '../kiosk-image/debian.ts';
import { PACKAGES } from './server.ts';

/*
 * A container engine whose only image is a Debian made by debootstrap: the base of the server's image and, with PostgreSQL and
 * Mosquitto, the replacement for the images that compose.yaml names, which aren't available without the internet.
 */

/** What Debian's slim images omit. */
const SLIM = ['var/lib/apt/lists/*', 'var/cache/*', 'usr/share/doc/*', 'usr/share/man/*', 'usr/share/locale/*'];
const BASE = 'localhost/debian';
const SERVICES = 'localhost/services';

/** What PostgreSQL's own image does, as far as compose.yaml relies on it. */
const ENTRYPOINT = `#!/bin/sh
set -eu
export PGDATA=/var/lib/postgresql/data
if [ "$(id -u)" = 0 ]; then
  chown postgres "$PGDATA"
  exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb -U "$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" >/dev/null
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
  pg_ctl -w -o '-c listen_addresses=' start >/dev/null
  createdb -U "$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl -w stop >/dev/null
fi
exec "$@"
`;

export interface Engine {
  /** Runs podman. @returns its standard output. @throws if it fails */
  podman(...args: string[]): string;
  /** Types commands into a shell where \`podman\` is this engine. @throws if one fails */
  type(folder: string, commands: string): string;
  remove(): void;
}

/** @param folder its own, for images, containers, networks and the \`podman\` of the shell */
export function startEngine(folder: string): Engine {
  const home = join(folder, 'engine');
  // Left by a killed run: engines share it, and DNS would listen where that run's network was.
  rmSync('/run/containers/networks/aardvark-dns/smartpresence_default', { force: true });
  mkdirSync(join(home, 'bin'), { recursive: true });
  const program = join(home, 'bin/podman');
  // Without systemd: cgroups managed by hand, and no health timer. The ulimits of compose.yaml exceed this machine's own.
  writeFileSync(
    program,
    `#!/bin/sh
export PODMAN_IGNORE_CGROUPSV1_WARNING=1
case $1 in
  build) shift; set -- build --isolation=chroot --ulimit=nofile=20000:20000 --ulimit=nproc=90000:90000 --pull=never --build-arg BASE=${BASE} "$@" ;;
  compose)
    sed -i 's#image: docker.io/.*#image: ${SERVICES}#; s/nofile: 65536/nofile: 20000/' compose.yaml
    export PODMAN_COMPOSE_WARNING_LOGS=false ;;
esac
exec /usr/bin/podman --root '${home}/root' --runroot '${home}/run' --network-config-dir '${home}/networks' \\
  --storage-driver overlay --cgroup-manager cgroupfs --runtime /usr/sbin/runc "$@"
`,
    { mode: 0o755 },
  );
  const run = (command: string, args: readonly string[], cwd = folder): string => {
    const PATH = `${join(home, 'bin')}:${process.env.PATH}`;
    const options = { encoding: 'utf8', maxBuffer: 1 << 28, cwd, env: { ...process.env, PATH } } as const;
    const { status, stdout, stderr } = spawnSync(command, args, options);
    if (status === 0) return stdout.trim();
    throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${(stdout + stderr).slice(-2_000)}`);
  };
  const importRoot = (root: string, name: string, ...more: string[]): void => {
    const left = [...SLIM, 'proc/*', 'dev/*'].map((path) => `--exclude='./${path}'`).join(' ');
    run('sh', ['-euc', `tar --create --directory='${root}' ${left} . | podman import ${more.join(' ')} - ${name}`]);
  };
  importRoot(debianRoot([], []), BASE);
  const bin = '/usr/lib/postgresql/17/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  importRoot(debianRoot([], PACKAGES), `${SERVICES}-base`, `--change 'ENV PATH=${bin}'`);
  const services = join(home, 'services');
  mkdirSync(services);
  writeFileSync(join(services, 'docker-entrypoint.sh'), ENTRYPOINT, { mode: 0o755 });
  const lines = [
    `FROM ${SERVICES}-base`,
    'COPY docker-entrypoint.sh /usr/local/bin/',
    'VOLUME /var/lib/postgresql/data',
  ];
  writeFileSync(join(services, 'Containerfile'), `${lines.join('\n')}\n`);
  const podman = (...args: string[]) => run(program, args);
  podman('build', '--tag', SERVICES, services);
  // What systemd's timers do where podman runs with it.
  const health = `while sleep 2; do for each in $('${program}' ps -q); do '${program}' healthcheck run "$each"; done; done`;
  const watch = spawn('sh', ['-c', health], { stdio: 'ignore' });
  return {
    podman,
    type: (cwd, commands) => run('bash', ['-euc', commands], cwd),
    remove() {
      watch.kill('SIGKILL');
      for (const args of [
        ['rm', '--all', '--force', '--time', '0', '--volumes'],
        ['network', 'prune', '--force'],
        ['system', 'reset', '--force'],
      ])
        spawnSync(program, args);
      rmSync(home, { recursive: true, force: true });
    },
  };
}
