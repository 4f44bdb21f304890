import { type Command, Option } from 'commander';
import { EXIT_HELP } from '../exit-codes.ts';
import { operate } from '../server/environment.ts';
import { collect, incidentText, instant } from './text.ts';

type Severity = 'low' | 'medium' | 'high' | 'critical';
type Shown = Awaited<ReturnType<typeof operate<'incident show'>>>;

interface Written {
  readonly title?: string;
  readonly severity?: Severity;
  readonly description?: string;
  readonly consequences?: string;
  readonly measures?: string;
  readonly authorityReason?: string;
  readonly peopleReason?: string;
  readonly found?: string;
  readonly began?: string;
  readonly ended?: string;
  readonly data: string[];
}

/** The commands that change an incident and show it afterwards. */
export function registerChanges(incident: Command): void {
  const one = (name: string, description: string) =>
    incident
      .command(name)
      .description(description)
      .argument('<id>', 'of the incident')
      .option('--json', 'the incident as one JSON object')
      .addHelpText('after', EXIT_HELP);
  one('show', 'An incident with its timeline.').action(async (id: string, o: { json?: boolean }) =>
    print(o.json, await operate('incident show', { incident: id })),
  );
  one('note', 'Add a note to the timeline.')
    .requiredOption('--text <text>', 'what there is to say')
    .action(async (id: string, o: { text: string; json?: boolean }) =>
      print(o.json, await operate('incident note', { incident: id, text: o.text })),
    );
  one('change', 'Write about an incident what is not known at first.')
    .option('--title <text>')
    .addOption(new Option('--severity <level>').choices(['low', 'medium', 'high', 'critical']))
    .option('--description <text>', 'what happened')
    .option('--consequences <text>', 'what may follow from it for people')
    .option('--measures <text>', 'what was done about it, and is going to be')
    .option('--authority-reason <text>', 'why the authority need not be notified, or was notified late')
    .option('--people-reason <text>', 'why the affected need not be notified')
    .option('--found <time>', 'since when it is known', instant)
    .option('--began <time>', 'when it began', instant)
    .option('--ended <time>', 'when it ended', instant)
    .option('--data <kind>', 'kinds of data concerned, in place of those before; again for more', collect, [])
    .action(async (id: string, { found, began, ended, data, json, ...text }: Written & { json?: boolean }) => {
      const patch = {
        ...text,
        ...(found && { foundAt: found }),
        ...(began && { beganAt: began }),
        ...(ended && { endedAt: ended }),
        ...(data.length > 0 && { data }),
      };
      print(json, await operate('incident change', { incident: id, patch }));
    });
  one('scope', 'Say which rows of the audit log show who it affected; every condition of a scope holds.')
    .option('--from <time>', 'from this moment', instant)
    .option('--to <time>', 'before this moment', instant)
    .option('--who <id>', 'account or device that did it')
    .option('--role <role>', 'role of who did it')
    .option('--action <action>', 'read, write, delete, export, decrypt, …')
    .option('--route <text>', 'beginning of the route, command or job')
    .option('--resource <text>', 'site, device, file, …')
    .option('--data <kind>', 'kind of data')
    .action(async (id: string, { json, ...scope }: Record<string, string> & { json?: never }) =>
      print(json, await operate('incident scope', { incident: id, scope })),
    );
  one('notified', 'Note when the authority, or the affected, were notified.')
    .addOption(new Option('--to <recipient>').choices(['authority', 'people']).makeOptionMandatory())
    .option('--at <time>', 'when (default: now)', instant)
    .action(async (id: string, o: { to: 'authority' | 'people'; at?: string; json?: boolean }) =>
      print(
        o.json,
        await operate('incident notified', { incident: id, to: o.to, at: o.at ?? new Date().toISOString() }),
      ),
    );
  one('close', 'Close an incident that is documented.').action(async (id: string, o: { json?: boolean }) =>
    print(o.json, await operate('incident close', { incident: id })),
  );
}

function print(json: boolean | undefined, incident: Shown): void {
  process.stdout.write(`${json ? JSON.stringify(incident) : incidentText(incident)}\n`);
}
