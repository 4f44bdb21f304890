import { writeFileSync } from 'node:fs';
import type { Command } from '@commander-js/extra-typings';
import { Problem } from '../../../sync/errors/problem.ts';
import * as api from '../../../sync/protocol/api/devices.ts';
import { ask } from '../ask.ts';
import { readGivenFile, wholeNumber } from '../options.ts';
import { print } from '../output.ts';
import { call, callAll } from '../server/environment.ts';
import { registerKiosk } from './kiosk.ts';

interface ProvisionOptions {
  readonly name: string;
  readonly site?: string;
  readonly url?: string;
  readonly minutes?: number;
  readonly request?: string;
  readonly out?: string;
  readonly fingerprint?: string;
  readonly json?: boolean;
}

/** `device …`: the registry of kiosks (on the server), and how a kiosk joins (on the kiosk). */
export function registerDevice(program: Command): void {
  const device = program
    .command('device')
    .description('Register kiosks: provision, approve, list and revoke on the server; join and renew on the kiosk.');
  registerRegistry(device);
  registerKiosk(device);
}

/** `device provision|approve|list|revoke`: on the server. */
function registerRegistry(device: Command): void {
  device
    .command('provision')
    .description('On the server: create a one-time code for a new kiosk, or answer its request file.')
    .requiredOption('--name <name>', 'name of the kiosk in lists')
    .option('--site <id>', 'ID of its site (default: the default site)')
    .option('--url <url>', 'HTTPS address at which the kiosk reaches this server (default: as configured)')
    .option('--minutes <n>', 'how long the code is valid (default: one day)', wholeNumber(1, 43_200))
    .option('--request <file>', 'by file: the request that `device request` wrote on the kiosk')
    .option('--out <file>', 'by file: write the answer to this file')
    .option('--fingerprint <text>', 'by file: the fingerprint on the kiosk’s screen (default: asked for)')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
By code: enter it at the kiosk (\`device join\`), compare the fingerprint on both screens, then run \`device approve\`.
By file, for a kiosk that can't be reached: run \`device request\` there, this command here, then \`device accept\` there.`,
    )
    .action(async (o) => {
      if (o.request === undefined) return byCode(o);
      return byFile(o, o.request);
    });
  device
    .command('approve')
    .description('On the server: approve a pending kiosk after comparing fingerprints.')
    .argument('<id>', 'device ID, see `device list`')
    .option('--fingerprint <text>', 'the fingerprint on the kiosk’s screen (default: asked for)')
    .option('--json', 'one JSON object')
    .action(async (id, o) => {
      const fingerprint = o.fingerprint ?? (await ask('Fingerprint, as the kiosk shows it: '));
      const approved = await call(api.approveDevice, { params: { device: id }, body: { fingerprint } });
      print(o.json, shown(approved), `${approved.name} is approved.`);
    });
  device
    .command('list')
    .description('On the server: list all devices.')
    .option('--json', 'one JSON object per line')
    .action(async (o) => {
      const devices = await callAll(api.listDevices);
      for (const d of devices) print(o.json, shown(d), describeDevice(d));
      if (devices.length === 0 && !o.json) process.stdout.write('No devices yet.\n');
    });
  device
    .command('revoke')
    .description(
      'On the server: stop accepting anything from a device, starting with its next message. Its records stay.',
    )
    .argument('<id>', 'device ID, see `device list`')
    .option('--json', 'one JSON object')
    .action(async (id, o) => {
      const revoked = await call(api.revokeDevice, { params: { device: id } });
      print(o.json, shown(revoked), `${revoked.name} is revoked.`);
    });
}

async function byCode(o: ProvisionOptions): Promise<void> {
  if (o.out !== undefined || o.fingerprint !== undefined)
    throw new Problem('arguments-wrong', { reason: '--out and --fingerprint belong to --request.' });
  const { name, site, url, minutes } = o;
  const { code, expiresAt } = await call(api.createProvisioningCode, { body: { name, site, url, minutes } });
  print(o.json, { code, expiresAt }, `${code}\n\nFor one kiosk, until ${expiresAt}. On the kiosk: device join`);
}

async function byFile(o: ProvisionOptions, request: string): Promise<void> {
  if (o.out === undefined || o.minutes !== undefined)
    throw new Problem('arguments-wrong', { reason: '--request needs --out, and takes no --minutes.' });
  const text = readGivenFile(request);
  const fingerprint = o.fingerprint ?? (await ask('Fingerprint, as the kiosk shows it: '));
  const { name, site, url } = o;
  const { grant, ...given } = await call(api.provisionByFile, {
    body: { request: text.trim(), fingerprint, name, site, url },
  });
  writeFileSync(o.out, `${grant}\n`, { mode: 0o600 });
  print(
    o.json,
    { ...given, out: o.out },
    `${o.out} is for that kiosk alone. There: device accept ${o.out}\nFingerprint of this server: ${given.serverFingerprint}`,
  );
}

const shown = ({ id, ...rest }: api.Device) => ({ device: id, ...rest });

function describeDevice(d: api.Device): string {
  const heard = d.lastHeardAt ? `heard ${d.lastHeardAt}` : 'never heard';
  const more = d.status === 'pending' ? `fingerprint ${d.fingerprint}` : heard;
  return `${d.id}  ${d.status.padEnd(8)}  ${d.name}  (${more})`;
}
