import { type Command, Option } from 'commander';
import * as api from '../../../sync/protocol/api/incidents.ts';
import { collect, instant } from '../options.ts';
import { print } from '../output.ts';
import { asOperator, call } from '../server/environment.ts';
import { incidentText } from './text.ts';

type Severity = 'low' | 'medium' | 'high' | 'critical';

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
      .option('--json', 'the incident as one JSON object');
  one('show', 'Show an incident with its timeline.').action(async (id: string, o: { json?: boolean }) =>
    show(o.json, await call(api.getIncident, { params: { incident: id } })),
  );
  one('note', 'Add a note to the timeline.')
    .requiredOption('--text <text>', 'text of the note')
    .action(async (id: string, o: { text: string; json?: boolean }) =>
      show(o.json, await call(api.addIncidentNote, { params: { incident: id }, body: { text: o.text } })),
    );
  one('change', 'Change or complete an incident’s documentation.')
    .option('--title <text>')
    .addOption(new Option('--severity <level>').choices(['low', 'medium', 'high', 'critical']))
    .option('--description <text>', 'what happened')
    .option('--consequences <text>', 'likely consequences for the people affected')
    .option('--measures <text>', 'measures taken and planned')
    .option('--authority-reason <text>', 'why the authority is notified late or not at all')
    .option('--people-reason <text>', 'why the people affected aren’t notified')
    .option('--found <time>', 'when it was discovered', instant)
    .option('--began <time>', 'when it began', instant)
    .option('--ended <time>', 'when it ended', instant)
    .option('--data <kind>', 'kinds of data affected, replacing the earlier ones; repeatable', collect, [])
    .action(async (id: string, { found, began, ended, data, json, ...text }: Written & { json?: boolean }) => {
      const patch = {
        ...text,
        ...(found && { foundAt: found }),
        ...(began && { beganAt: began }),
        ...(ended && { endedAt: ended }),
        ...(data.length > 0 && { data }),
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
    .option('--role <role>', 'role of the account responsible')
    .option('--action <action>', 'read, write, delete, export, decrypt, …')
    .option('--route <text>', 'start of the route, command or job')
    .option('--resource <text>', 'site, device, file, …')
    .option('--data <kind>', 'kind of data')
    .action(async (id: string, { json, ...scope }: Record<string, string> & { json?: never }) =>
      show(json, await call(api.addIncidentScope, { params: { incident: id }, body: scope })),
    );
  one('notified', 'Record when the authority or the people affected were notified.')
    .addOption(new Option('--to <recipient>').choices(['authority', 'people']).makeOptionMandatory())
    .option('--at <time>', 'when (default: now)', instant)
    .action(async (id: string, o: { to: 'authority' | 'people'; at?: string; json?: boolean }) =>
      show(
        o.json,
        await call(api.recordNotified, {
          params: { incident: id },
          body: { to: o.to, at: o.at ?? new Date().toISOString() },
        }),
      ),
    );
  one('close', 'Close an incident that is documented.').action(async (id: string, o: { json?: boolean }) =>
    show(o.json, await call(api.closeIncident, { params: { incident: id } })),
  );
}

const show = (json: boolean | undefined, incident: api.Incident): void => print(json, incident, incidentText(incident));
