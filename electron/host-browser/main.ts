import { isAbsolute } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { Problem } from '../../sync/errors/problem.ts';
import type { CoreOptions } from '../core/interface.ts';
import { kioskHome } from '../core/paths.ts';
import { ensureKioskFolder } from '../core/provision.ts';
import { codedError } from '../core/serving/core-process.ts';
import { hostLog } from '../core/serving/log.ts';
import { RUN_EXIT } from '../core/serving/run-exit.ts';
import { undecidedTrial } from '../core/update/files.ts';
import { slotsOf } from '../core/update/layout.ts';
import { COMMIT, VERSION } from '../core/version.ts';
import { type BrowserHost, type BrowserHostOptions, startBrowserHost } from './browser-host.ts';
import { aborted, killDescendants, watchForEnd } from './ending.ts';

export const RUN_HELP = `kiosk run [OPTIONS]: serves the kiosk on the loopback interface and keeps its Chromium open.

  --browser kiosk | headless | none      (SMARTPRESENCE_BROWSER) full screen; without a display; or no browser.
                                         Default: kiosk
  --device-secret systemd | file         (SMARTPRESENCE_DEVICE_SECRET) where the secret is that opens the store: the
                                         credential smartpresence-device-secret of the unit, or a 0600 file in the
                                         data folder. Default: systemd
  --port N                               (SMARTPRESENCE_PORT) of the page. Default: any free one
  --demo --footage FILE                  recorded footage in place of a camera, in a data folder of its own

Data: SMARTPRESENCE_HOME. Chromium: SMARTPRESENCE_CHROMIUM. Each line of output is a JSON object; the one with
"ready":true comes when the first page can be served and the core has opened its store.
Exit codes: 0 asked to end; 1 failed; 2 wrong usage; 3 refused, and its last line says what to fix; 4 wants to be
restarted (an update).`;

const Settings = z
  .strictObject({
    browser: z.enum(['kiosk', 'headless', 'none'], 'browser takes kiosk, headless or none').default('kiosk'),
    deviceSecret: z.enum(['systemd', 'file'], 'device-secret takes systemd or file').default('systemd'),
    port: z.coerce.number('port takes a number from 1 to 65535').int().min(1).max(65_535).optional(),
    demo: z.boolean().default(false),
    footage: z.string().refine(isAbsolute, 'footage takes an absolute path').optional(),
  })
  .refine(({ demo, footage }) => demo || footage === undefined, 'footage works only with --demo');
export type RunSettings = z.infer<typeof Settings>;

/** Reads the settings: an argument, else the environment, else the default. @throws Problem `arguments-wrong` */
export function readRunSettings(argv: readonly string[], env: NodeJS.ProcessEnv): RunSettings {
  const text = { type: 'string' } as const;
  const wrong = (message: string) => new Problem('arguments-wrong', { reason: message });
  let given: Record<string, unknown>;
  try {
    given = parseArgs({
      args: [...argv],
      options: { browser: text, 'device-secret': text, port: text, demo: { type: 'boolean' }, footage: text },
    }).values;
  } catch (cause) {
    throw wrong(cause instanceof Error ? cause.message : String(cause));
  }
  const { 'device-secret': deviceSecret, ...rest } = given;
  const fromEnv = (name: string): string | undefined => env[name] || undefined;
  const parsed = Settings.safeParse({
    ...rest,
    browser: rest.browser ?? fromEnv('SMARTPRESENCE_BROWSER'),
    deviceSecret: deviceSecret ?? fromEnv('SMARTPRESENCE_DEVICE_SECRET'),
    port: rest.port ?? fromEnv('SMARTPRESENCE_PORT'),
  });
  if (!parsed.success) throw wrong(parsed.error.issues.map((issue) => issue.message).join('; '));
  return parsed.data;
}

/** Time after the request by which everything has stopped, or is killed. */
const END_WITHIN_MS = 12_000;

/** `kiosk run`: runs the browser host as a service until asked to stop. @returns an exit code of RUN_EXIT */
export async function runKiosk(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  more: Pick<BrowserHostOptions, 'coreModule'> = {},
): Promise<number> {
  const log = quietLog(hostLog(process.stdout), env.SMARTPRESENCE_LOG === 'debug');
  const { signal } = watchForEnd({
    withinMs: END_WITHIN_MS,
    force(why) {
      log('error', 'host: stopped immediately', { why });
      killDescendants();
      process.exit(RUN_EXIT.failed);
    },
  });
  let host: BrowserHost | null = null;
  try {
    const settings = readRunSettings(argv, env);
    const home = kioskHome(env);
    ensureKioskFolder(home, settings.demo);
    const { browser, deviceSecret, port, demo, footage } = settings;
    log('info', 'host: starts', { version: VERSION, commit: COMMIT, home, browser, demo });
    host = await startBrowserHost({
      home,
      demo,
      secretInFile: deviceSecret === 'file',
      browser: { mode: browser, ...(footage === undefined ? {} : { footage }) },
      ...(port === undefined ? {} : { port }),
      slots: slotsOf(env),
      mayEnd: true,
      endsWithCore: undecidedTrial(env),
      log,
      ...more,
    });
    sayReady(host, log);
    const asked = aborted(signal).then(() => null);
    const again = await Promise.race([asked, host.endAsked]);
    return again === null ? RUN_EXIT.ended : RUN_EXIT.restart;
  } catch (error) {
    const coded = codedError(error);
    log('error', coded ? 'host: refused' : 'host: failed', { error, ...(coded && { nextStep: coded.nextStep }) });
    if (!coded) return RUN_EXIT.failed;
    return coded.code === 'arguments-wrong' ? RUN_EXIT.usage : RUN_EXIT.refused;
  } finally {
    await host?.close();
    log('info', 'host: ended');
  }
}

/** Logs once where the page is, and once that the core has opened its store. Restarts of the core are not logged again. */
function sayReady(host: BrowserHost, log: CoreOptions['log']): void {
  log('info', 'host: serves', { serving: true, url: host.url, pid: process.pid });
  let said = false;
  host.onCoreEvent(({ state, pid }) => {
    if (state.state !== 'ready' || said) return;
    said = true;
    log('info', 'host: ready', { ready: true, url: host.url, version: VERSION, commit: COMMIT, core: pid });
  });
}

/** Drops entries that only developers read, above all the browser's own output. */
const quietLog =
  (log: CoreOptions['log'], debug: boolean): CoreOptions['log'] =>
  (level, message, fields) => {
    if (level !== 'debug' || debug) log(level, message, fields);
  };
