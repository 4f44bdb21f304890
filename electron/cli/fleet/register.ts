import { writeFileSync } from 'node:fs';
import type { Command } from '@commander-js/extra-typings';
import { Problem } from '../../../sync/errors/problem.ts';
import type { FleetKiosk as Kiosk, FleetDetail as Shown, Template } from '../../../sync/protocol/api/fleet.ts';
import * as api from '../../../sync/protocol/api/fleet.ts';
import { DeviceConfig } from '../../../sync/protocol/wire/fleet.ts';
import { ask } from '../ask.ts';
import { EXIT } from '../exit-codes.ts';
import { oneOf, wholeNumber } from '../options.ts';
import { print, printEach } from '../output.ts';
import { asOperator, call, callAll } from '../server/environment.ts';
import { registerFleetStaff } from './staff.ts';

const KIOSK = 'kiosk ID, see `fleet list`';
const SETTINGS = Object.keys(DeviceConfig.shape).join(', ');
const SETTING_HELP = `
Settings: ${SETTINGS}. To remove one, write name= with no value.
Every change is kept as a revision; --revert restores an older one as a new revision. Revision 0 has no settings.`;

/** `fleet list|show|config|template|restart|logs|wipe|decommission|cancel|staff`: on the server. */
export function registerFleet(program: Command): void {
  const fleet = program.command('fleet').description('On the server: health, settings and commands of kiosks.');
  registerReading(fleet);
  registerSettings(fleet);
  registerCommands(fleet);
  registerFleetStaff(fleet);
}

function registerReading(fleet: Command): void {
  fleet
    .command('list', { isDefault: true })
    .description('List kiosks and their problems.')
    .option('--site <id>', 'only kiosks of this site')
    .option(
      '--alert <code>',
      `only kiosks with this problem: ${api.AlertCode.options.join(', ')}`,
      oneOf(api.AlertCode.options),
    )
    .option('--version <version>', 'only kiosks running this version')
    .option('--name <text>', 'only kiosks with this text in their name')
    .option('--revoked', 'revoked kiosks instead')
    .option('--json', 'one JSON object per line')
    .addHelpText('after', `\nExit code 1 when a listed kiosk has a problem.`)
    .action(async ({ revoked, json, ...filter }) => {
      const items = await callAll(api.listFleet, { query: { ...filter, status: revoked && 'revoked' } });
      printEach(json, items, kioskLine, 'No such kiosk.');
      process.exitCode = items.some(({ alerts }) => alerts.length > 0) ? EXIT.attention : EXIT.ok;
    });
  fleet
    .command('show')
    .description('Show one kiosk: health, settings with their history, and commands.')
    .argument('<id>', KIOSK)
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit code 1 when the kiosk has a problem.`)
    .action(async (device, o) => {
      const found = await call(api.getKiosk, { params: { device } });
      print(o.json, found, shownText);
      process.exitCode = found.kiosk.alerts.length > 0 ? EXIT.attention : EXIT.ok;
    });
}

function registerSettings(fleet: Command): void {
  fleet
    .command('config')
    .description('Change one kiosk’s own settings, which override its site’s. Without settings: show them.')
    .argument('<id>', KIOSK)
    .argument('[settings...]', 'name=value, e.g. volume=40 theme=dark')
    .option('--revert <revision>', 'restore this revision', revision)
    .option('--json', 'one JSON object, as in `fleet show`')
    .addHelpText('after', SETTING_HELP)
    .action(async (device, settings, o) => {
      const set = changesOf(settings, o);
      const params = { device };
      const found = await asOperator(async (ask) => {
        if (o.revert !== undefined) return ask(api.revertKioskSettings, { params, body: { revision: o.revert } });
        const shown = await ask(api.getKiosk, { params });
        return set ? ask(api.setKioskSettings, { params, body: changed(shown.own, set) }) : shown;
      });
      print(o.json, found, shownText);
    });
  fleet
    .command('template')
    .description(
      'Change the settings that a site’s kiosks inherit. Without settings: show them; without a site: those of all sites.',
    )
    .argument('[site]', 'id of the site')
    .argument('[settings...]', 'name=value, e.g. language=de')
    .option('--revert <revision>', 'restore this revision', revision)
    .option('--json', 'one JSON object per line')
    .addHelpText('after', SETTING_HELP)
    .action(async (site, settings, o) => {
      const set = changesOf(settings, o);
      const all = await asOperator(async (ask) => {
        const params = { site: site! };
        if (site && o.revert !== undefined)
          return [await ask(api.revertSettingsTemplate, { params, body: { revision: o.revert } })];
        const { items } = await ask(api.listSettingsTemplates);
        const shown = items.filter((one) => site === undefined || one.site === site);
        if (!site || !set || !shown[0]) return shown;
        return [await ask(api.setSettingsTemplate, { params, body: changed(shown[0], set) })];
      });
      printEach(o.json, all, templateText);
      if (all.length === 0) throw new Problem('unknown-site');
    });
}

interface CommandOptions {
  readonly hours?: number;
  readonly name?: string;
  readonly json?: boolean;
}

function registerCommands(fleet: Command): void {
  const add = (what: 'restart' | 'logs' | 'wipe' | 'decommission', description: string, more: string) =>
    fleet
      .command(what)
      .description(description)
      .argument('<id>', KIOSK)
      .option('--hours <n>', 'how long the command waits for the kiosk', hours)
      .option('--json', 'one JSON object, as in `fleet show`')
      .addHelpText('after', more);
  const sendCommand = async (what: 'restart' | 'logs' | 'wipe' | 'decommission', device: string, o: CommandOptions) => {
    const found = await call(api.commandKiosk, { params: { device }, body: { what, hours: o.hours, name: o.name } });
    print(o.json, found, commandLine(found.commands[0]!));
  };
  /** A command that deletes everything on the kiosk. People confirm it by typing the kiosk's name. */
  const destroys = (what: 'wipe' | 'decommission', description: string, more: string) =>
    add(what, description, more)
      .option('--name <name>', 'the kiosk’s name, as confirmation (default: asked for)')
      .action(async (device, o) => {
        if (o.name !== undefined) return sendCommand(what, device, o);
        const { kiosk } = await call(api.getKiosk, { params: { device } });
        const name = await ask(`Everything on “${kiosk.name}” will be destroyed. Type its name to confirm: `);
        return sendCommand(what, device, { ...o, name });
      });
  add('restart', 'Restart a kiosk’s software and its screen.', '\nAn online kiosk is notified within seconds.').action(
    (device, o) => sendCommand('restart', device, o),
  );
  destroys(
    'wipe',
    'Wipe a lost kiosk: it destroys everything on it, and is revoked once it confirms that.',
    `
It happens the next time the kiosk connects. Records it can't send within 30 seconds are lost. Until the kiosk confirms,
someone may still have its data: revoke its people's badges if that matters.`,
  );
  destroys(
    'decommission',
    'Take a kiosk out of service: it sends its records, destroys everything on it, and is revoked.',
    '\nThe kiosk first sends every record and photo to the server, however long that takes.',
  );
  add(
    'logs',
    'Request a kiosk’s redacted log, or read the latest one received.',
    `
Without --read, the log is requested. With --read, the latest one received is printed as lines of JSON. It contains no
personal data and is kept for seven days. Reading it is logged.`,
  )
    .option('--read', 'read the latest log received')
    .option('--out <file>', 'with --read: write to this file instead of the terminal')
    .action(async (device, o) => {
      if (!o.read) {
        if (o.out !== undefined) throw new Problem('arguments-wrong', { reason: '--out belongs to --read.' });
        return sendCommand('logs', device, o);
      }
      const { commands } = await call(api.getKiosk, { params: { device } });
      const newest = commands.find(({ log }) => log !== null);
      if (!newest) throw new Problem('log-not-here');
      const text = await call(api.getKioskLog, { params: { device, command: newest.id } });
      if (o.out === undefined) process.stdout.write(text);
      else {
        writeFileSync(o.out, text, { mode: 0o600 });
        process.stdout.write(`${o.out} was written.\n`);
      }
    });
  fleet
    .command('cancel')
    .description('Cancel a command that the kiosk hasn’t started yet.')
    .argument('<id>', KIOSK)
    .argument('<command>', 'command ID, see `fleet show`')
    .option('--json', 'one JSON object, as in `fleet show`')
    .action(async (device, command, o) => {
      const found = await call(api.withdrawCommand, { params: { device, command } });
      const one = found.commands.find(({ id }) => id === command);
      print(o.json, found, one ? commandLine(one) : 'Cancelled.');
    });
}

/** Parses `name=value`: a number, `true` or `false` if it looks like one; null if nothing follows the sign. */
export function changesOf(
  settings: readonly string[],
  { revert }: { readonly revert?: number },
): Record<string, unknown> | null {
  if (settings.length > 0 && revert !== undefined)
    throw new Problem('arguments-wrong', {
      reason: '--revert can’t be combined with settings: revert first, then change.',
    });
  if (settings.length === 0) return null;
  return Object.fromEntries(
    settings.map((text) => {
      const at = text.indexOf('=');
      const name = text.slice(0, at);
      if (at < 1 || !Object.hasOwn(DeviceConfig.shape, name))
        throw new Problem('arguments-wrong', {
          reason: `There is no setting “${at < 1 ? text : name}”. Settings: ${SETTINGS}.`,
        });
      return [name, readValue(name, text.slice(at + 1))];
    }),
  );
}

/** Returns the complete settings: the existing ones with the changes applied; null removes one. */
function changed({ settings, revision }: api.Settings, set: Readonly<Record<string, unknown>>) {
  const all = Object.entries({ ...settings, ...set }).filter(([, value]) => value !== null);
  // The server checks whether each setting is valid.
  return { settings: Object.fromEntries(all) as api.Settings['settings'], after: revision };
}

function readValue(name: string, text: string): unknown {
  if (text === '') return null;
  // A kiosk may be named 7, or true.
  if (name === 'name') return text;
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d{1,6}$/.test(text) ? Number(text) : text;
}

const hours = wholeNumber(1, 24 * 90);
const revision = wholeNumber(0, 1_000_000);

/** Formats the fleet as lines of text. */

type Change = Shown['own']['history'][number];

const alertText = ({ code, detail }: Kiosk['alerts'][number]): string =>
  detail === null ? code : `${code} (${detail})`;

function kioskLine(k: Kiosk): string {
  const heard = k.lastHeardAt ? `heard ${k.lastHeardAt}` : 'never heard';
  const wrong = k.alerts.map(alertText).join(', ') || (k.leaving ? `leaves: ${k.leaving}` : 'well');
  return `${k.id}  ${(k.report?.version ?? '?').padEnd(10)}  ${k.name}  (${heard})  ${wrong}`;
}

function shownText({ kiosk, own, template, effective, commands, staff }: Shown): string {
  const r = kiosk.report;
  const gigabytes = (bytes: number | null) => (bytes === null ? '?' : `${(bytes / 1e9).toFixed(1)} GB`);
  const facts = r
    ? [
        `build     ${r.version}${r.commit && ` (${r.commit.slice(0, 12)})`}, ${r.host} host, store schema ${r.storeSchema}`,
        `models    ${r.models.embedder ?? 'no embedder'}; detector ${r.models.detector?.slice(0, 12) ?? '?'}`,
        `up        ${Math.round(r.uptimeSeconds / 60)} min; ${r.temperature === null ? 'no thermometer' : `${r.temperature} °C`}`,
        `disk      ${gigabytes(r.diskFree)} of ${gigabytes(r.diskTotal)} free`,
        `camera    ${r.camera}`,
        `clock     ${r.clockOffsetMs} ms off`,
        `waiting   ${r.queued} records, ${r.photosWaiting} photos`,
        `settings  revision ${kiosk.config.inForce ?? 'none'} in force, ${kiosk.config.published ?? 'none'} sent${r.configProblem ? `: ${r.configProblem}` : ''}`,
      ]
    : ['It has not reported its health yet.'];
  return [
    kioskLine(kiosk),
    ...facts,
    '',
    `Its own settings: ${settingsText(own.settings)}`,
    `Its site’s:       ${settingsText(template)}`,
    `Published:        ${settingsText(effective)}`,
    ...own.history.map(changeLine),
    ...(commands.length > 0 ? ['', ...commands.map(commandLine)] : []),
    ...(staff.length > 0 ? ['', 'Staff at the kiosk:', ...staff.map(staffLine)] : []),
  ].join('\n');
}

const settingsText = (settings: object): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ') || '(none)';

function changeLine({ revision, at, by, email, settings, revertedTo }: Change): string {
  const from = revertedTo === null ? '' : ` (revision ${revertedTo} restored)`;
  return `  ${String(revision).padStart(4)}  ${at}  by ${email ?? by}: ${settingsText(settings)}${from}`;
}

function staffLine({ at, what, outcome, code, by, member }: Shown['staff'][number]): string {
  const who = by === null ? 'nobody' : by.emergency ? 'emergency PIN' : (by.name ?? 'a former member');
  const about = member === null ? '' : ` (${member})`;
  return `  ${at}  ${what}${about}  ${outcome}${code ? ` (${code})` : ''}  ${who}`;
}

function commandLine(c: Shown['commands'][number]): string {
  const when = c.answeredAt ?? c.startedAt ?? c.askedAt;
  const why = c.code ? ` (${c.code})` : '';
  const log = c.log ? `; log of ${c.log.bytes} bytes until ${c.log.keptUntil}` : '';
  return `${c.id}  ${c.what.padEnd(12)}  ${c.state}${why}  ${when}  by ${c.email ?? c.by}${log}`;
}

const templateText = ({ site, name, settings, history }: Template): string =>
  [`${site}  ${name}: ${settingsText(settings)}`, ...history.map(changeLine)].join('\n');
