import { parseArgs } from 'node:util';
import { z } from 'zod';
import { EXIT } from './exit-codes.ts';
import { runAppliance } from './start/appliance.ts';

const HELP = `npm start [-- OPTIONS]

Starts a kiosk and its server on this machine and opens the kiosk. Everything is kept in SMARTPRESENCE_HOME, by default
smartpresence in the user's data folder. Ctrl-C stops everything.

  --camera demo   recorded footage in place of a camera: two enrolled people walk up to the kiosk. Chosen by itself
                  where there is neither a display nor a camera
  --camera real   the machine's camera
  --host electron | browser
                  Electron, or Chromium with the core beside it (default: Electron where its program is installed)
  --port N        port of the kiosk's page on the loopback interface (default: a free one)
  --device-secret file | systemd
                  where the secret is that opens the kiosk's store: a 0600 file in its folder (default; staff's
                  screens keep saying so), or a credential sealed by systemd, in a unit of its own
  --no-build      take the screens as they are in dist/ (npm run dev builds them)
  --help          this text`;

const Options = z.object({
  help: z.boolean().default(false),
  camera: z.enum(['auto', 'demo', 'real'], '--camera takes demo or real').default('auto'),
  host: z.enum(['auto', 'electron', 'browser'], '--host takes electron or browser').default('auto'),
  port: z.coerce.number('--port takes a number').int().min(1).max(65_535).nullable().default(null),
  'no-build': z.boolean().default(false),
  'device-secret': z.enum(['file', 'systemd'], '--device-secret takes file or systemd').default('file'),
});

// Whatever still keeps the event loop alive (such as an interrupted step) must not keep the process running.
process.exit(await start());

async function start(): Promise<number> {
  const parsed = Options.safeParse(readArguments());
  if (!parsed.success) {
    process.stderr.write(`start: ${parsed.error.issues.map((issue) => issue.message).join('; ')}\n\n${HELP}\n`);
    return EXIT.usage;
  }
  const { help, 'device-secret': deviceSecret, 'no-build': noBuild, ...options } = parsed.data;
  if (!help) return runAppliance({ ...options, deviceSecret, build: !noBuild });
  process.stdout.write(`${HELP}\n`);
  return EXIT.ok;
}

function readArguments(): Record<string, unknown> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      options: {
        camera: text,
        host: text,
        port: text,
        'device-secret': text,
        'no-build': flag,
        help: { ...flag, short: 'h' },
      },
    }).values;
  } catch (cause) {
    process.stderr.write(`start: ${cause instanceof Error ? cause.message : String(cause)}\n\n${HELP}\n`);
    process.exit(EXIT.usage);
  }
}
