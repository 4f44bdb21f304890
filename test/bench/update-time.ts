import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KioskBuild } from '../../build/package/seal.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { buildFacts, targetFile, targetPath } from '../../sync/protocol/wire/release.ts';
import { type HttpsMirror, startHttpsMirror } from '../update/https-mirror.ts';
import { type Installed, installKiosk } from '../update/installed.ts';
import { makeRepository } from '../update/repository.ts';
import { benchLine, median } from './harness.ts';
import type { BenchContext, BenchLine } from './types.ts';

const ROUNDS = 3;
/** Time limit for each step. */
const PATIENCE_MS = 300_000;
const PIN = '508312';

/** A program that downloads an address into a file, flushes it, and does nothing else. */
const BARE_DOWNLOAD = `
const { createWriteStream, fsyncSync, openSync } = require('node:fs');
const [url, to] = process.argv.slice(1);
require('node:https').get(url, { minVersion: 'TLSv1.3' }, (response) => {
  if (response.statusCode !== 200) throw new Error(String(response.statusCode));
  response.pipe(createWriteStream(to)).on('finish', () => fsyncSync(openSync(to, 'r+')));
});`;

/** Results of a round, ms and bytes. */
interface Round {
  /** The bare download, then unpacked by tar and flushed. */
  readonly bare: number;
  readonly unpacked: number;
  /** From the launcher's start to a core with its store open, with the previous build. */
  readonly firstStart: number;
  /** From the request until the build is downloaded, verified, unpacked and on the disk. */
  readonly staged: number;
  /** From the end of the old build to a core of the new one with its store open. Nobody can check in meanwhile. */
  readonly away: number;
  /** From the request until the new build has proved itself. */
  readonly healthy: number;
  readonly moved: number;
}

/**
 * Measures the update of one packaged build to the next: signed into a TUF repository, served over HTTPS (TLS 1.3, loopback),
 * requested by staff, installed by the packaged updater and started by the launcher, until the new build has proved itself.
 */
export async function* updateLines(from: KioskBuild, to: KioskBuild, ctx: BenchContext): AsyncIterable<BenchLine> {
  const work = mkdtempSync(join(tmpdir(), 'sp-bench-repository-'));
  const folder = join(work, 'repository');
  const repository = makeRepository(folder);
  repository.now = Date.now();
  const archive = readFileSync(to.archive);
  repository.add(to.manifest.version, archive, buildFacts(to.manifest));
  const sha256 = createHash('sha256').update(archive).digest('hex');
  const mirror = await startHttpsMirror(folder);
  try {
    const ca = join(work, 'ca.pem');
    writeFileSync(ca, mirror.ca, { mode: 0o644 });
    chmodSync(work, 0o755); // readable for the user that installs builds
    const rounds: Round[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      ctx.note(`update ${round} of ${ROUNDS}`);
      const url = `${mirror.url}/${targetFile(targetPath(to.manifest), sha256)}`;
      const bare = await timeBareDownload(from, url, ca, join(work, 'bare'));
      const kiosk = await installKiosk({
        archive: from.archive,
        trustedRoot: repository.trustedRoot,
        run: ['--demo', '--browser', 'headless', '--device-secret', 'file'],
        updaterEnv: { SMARTPRESENCE_UPDATE_MIRRORS: mirror.url, NODE_EXTRA_CA_CERTS: ca },
      });
      try {
        rounds.push({ ...bare, ...(await timeUpdate(kiosk, from.manifest.version, to.manifest.version, mirror)) });
      } finally {
        await kiosk.remove();
      }
    }
    yield* linesOf(rounds, archive.length);
  } finally {
    await mirror.close();
    rmSync(work, { recursive: true, force: true });
  }
}

async function timeBareDownload({ folder }: KioskBuild, url: string, ca: string, into: string) {
  mkdirSync(join(into, 'unpacked'), { recursive: true });
  try {
    const to = join(into, 'archive');
    const began = performance.now();
    await toItsEnd(join(folder, 'runtime/node'), ['-e', BARE_DOWNLOAD, url, to], { NODE_EXTRA_CA_CERTS: ca });
    const bare = performance.now() - began;
    await toItsEnd('tar', ['-xzf', to, '-C', join(into, 'unpacked')], process.env);
    await toItsEnd('sync', ['--file-system', into], process.env);
    return { bare, unpacked: performance.now() - began };
  } finally {
    rmSync(into, { recursive: true });
  }
}

async function toItsEnd(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
}

async function timeUpdate(
  kiosk: Installed,
  from: string,
  to: string,
  mirror: HttpsMirror,
): Promise<Omit<Round, 'bare' | 'unpacked'>> {
  ensureKioskFolder(kiosk.home, true);
  kiosk.handOver();
  const set = await kiosk.kiosk(['staff', 'set-pin'], { env: { SMARTPRESENCE_NEW_STAFF_PIN: PIN } });
  if (set.code !== 0) throw new Error(set.stderr);
  const started = performance.now();
  kiosk.start();
  const first = await kiosk.line((line) => line.ready === true && line.version === from, PATIENCE_MS);
  await kiosk.line((line) => line.message === 'host: the kiosk page opened its session', PATIENCE_MS);

  const sent = mirror.sent;
  const before = kiosk.lines.length;
  const wished = performance.now();
  const now = await kiosk.kiosk(['update', 'now', '--from', 'network'], { env: { SMARTPRESENCE_STAFF_PIN: PIN } });
  const staged = performance.now() - wished;
  if (now.code !== 0) throw new Error(now.stderr);
  const next = (wanted: (line: Record<string, unknown>) => boolean) => kiosk.line(wanted, PATIENCE_MS, before);
  const ended = await next((line) => line.message === 'host: ended');
  const ready = await next((line) => line.ready === true && line.version === to);
  const healthy = await next((line) => line.message === 'update: reported' && line.code === 'update-healthy');
  const { moved } = await next((line) => line.message === 'update: ready');
  if (moved !== mirror.sent - sent) throw new Error(`the kiosk says ${moved} bytes, the mirror ${mirror.sent - sent}`);
  return {
    firstStart: first.heardAt - started,
    staged,
    away: ready.heardAt - ended.heardAt,
    healthy: healthy.heardAt - wished,
    moved,
  };
}

function* linesOf(rounds: readonly Round[], archive: number): Iterable<BenchLine> {
  const of = (key: keyof Round) => median(rounds.map((round) => round[key]));
  const line = (name: string, unit: string, ours: number, reference: string, referenceValue: number) =>
    benchLine({ group: 'update', name, unit, ours, reference, referenceValue, better: 'lower' });
  const bare = 'bare download of the archive';
  const times = `median of ${ROUNDS}`;
  const staged = `wish to a build on the disk, verified, ${times}`;
  yield line(staged, 'ms', of('staged'), bare, of('bare'));
  yield line(staged, 'ms', of('staged'), `${bare}, tar -x and sync`, of('unpacked'));
  yield line(`wish to a new build that has proved itself, ${times}`, 'ms', of('healthy'), bare, of('bare'));
  yield line(`without a kiosk meanwhile, ${times}`, 'ms', of('away'), 'a start of the build before', of('firstStart'));
  yield line('bytes moved by an update', 'MB', of('moved') / 1e6, 'the archive', archive / 1e6);
}
