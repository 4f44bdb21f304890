import { writeFileSync } from 'node:fs';
import type { Command } from '@commander-js/extra-typings';
import type { z } from 'zod';
import { AUDIT_ROLES } from '../../../sync/protocol/api/audit.ts';
import { dataKinds } from '../../../sync/protocol/api/data-kinds.ts';
import { AUDIT_ACTIONS } from '../../../sync/protocol/api/endpoint.ts';
import * as api from '../../../sync/protocol/api/incidents.ts';
import { EXIT } from '../exit-codes.ts';
import { collect, instant, Option, someOf } from '../options.ts';
import { print, printEach } from '../output.ts';
import { asOperator, call } from '../server/environment.ts';

/** Parses `none`, or names of keys. */
const purposes = (text: string) => (text === 'none' ? [] : someOf(api.ServerKeyPurpose.options)(text));

/** `incident list|open|show|note|change|scope|affected|notice|notified|contain|close`: on the server. */
export function registerIncident(program: Command): void {
  const incident = program
    .command('incident')
    .description('On the server: document a data breach: the 72-hour deadline, who is affected, what was done.');
  incident
    .command('list', { isDefault: true })
    .description('List incidents, newest first.')
    .option(
      '--json',
      'one JSON object per line: {"id","title","severity","state","foundAt",…,"clock":{"dueAt","state","remainingMs"}}',
    )
    .addHelpText(
      'after',
      `\nExit code 1 while the 72 hours of an incident are running, or are over and no one was notified.`,
    )
    .action(async (o) => {
      const { items: list } = await call(api.listIncidents);
      printEach(o.json, list, summaryLine, 'No incidents.');
      const ticking = list.some((i) => i.state !== 'closed' && /^(running|overdue)$/.test(i.clock.state));
      process.exitCode = ticking ? EXIT.attention : EXIT.ok;
    });
  incident
    .command('open')
    .description('Open an incident. The 72 hours run from when it was discovered.')
    .requiredOption('--title <text>', 'short title')
    .addOption(new Option('--severity <level>').choices(api.Severity.options).makeOptionMandatory())
    .option('--found <time>', 'when it became known that personal data is affected (default: now)', instant)
    .option('--began <time>', 'when it began, if known', instant)
    .option('--ended <time>', 'when it ended', instant)
    .option('--description <text>', 'what happened')
    .addOption(new Option('--data <kinds...>', 'kinds of data affected').choices(dataKinds))
    .option('--json', 'the incident as one JSON object')
    .action(async ({ json, found = new Date().toISOString(), began, ended, ...o }) => {
      const body = { ...o, foundAt: found, beganAt: began, endedAt: ended };
      show(json, await call(api.openIncident, { body }));
    });
  registerChanges(incident);
  incident
    .command('affected')
    .description('List the people affected, found in the audit log by the incident’s scopes.')
    .argument('<id>', 'of the incident')
    .option(
      '--json',
      'one JSON object: {"people":[{"person","name","email","rows","first","last","data"}],"rows","everyone","unknown"}',
    )
    .addHelpText('after', `\nExit code 1 when the incident has no scope yet, so that no one can be found.`)
    .action(async (id, o) => {
      const found = await call(api.listAffected, { params: { incident: id } });
      print(o.json, found, affectedText);
      process.exitCode = found.rows === 0 ? EXIT.attention : EXIT.ok;
    });
  incident
    .command('notice')
    .description('Draft the notice to the authority or to the people affected. Gaps to fill in are marked […].')
    .argument('<id>', 'of the incident')
    .addOption(new Option('--to <recipient>').choices(['authority', 'people']).makeOptionMandatory())
    .addOption(new Option('--language <language>').choices(api.NoticeLanguage.options).default('en'))
    .option('--out <file>', 'write to this file (default: standard output)')
    .addHelpText('after', `\nExit code 1 when something is still to be filled in.`)
    .action(async (id, o) => {
      const query = { to: o.to, language: o.language };
      const { text, missing } = await call(api.getIncidentNotice, { params: { incident: id }, query });
      if (o.out) writeFileSync(o.out, text, { mode: 0o600, flag: 'wx' });
      else process.stdout.write(text);
      for (const what of missing) process.stderr.write(`to be filled in: ${what}\n`);
      process.exitCode = missing.length > 0 ? EXIT.attention : EXIT.ok;
    });
  incident
    .command('contain')
    .description(
      'Contain an incident: replace server keys, revoke kiosks, end sessions. Each step is added to the timeline.',
    )
    .argument('<id>', 'of the incident')
    .option(
      '--rotate <purposes>',
      'keys that get a successor: signing,sealing,ca,qr,pin, or none',
      purposes,
      purposes('signing,sealing,qr'),
    )
    .option('--retire', 'also retire the old keys; kiosks that don’t know the new ones are cut off')
    .option('--device <id>', 'kiosk to revoke; repeatable', collect, [])
    .option('--account <id>', 'account whose sessions end; repeatable', collect, [])
    .option('--every-session', 'end all sessions of all accounts')
    .option('--json', 'one JSON object: {"done":[…],"failed":[{"what","code","message"}],"next":[…]}')
    .addHelpText(
      'after',
      `
If a step fails, earlier ones stay done: run it again. It can't replace the keys in the environment, but says what to do
about them. Exit code 1 when a step failed.`,
    )
    .action(async (id, { device, account, json, ...o }) => {
      const { done, failed, next } = await call(api.containIncident, {
        params: { incident: id },
        body: { ...o, devices: device, accounts: account },
      });
      const lines = [
        ...done,
        ...failed.map((f) => `NOT DONE: ${f.what} ${f.code}: ${f.message}`),
        'Next:',
        ...next.map((n) => `- ${n}`),
      ];
      print(json, { done, failed, next }, lines.join('\n'));
      process.exitCode = failed.length > 0 ? EXIT.attention : EXIT.ok;
    });
}

function affectedText({ people, rows, everyone, unknown }: z.output<typeof api.AffectedPeople>): string {
  return [
    ...people.map((p) => {
      const name = [p.name ?? '(no name)', p.email ?? ''].filter(Boolean).join(', ');
      return `${p.person}  ${name}  ${p.rows} ${p.rows === 1 ? 'row' : 'rows'}, ${p.first} to ${p.last}: ${p.data.join(' ')}`;
    }),
    `${people.length} ${people.length === 1 ? 'person' : 'people'} in ${rows} rows of the audit log${everyone ? ', which concern everyone' : ''}.`,
    ...(unknown > 0 ? [`${unknown} more have been erased since, each counted once a day.`] : []),
    ...(rows === 0 ? ['No rows match: choose rows with incident scope.'] : []),
  ].join('\n');
}

/** The commands that change an incident and then show it. */
function registerChanges(incident: Command): void {
  const one = (name: string, description: string) =>
    incident
      .command(name)
      .description(description)
      .argument('<id>', 'of the incident')
      .option('--json', 'the incident as one JSON object');
  one('show', 'Show an incident with its timeline.').action(async (id, o) =>
    show(o.json, await call(api.getIncident, { params: { incident: id } })),
  );
  one('note', 'Add a note to the timeline.')
    .requiredOption('--text <text>', 'text of the note')
    .action(async (id, o) =>
      show(o.json, await call(api.addIncidentNote, { params: { incident: id }, body: { text: o.text } })),
    );
  one('change', 'Change or complete an incident’s documentation.')
    .option('--title <text>')
    .addOption(new Option('--severity <level>').choices(api.Severity.options))
    .option('--description <text>', 'what happened')
    .option('--consequences <text>', 'likely consequences for the people affected')
    .option('--measures <text>', 'measures taken and planned')
    .option('--authority-reason <text>', 'why the authority is notified late or not at all')
    .option('--people-reason <text>', 'why the people affected aren’t notified')
    .option('--found <time>', 'when it was discovered', instant)
    .option('--began <time>', 'when it began', instant)
    .option('--ended <time>', 'when it ended', instant)
    .addOption(new Option('--data <kinds...>', 'kinds of data affected, replacing the earlier ones').choices(dataKinds))
    .action(async (id, { found, began, ended, data, json, ...text }) => {
      const patch = {
        ...text,
        ...(found && { foundAt: found }),
        ...(began && { beganAt: began }),
        ...(ended && { endedAt: ended }),
        ...(data && { data }),
      };
      const params = { incident: id };
      const changed = await asOperator(async (ask) => {
        const { version } = await ask(api.getIncident, { params });
        return ask(api.changeIncident, { params, body: { version, ...patch } });
      });
      show(json, changed);
    });
  one('scope', 'Choose the audit log rows that show who is affected. A row must match every condition.')
    .option('--from <time>', 'from this time', instant)
    .option('--to <time>', 'before this time', instant)
    .option('--who <id>', 'account or device responsible')
    .addOption(new Option('--role <role>', 'role of the account responsible').choices(AUDIT_ROLES))
    .addOption(new Option('--action <action>').choices(AUDIT_ACTIONS))
    .option('--route <text>', 'start of the route, command or job')
    .option('--resource <text>', 'site, device, file, …')
    .addOption(new Option('--data <kind>', 'kind of data').choices(dataKinds))
    .action(async (id, { json, ...scope }) =>
      show(json, await call(api.addIncidentScope, { params: { incident: id }, body: scope })),
    );
  one('notified', 'Record when the authority or the people affected were notified.')
    .addOption(new Option('--to <recipient>').choices(['authority', 'people']).makeOptionMandatory())
    .option('--at <time>', 'when (default: now)', instant)
    .action(async (id, { to, at = new Date().toISOString(), json }) =>
      show(json, await call(api.recordNotified, { params: { incident: id }, body: { to, at } })),
    );
  one('close', 'Close an incident that is documented.').action(async (id, o) =>
    show(o.json, await call(api.closeIncident, { params: { incident: id } })),
  );
}

const show = (json: boolean | undefined, incident: api.Incident): void => print(json, incident, incidentText);

type Summary = z.output<typeof api.IncidentSummary>;

function summaryLine(i: Summary): string {
  return `${i.id}  ${i.foundAt}  ${i.severity}  ${i.state}  ${clockText(i)}  ${i.title}`;
}

function incidentText(i: api.Incident): string {
  const written = (['description', 'consequences', 'measures', 'authorityReason', 'peopleReason'] as const)
    .filter((field) => i[field] !== '')
    .map((field) => `  ${field}: ${i[field]}`);
  return [
    summaryLine(i),
    ...(i.data.length > 0 ? [`  data: ${i.data.join(' ')}`] : []),
    ...written,
    ...i.scopes.map(({ scope }) => `  scope: ${conditions(scope)}`),
    ...i.timeline.map(({ at, byRole, byEmail, byId, kind, text }) => {
      const who = [byRole, byEmail ?? byId].filter(Boolean).join(' ');
      const what = kind.startsWith('scope') ? conditions(JSON.parse(text)) : text;
      return `  ${at}  ${who}  ${kind}${what && `: ${what}`}`;
    }),
  ].join('\n');
}

const conditions = (scope: api.IncidentScope): string =>
  Object.entries(scope)
    .map((pair) => pair.join(' '))
    .join(', ');

function clockText({ clock }: Pick<Summary, 'clock'>): string {
  const hours = (ms: number) => `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
  switch (clock.state) {
    case 'running':
      return `${hours(clock.remainingMs)} left of 72 (until ${clock.dueAt})`;
    case 'overdue':
      return `OVERDUE by ${hours(-clock.remainingMs)}`;
    case 'in-time':
      return 'authority notified in time';
    case 'late':
      return 'authority notified late';
    case 'not-needed':
      return 'authority need not be notified';
  }
}
