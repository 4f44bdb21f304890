import { mkdirSync, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { Problem } from '../../../sync/errors/problem.ts';
import type { CoreOptions } from '../../core/interface.ts';
import { lockFile } from '../../core/lock-file.ts';
import { codedError } from '../../core/serving/core-process.ts';
import { hostLog } from '../../core/serving/log.ts';
import { readState, requestFile, serverSocket } from '../../core/update/files.ts';
import { type UpdateLayout, updateLayout } from '../../core/update/layout.ts';
import { BUILD_NAME } from '../../core/version.ts';
import { watchForEnd } from '../ending.ts';
import { signedBuilds } from './open-builds.ts';
import { firstBuild, unpackInto } from './slots.ts';
import { sourcesOf } from './sources.ts';
import { runUpdater, type UpdaterOptions } from './updater.ts';

export const UPDATER_HELP = `kiosk updater [OPTIONS]: installs builds that are signed for this kiosk, as its core asks for them. It runs under a user of
its own, is started for each request (smartpresence-update.path), and ends when there is nothing left to do.

  --watch           stays, and looks for requests itself: where there is no systemd. Ends when another build has become the
                    current one, whose updater has to be started then
  --first ARCHIVE   unpacks this archive as the first build of a new kiosk, and makes it the current one. Its installer has
                    authenticated it

SMARTPRESENCE_SLOTS            folder with builds, update and spool. Default: /var/lib/smartpresence
SMARTPRESENCE_UPDATE_ROOT      root.json of the releases that this kiosk trusts. Default: update/root.json in that folder
SMARTPRESENCE_UPDATE_MIRRORS   addresses of mirrors (https), separated by spaces, tried after the server
SMARTPRESENCE_UPDATE_MOUNTS    folders below which sticks are mounted, separated by colons. Default: /run/media:/media:/mnt
Exit codes: 0 done; 1 failed; 2 wrong usage.`;

const Settings = z.object({
  SMARTPRESENCE_SLOTS: z.string().startsWith('/').default('/var/lib/smartpresence'),
  SMARTPRESENCE_UPDATE_ROOT: z.string().startsWith('/').optional(),
  SMARTPRESENCE_UPDATE_MIRRORS: z
    .string()
    .default('')
    .transform((text) => text.split(/\s+/).filter(Boolean))
    .pipe(z.array(z.url({ protocol: /^https$/ })).max(4)),
  SMARTPRESENCE_UPDATE_MOUNTS: z
    .string()
    .default('/run/media:/media:/mnt')
    .transform((text) => text.split(':').filter(Boolean))
    .pipe(z.array(z.string().startsWith('/')).max(8)),
});

/** How often to check for a request even if no change was seen, ms. */
const POLL_EVERY_MS = 5_000;

/** `kiosk updater`. @returns an exit code */
export async function runUpdaterProgram(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const log = hostLog(process.stdout);
  const { signal } = watchForEnd({ withinMs: 5_000, force: () => process.exit(1) });
  try {
    const { watching, first } = readArguments(argv);
    const settings = Settings.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')));
    if (!settings.success)
      throw new Problem('arguments-wrong', {
        reason: settings.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
      });
    const layout = updateLayout(settings.data.SMARTPRESENCE_SLOTS);
    const release = lockBuilds(layout);
    try {
      if (first !== undefined) {
        const { id } = await unpackInto(layout, first);
        await firstBuild(layout, id);
        log('info', 'update: the first build is in place', { build: id });
      } else await updating(optionsOf(layout, settings.data, log), watching, signal);
    } finally {
      release();
    }
    return 0;
  } catch (error) {
    const coded = codedError(error);
    log('error', 'update: ended', { error, ...(coded && { nextStep: coded.nextStep }) });
    return coded?.code === 'arguments-wrong' ? 2 : 1;
  }
}

function readArguments(argv: readonly string[]): { watching: boolean; first: string | undefined } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { watch: { type: 'boolean' }, first: { type: 'string' } },
    });
    return { watching: values.watch ?? false, first: values.first };
  } catch (cause) {
    throw new Problem('arguments-wrong', { reason: (cause as Error).message, cause });
  }
}

function optionsOf(layout: UpdateLayout, env: z.output<typeof Settings>, log: CoreOptions['log']): UpdaterOptions {
  const settings = {
    socket: serverSocket(layout),
    mirrors: env.SMARTPRESENCE_UPDATE_MIRRORS,
    mounts: env.SMARTPRESENCE_UPDATE_MOUNTS,
  };
  return {
    layout,
    self: BUILD_NAME,
    log,
    open: signedBuilds({
      layout,
      trustedRoot: env.SMARTPRESENCE_UPDATE_ROOT ?? join(layout.work, 'root.json'),
      sources: (from) => sourcesOf(from, settings),
      log,
    }),
  };
}

/**
 * Runs passes until one finds nothing to do. If `watching`, continues until it is asked to stop or another build is the current
 * one, since a build on trial has to show that its own updater works.
 */
async function updating(options: UpdaterOptions, watching: boolean, end: AbortSignal): Promise<void> {
  const current = readState(options.layout)?.current;
  for (;;) {
    while (await runUpdater(options)) if (end.aborted) return;
    if (!watching || end.aborted) return;
    if (readState(options.layout)?.current !== current) {
      options.log('info', 'update: another build is now current; its updater continues');
      return;
    }
    await requestChanged(options.layout, end);
  }
}

async function requestChanged(layout: UpdateLayout, end: AbortSignal): Promise<void> {
  const woken = new AbortController();
  const watcher = watch(layout.spool, (_, name) => {
    if (name === basename(requestFile(layout)) || name?.startsWith('verdict-')) woken.abort();
  });
  watcher.on('error', () => woken.abort());
  const signal = AbortSignal.any([end, woken.signal]);
  await sleep(POLL_EVERY_MS, undefined, { signal }).catch(() => undefined); // woken earlier
  watcher.close();
}

/**
 * Locks the builds against other updaters. The lock file belongs to the updater's own user, so that no other user of the
 * machine can hold it.
 *
 * @returns a function that releases the lock
 * @throws Problem `update-running`
 */
function lockBuilds(layout: UpdateLayout): () => void {
  try {
    mkdirSync(layout.work, { recursive: true });
    return lockFile(layout.work, 'updater.lock');
  } catch (cause) {
    if (codedError(cause)?.code !== 'store-in-use') throw cause;
    throw new Problem('update-running', { cause });
  }
}
