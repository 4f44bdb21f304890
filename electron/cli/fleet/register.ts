import { writeFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { command } from '../../../sync/disk/program.ts';
import { AlertCode } from '../../../sync/protocol/api/fleet.ts';
import { DeviceConfig } from '../../../sync/protocol/wire/fleet.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import { ask } from '../ask.ts';
import { EXIT, EXIT_HELP } from '../exit-codes.ts';
import { operate } from '../server/environment.ts';
import { registerFleetStaff } from './staff.ts';
import { commandLine, kioskLine, shownText, templateText } from './text.ts';

const KIOSK = 'id of the kiosk, see `fleet list`';
const SETTINGS = Object.keys(DeviceConfig.shape).join(', ');
const SETTING_HELP = `
Settings: ${SETTINGS}. One is taken away with name= (nothing behind it).
Every change is a revision that is kept; --back puts an older one back, as a new one. Revision 0 is nothing at all.`;

/** `fleet list|show|config|template|restart|logs|wipe|decommission|cancel|staff`: on the server. */
export function registerFleet(program: Command): void {
  const fleet = program
    .command('fleet')
    .description('On the server: how the kiosks are, their settings, and their commands.');
  registerReading(fleet);
  registerSettings(fleet);
  registerCommands(fleet);
  registerFleetStaff(fleet);
}

function registerReading(fleet: Command): void {
  fleet
    .command('list', { isDefault: true })
    .description('All kiosks, with what is wrong with them.')
    .option('--site <id>', 'of this site alone')
    .option('--alert <code>', `with this trouble: ${AlertCode.options.join(', ')}`, alert)
    .option('--version <version>', 'that run this version')
    .option('--name <text>', 'with this in their name')
    .option('--revoked', 'those that were revoked')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', `\nExit code 1 when something is wrong with one that is listed.${EXIT_HELP}`)
    .action(
      async (o: {
        site?: string;
        alert?: AlertCode;
        version?: string;
        name?: string;
        revoked?: boolean;
        json?: boolean;
      }) => {
        const { items } = await operate('fleet list', {
          ...(o.site && { site: o.site }),
          ...(o.alert && { alert: o.alert }),
          ...(o.version && { version: o.version }),
          ...(o.name && { name: o.name }),
          ...(o.revoked && { status: 'revoked' as const }),
        });
        for (const kiosk of items) print(o.json, kiosk, kioskLine(kiosk));
        if (items.length === 0 && !o.json) process.stdout.write('No such kiosk.\n');
        process.exitCode = items.some(({ alerts }) => alerts.length > 0) ? EXIT.attention : EXIT.ok;
      },
    );
  fleet
    .command('show')
    .description('One kiosk: how it is, its settings with their history, and its commands.')
    .argument('<id>', KIOSK)
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit code 1 when something is wrong with it.${EXIT_HELP}`)
    .action(async (device: string, o: { json?: boolean }) => {
      const found = await operate('fleet show', { device });
      print(o.json, found, shownText(found));
      process.exitCode = found.kiosk.alerts.length > 0 ? EXIT.attention : EXIT.ok;
    });
}

interface SettingOptions {
  readonly back?: number;
  readonly json?: boolean;
}

function registerSettings(fleet: Command): void {
  fleet
    .command('config')
    .description('Settings of one kiosk, over those of its site; without a setting: which they are.')
    .argument('<id>', KIOSK)
    .argument('[settings...]', 'name=value, e.g. volume=40 theme=dark')
    .option('--back <revision>', 'put this revision back', revision)
    .option('--json', 'one JSON object, as `fleet show` has it')
    .addHelpText('after', `${SETTING_HELP}${EXIT_HELP}`)
    .action(async (device: string, settings: string[], o: SettingOptions) => {
      const set = changesOf(settings, o);
      const found =
        o.back !== undefined
          ? await operate('fleet config back', { device, revision: o.back })
          : set
            ? await operate('fleet config', { device, set })
            : await operate('fleet show', { device });
      print(o.json, found, shownText(found));
    });
  fleet
    .command('template')
    .description('Settings that the kiosks of a site inherit; without a site: those of all.')
    .argument('[site]', 'id of the site')
    .argument('[settings...]', 'name=value, e.g. language=de')
    .option('--back <revision>', 'put this revision back', revision)
    .option('--json', 'one JSON object a line')
    .addHelpText('after', `${SETTING_HELP}${EXIT_HELP}`)
    .action(async (site: string | undefined, settings: string[], o: SettingOptions) => {
      const set = changesOf(settings, o);
      const all =
        site === undefined
          ? await operate('fleet templates', {})
          : o.back !== undefined
            ? await operate('fleet template back', { site, revision: o.back })
            : set
              ? await operate('fleet template', { site, set })
              : (await operate('fleet templates', {})).filter((one) => one.site === site);
      for (const one of all) print(o.json, one, templateText(one));
      if (all.length === 0)
        throw new Problem('unknown-site', 'There is no such site.', `See ${command('fleet template')}`);
    });
}

interface CommandOptions {
  readonly hours?: number;
  readonly name?: string;
  readonly json?: boolean;
}

function registerCommands(fleet: Command): void {
  const add = (what: 'restart' | 'logs' | 'wipe' | 'decommission', description: string, more: string) => {
    const made = fleet
      .command(what)
      .description(description)
      .argument('<id>', KIOSK)
      .option('--hours <n>', 'how long it may wait for the kiosk', hours)
      .option('--json', 'one JSON object, as `fleet show` has it')
      .addHelpText('after', `${more}${EXIT_HELP}`);
    if (what === 'wipe' || what === 'decommission')
      made.option('--name <name>', 'the kiosk’s name, to confirm; asked for without it');
    return made;
  };
  const sendCommand = async (what: 'restart' | 'wipe' | 'decommission', device: string, o: CommandOptions) => {
    const found = await operate('fleet command', {
      device,
      what,
      ...(o.hours && { hours: o.hours }),
      ...(o.name && { name: o.name }),
    });
    print(o.json, found, commandLine(found.commands[0]!));
  };
  /** Everything on it is deleted: to confirm, people type which kiosk it is. */
  const confirmed = async (device: string, o: CommandOptions): Promise<CommandOptions> => {
    if (o.name !== undefined) return o;
    const { kiosk } = await operate('fleet show', { device });
    return { ...o, name: await ask(`Everything on “${kiosk.name}” is destroyed. Its name, to confirm: `) };
  };
  add(
    'restart',
    'Have a kiosk start again, with its browser.',
    '\nIt is notified within seconds while it is online.',
  ).action((device: string, o: CommandOptions) => sendCommand('restart', device, o));
  add(
    'wipe',
    'Have a lost kiosk destroy everything on it; it is revoked once it says that it has.',
    `
At its next contact with the server. What it could not send within half a minute is lost. Until it says that it is done,
someone may have it: revoke its people's badges where that matters.`,
  ).action(async (device: string, o: CommandOptions) => sendCommand('wipe', device, await confirmed(device, o)));
  add(
    'decommission',
    'Take a kiosk out of service: it sends everything, destroys everything, and is revoked.',
    '\nIt waits until every record and photo is at the server, however long that takes.',
  ).action(async (device: string, o: CommandOptions) =>
    sendCommand('decommission', device, await confirmed(device, o)),
  );
  add(
    'logs',
    'Ask a kiosk for its redacted log, or read one that came.',
    `
Without --read: asks for it. With --read: the newest that came, as lines of JSON. It names nobody, and is kept for seven days.
Reading it is audited.`,
  )
    .option('--read', 'the newest that came')
    .option('--out <file>', 'with --read: into this file instead of the terminal')
    .action(async (device: string, o: CommandOptions & { read?: boolean; out?: string }) => {
      if (!o.read) {
        if (o.out !== undefined)
          throw new Problem('arguments-wrong', '--out belongs to --read.', `See ${command('fleet logs --help')}`);
        const found = await operate('fleet command', { device, what: 'logs', ...(o.hours && { hours: o.hours }) });
        return print(o.json, found, commandLine(found.commands[0]!));
      }
      const { commands } = await operate('fleet show', { device });
      const newest = commands.find(({ log }) => log !== null);
      if (!newest)
        throw new Problem(
          'log-missing',
          'No log of this kiosk is here.',
          `Ask for one: ${command('fleet logs')}, without --read.`,
        );
      const { text } = await operate('fleet log', { device, command: newest.id });
      if (o.out === undefined) process.stdout.write(text);
      else {
        writeFileSync(o.out, text, { mode: 0o600 });
        process.stdout.write(`${o.out} is written.\n`);
      }
    });
  fleet
    .command('cancel')
    .description('Cancel a command that a kiosk has not begun.')
    .argument('<id>', KIOSK)
    .argument('<command>', 'its id, see `fleet show`')
    .option('--json', 'one JSON object, as `fleet show` has it')
    .addHelpText('after', EXIT_HELP)
    .action(async (device: string, command: string, o: { json?: boolean }) => {
      const found = await operate('fleet command back', { device, command });
      const one = found.commands.find(({ id }) => id === command);
      print(o.json, found, one ? commandLine(one) : 'It is taken back.');
    });
}

/** `name=value`: a number, `true` or `false` where it reads as one; null for nothing behind the sign. */
export function changesOf(
  settings: readonly string[],
  { back }: { readonly back?: number },
): Record<string, unknown> | null {
  if (settings.length > 0 && back !== undefined)
    throw new Problem('arguments-wrong', '--back takes no settings with it.', 'Put back first, then change.');
  if (settings.length === 0) return null;
  return Object.fromEntries(
    settings.map((text) => {
      const at = text.indexOf('=');
      const name = text.slice(0, at);
      if (at < 1 || !Object.hasOwn(DeviceConfig.shape, name))
        throw new Problem(
          'arguments-wrong',
          `There is no setting “${at < 1 ? text : name}”.`,
          `There are: ${SETTINGS}.`,
        );
      return [name, readValue(name, text.slice(at + 1))];
    }),
  );
}

function readValue(name: string, text: string): unknown {
  if (text === '') return null;
  // A kiosk may be called 7, or true.
  if (name === 'name') return text;
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d{1,6}$/.test(text) ? Number(text) : text;
}

const whole = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new InvalidArgumentError(`a number from ${least} to ${most}`);
  return value;
};
const hours = whole(1, 24 * 90);
const revision = whole(0, 1_000_000);

function alert(text: string): AlertCode {
  const found = AlertCode.safeParse(text);
  if (!found.success) throw new InvalidArgumentError(`one of ${AlertCode.options.join(', ')}`);
  return found.data;
}

function print(json: boolean | undefined, value: unknown, sentence: string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : sentence}\n`);
}
