import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from '@commander-js/extra-typings';
import { Problem } from '../../../sync/errors/problem.ts';
import {
  deviceAccept,
  deviceJoin,
  deviceJoinPoll,
  deviceProxy,
  deviceRenew,
  deviceRequestFile,
} from '../../core/commands/device.ts';
import { kioskHome } from '../../core/paths.ts';
import { ask } from '../ask.ts';
import { EXIT } from '../exit-codes.ts';
import { readGivenFile } from '../options.ts';
import { terminalOutput } from '../output.ts';
import { type CommandSession, onKiosk, openCommands } from '../store-command.ts';

/** How often the kiosk checks whether it was approved, ms. */
const POLL_MS = 2000;
/** Temporary problems in reaching the server. */
const PASSING = /^(server-(unreachable|silent)|proxy-unreachable|too-many-requests|http-5\d\d)$/;

type Line = Record<string, string>;

/** `device join|request|accept|renew|proxy`: on the kiosk, running or not. */
export function registerKiosk(device: Command): void {
  device
    .command('join')
    .description('On the kiosk: join a server with the code that `device provision` created there.')
    .option('--name <name>', 'name of the kiosk while it waits for approval (default: the host name)')
    .option('--replace', 'even if this kiosk already belongs to a server; it gets a new identity')
    .option('--continue', 'resume an earlier join that is waiting for approval')
    .option('--no-wait', 'don’t wait for approval; see --continue')
    .option('--json', 'one JSON object per line')
    .addHelpText(
      'after',
      `
The code is asked for, or read from standard input. It is never an argument, because every process can read arguments.
The kiosk then shows a fingerprint and waits: compare it with the server's (\`device list\`) and approve it there.`,
    )
    .action(async (o) => {
      const output = terminalOutput(o.json ?? false, describeJoin);
      const code = o.continue ? null : await ask('Code: ');
      const session = await openCommands(kioskHome(), deviceJoin.beginsKiosk);
      try {
        if (code !== null) {
          const args = { code, replace: o.replace ?? false, ...(o.name && { name: o.name }) };
          await session.run(deviceJoin, args, output);
        }
        process.exitCode = o.wait || o.continue ? await waitForApproval(session, output) : EXIT.ok;
      } finally {
        output.end();
        await session.close();
      }
    });
  device
    .command('request')
    .description('On the kiosk: write a request file for a server it can’t reach.')
    .requiredOption('--out <file>', 'write the request to this file; it contains no secrets')
    .option('--name <name>', 'name of the kiosk (default: the host name)')
    .option('--replace', 'even if this kiosk already belongs to a server; it gets a new identity')
    .option('--json', 'one JSON object')
    .action((o) => {
      const args = { replace: o.replace ?? false, ...(o.name && { name: o.name }) };
      return onKiosk(deviceRequestFile, args, false, ({ request, ...rest }: Line) => {
        writeFileSync(o.out, `${request}\n`, { mode: 0o600 });
        const written = { ...rest, out: o.out };
        if (o.json) return JSON.stringify(written);
        return `${o.out} was written. Fingerprint of this kiosk: ${rest.fingerprint}`;
      });
    });
  device
    .command('accept')
    .description('On the kiosk: apply the server’s answer to a request file.')
    .argument('<file>', 'the answer that `device provision --request` wrote')
    .option('--server-fingerprint <text>', 'the fingerprint the server showed (default: asked for)')
    .option('--json', 'one JSON object')
    .action(async (file, o) => {
      const grant = readGivenFile(file);
      const serverFingerprint =
        o.serverFingerprint ?? (await ask('Fingerprint of the server, as it was shown there: '));
      await onKiosk(deviceAccept, { grant, serverFingerprint }, o.json, describeJoin);
    });
  device
    .command('renew')
    .description('On the kiosk: renew its certificate now instead of automatically before it expires.')
    .option('--json', 'one JSON object')
    .action(({ json }) => onKiosk(deviceRenew, {}, json, () => 'The certificate was renewed.'));
  device
    .command('proxy')
    .description('On the kiosk: set the proxy for reaching the server and brokers. Without an option: show it.')
    .option('--set', 'use this proxy from now on')
    .option('--none', 'use no proxy from now on')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
The address is asked for, or read from standard input: http://host:port or https://host:port, with name:password@ before the
host if the proxy requires them. It is kept in the encrypted store. The proxy must allow CONNECT; traffic stays encrypted
between kiosk and server. Before joining: \`device proxy --set\`, then \`device join\`.`,
    )
    .action(async (o) => {
      if (o.set && o.none) throw new Problem('arguments-wrong', { reason: '--set and --none exclude each other.' });
      const address = o.none ? '' : o.set ? await ask('Address of the proxy: ') : undefined;
      const text = ({ proxy }: { proxy: string | null }) =>
        proxy === null ? 'No proxy: the kiosk goes straight.' : `The kiosk goes through ${proxy}.`;
      await onKiosk(deviceProxy, address === undefined ? {} : { address }, o.json, text);
    });
}

/** Polls until approved, ignoring temporary problems. @throws Problem if rejected */
async function waitForApproval(session: CommandSession, output: ReturnType<typeof terminalOutput>): Promise<number> {
  for (;;) {
    let state = 'pending';
    const note = {
      ...output,
      line(value: unknown) {
        state = (value as Line).state ?? state;
        if (state !== 'pending') output.line(value);
      },
    };
    try {
      await session.run(deviceJoinPoll, {}, note);
    } catch (cause) {
      if (!(cause instanceof Problem && PASSING.test(cause.code))) throw cause;
    }
    if (state !== 'pending') return EXIT.ok;
    await pause(POLL_MS);
  }
}

function describeJoin(value: unknown): string {
  const line = value as Line;
  return line.state === 'pending'
    ? `Fingerprint: ${line.fingerprint}\nCompare it with the server's, then there: device approve ${line.device}`
    : `This kiosk belongs to ${line.server} now.`;
}
