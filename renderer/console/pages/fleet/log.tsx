import * as fleet from '../../../../sync/protocol/api/fleet.ts';
import { LogLine } from '../../../../sync/protocol/wire/farewell.ts';
import { Button } from '../../../shared/button.tsx';
import { type Answer, type Fetched, fetchFile, save } from '../../../shared/web/api.ts';
import { keyOr, t } from '../../i18n.ts';
import { momentColumn } from '../../parts/column.tsx';
import { DataTable } from '../../parts/table.tsx';

export interface KeptLog extends Fetched {
  /** Newest first. */
  readonly lines: readonly (Omit<LogLine, 'at'> & { readonly at: string | null; readonly place: number })[];
}

/** Fetches a log that a kiosk was asked for. */
export async function readLog(params: { device: string; command: string }): Promise<Answer<KeptLog>> {
  const file = await fetchFile(fleet.getKioskLog, { params });
  if (!file.ok) return file;
  const text = (await file.value.blob.text()).trim();
  const lines = text.split('\n').map((line, place) => ({ ...lineOf(line), place }));
  return { ok: true, value: { ...file.value, lines: lines.reverse() } };
}

/** Parses a line of a log. Anything else that the kiosk has sent is shown unchanged. */
function lineOf(text: string): Omit<KeptLog['lines'][number], 'place'> {
  try {
    return LogLine.parse(JSON.parse(text));
  } catch {
    return { at: null, level: 'warn', message: text };
  }
}

export function LogLines({ log: { lines, blob, name } }: { log: KeptLog }) {
  return (
    <div class="stack">
      <div class="actions start">
        <Button label={t('fleet.saveLog')} onClick={() => save(blob, name)} />
      </div>
      <DataTable
        id="log"
        beside
        search="here"
        exports={false}
        caption={t('fleet.command.logs')}
        rows={lines}
        rowKey={(line) => String(line.place)}
        tone={({ level }) => (level === 'error' ? 'bad' : level === 'warn' ? 'warn' : undefined)}
        columns={{
          at: momentColumn(t('fleet.when'), 'at'),
          level: {
            label: t('fleet.logLevel'),
            choice: ({ level }) => [level, t(keyOr(`fleet.logLevels.${level}`, 'fleet.logLevels.info'))],
          },
          message: {
            label: t('fleet.logMessage'),
            heads: true,
            sort: ({ message }) => message,
            cell: ({ message }) => (
              <span lang="en" dir="ltr">
                {message}
              </span>
            ),
            below: ({ fields }) =>
              fields && (
                <code class="muted small" dir="ltr">
                  {fieldsOf(fields)}
                </code>
              ),
          },
        }}
      />
    </div>
  );
}

const fieldsOf = (fields: Readonly<Record<string, unknown>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' · ');
