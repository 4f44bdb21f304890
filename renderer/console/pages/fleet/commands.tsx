import {
  commandKiosk,
  type FleetCommand,
  type FleetDetail,
  getKioskLog,
  type NewCommand,
  withdrawCommand,
} from '../../../../sync/protocol/api/fleet.ts';
import { Button } from '../../../shared/button.tsx';
import { api, download } from '../../../shared/web/api.ts';
import { ErrorNote } from '../../../shared/web/form.tsx';
import { Badge, Panel } from '../../../shared/web/pieces.tsx';
import { useWrite } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { codeLabel, Moment } from '../../parts/labels.tsx';
import { RowButton, Table } from '../../parts/table.tsx';
import { whoLabel } from './settings-form.tsx';

const TONE: Readonly<Record<FleetCommand['state'], string | undefined>> = {
  waiting: undefined,
  started: 'warn',
  done: 'good',
  failed: 'bad',
  refused: 'bad',
  expired: 'warn',
  withdrawn: undefined,
};

const COMMANDS = ['restart', 'logs', 'decommission', 'wipe'] as const;

export interface CommandsPanelProps {
  detail: FleetDetail;
  admin: boolean;
  onChange: (detail: FleetDetail) => void;
}

/** The kiosk's commands, what became of them, and what more it can be sent. */
export function CommandsPanel({ detail, admin, onChange }: CommandsPanelProps) {
  const { kiosk, commands } = detail;
  const { busy, error, run } = useWrite();

  const sendCommand = (what: NewCommand['what']) => {
    const destroys = what === 'wipe' || what === 'decommission';
    const body: NewCommand = { what, ...(destroys && { name: kiosk.name }) };
    return run(() => api(commandKiosk, { params: { device: kiosk.id }, body }), {
      ask: {
        title: t(`fleet.command.${what}`),
        text: t(`fleet.commandText.${what}`, { name: kiosk.name }),
        ...(destroys && { danger: true, word: kiosk.name }),
      },
      say: () => t('fleet.sent'),
      done: onChange,
    });
  };
  const takeBack = (id: string) =>
    run(() => api(withdrawCommand, { params: { device: kiosk.id, command: id } }), { done: onChange });
  const read = (id: string) => void run(() => download(getKioskLog, { params: { device: kiosk.id, command: id } }));
  const able = admin && kiosk.status === 'approved';
  // One that is taken out of service may wait for days, and be stolen meanwhile.
  const offered = COMMANDS.filter(
    (what) => able && (kiosk.leaving === null || (kiosk.leaving === 'decommission' && what === 'wipe')),
  );
  return (
    <Panel title={t('fleet.commands')}>
      <ErrorNote error={error} />
      {offered.length > 0 && (
        <div class="actions start">
          {offered.map((what) => (
            <Button
              label={t(`fleet.command.${what}`)}
              key={what}
              kind={what === 'wipe' ? 'danger' : undefined}
              disabled={busy}
              onClick={() => void sendCommand(what)}
            />
          ))}
        </div>
      )}
      {commands.length === 0 && <p class="muted">{t('fleet.noCommands')}</p>}
      {commands.length > 0 && (
        <Table
          caption={t('fleet.commands')}
          rows={commands}
          rowKey={(c) => c.id}
          columns={[
            { label: t('fleet.what'), heads: true, cell: (c) => t(`fleet.command.${c.what}`) },
            {
              label: t('fleet.state'),
              cell: (c) => (
                <Badge kind={TONE[c.state]}>
                  {t(`fleet.commandState.${c.state}`)}
                  {c.code !== null && `: ${codeLabel('fleet.code', c.code)}`}
                </Badge>
              ),
            },
            { label: t('fleet.when'), numeric: true, names: true, cell: (c) => <Moment at={c.askedAt} /> },
            { label: t('fleet.answered'), numeric: true, cell: (c) => <Moment at={c.answeredAt} /> },
            { label: t('fleet.who'), cell: (c) => <bdi>{whoLabel(c)}</bdi> },
            {
              label: t('attention.do'),
              cell: (c) => (
                <>
                  {admin && c.state === 'waiting' && (
                    <RowButton onClick={() => void takeBack(c.id)}>{t('fleet.takeBack')}</RowButton>
                  )}
                  {admin && c.log && <RowButton onClick={() => read(c.id)}>{t('fleet.readLog')}</RowButton>}
                </>
              ),
            },
          ]}
        />
      )}
    </Panel>
  );
}
