import { useEffect, useRef, useState } from 'preact/hooks';
import type { StaffRecord } from '../../../../sync/protocol/api/fleet.ts';
import {
  type FleetDetail,
  type FleetKiosk,
  getKiosk,
  listFleet,
  revertKioskSettings,
  setKioskSettings,
} from '../../../../sync/protocol/api/fleet.ts';
import { Button } from '../../../shared/button.tsx';
import type { Under } from '../../../shared/i18n.ts';
import { api } from '../../../shared/web/api.ts';
import { Dialog } from '../../../shared/web/dialog.tsx';
import { ErrorNote } from '../../../shared/web/form.tsx';
import { Badge, Fact } from '../../../shared/web/pieces.tsx';
import { useResource, useWrite } from '../../../shared/web/resource.ts';
import { type Key, t } from '../../i18n.ts';
import { codeLabel, staffByLabel } from '../../parts/labels.ts';
import { Ago, Moment, moment } from '../../parts/moment.tsx';
import { BackButton, PageFrame } from '../../parts/page.tsx';
import { Reading, Table } from '../../parts/table.tsx';
import { siteOf } from '../../state/places.ts';
import type { Role } from '../../state/session.ts';
import { AlertBadges, bytes, cameraLabel } from './alerts.tsx';
import { CommandsPanel } from './commands.tsx';
import { SettingsForm, SettingsHistory, settingsText } from './settings-form.tsx';

const EVERY_MS = 5_000;

/**
 * One kiosk. How it is comes again every few seconds, of the list, which names nobody; settings and commands name
 * accounts, so they are read when something became of them, and not all the time.
 */
export function KioskPage({ device, role }: { device: string; role: Role }) {
  const found = useResource(device, (signal) => api(getKiosk, { params: { device }, signal }));
  const live = useResource(`${device} live`, (signal) => api(listFleet, { query: { device }, signal }), EVERY_MS);
  const detail = found.value;
  const kiosk = live.value?.items[0] ?? detail?.kiosk ?? null;
  const news = kiosk && `${kiosk.commandAt} ${kiosk.status}`;
  const before = useRef(news);
  useEffect(() => {
    if (before.current !== null && before.current !== news) found.reload();
    before.current = news;
  }, [news, found.reload]);
  const admin = role === 'admin';
  return (
    <PageFrame title={kiosk?.name ?? t('fleet.nav')} actions={<BackButton to="fleet">{t('fleet.back')}</BackButton>}>
      <Reading of={found} rows={8} />
      {detail && kiosk && (
        <>
          <Facts kiosk={kiosk} />
          <SettingsPanel
            key={detail.own.revision}
            detail={{ ...detail, kiosk }}
            admin={admin}
            onChange={found.replace}
          />
          <CommandsPanel detail={{ ...detail, kiosk }} admin={admin} onChange={found.replace} />
          <StaffLogPanel records={detail.staff} />
        </>
      )}
    </PageFrame>
  );
}

function Facts({ kiosk }: { kiosk: FleetKiosk }) {
  const r = kiosk.report;
  const hours =
    r &&
    (r.uptimeSeconds < 7200 ? `${Math.round(r.uptimeSeconds / 60)} min` : `${Math.round(r.uptimeSeconds / 3600)} h`);
  const facts: readonly (readonly [Under<Key, 'fleet.fact'>, preact.ComponentChildren])[] = [
    ['heard', <Ago key="heard" at={kiosk.lastHeardAt} />],
    ['site', siteOf(kiosk.site)?.name ?? '–'],
    ...(r
      ? ([
          [
            'version',
            <bdi key="version" dir="ltr">
              {r.commit ? `${r.version} (${r.commit.slice(0, 12)})` : r.version}
            </bdi>,
          ],
          ['host', t(`fleet.hosts.${r.host}`)],
          ['model', <bdi key="model">{r.models.embedder ?? '–'}</bdi>],
          ['detector', <bdi key="detector">{r.models.detector?.slice(0, 12) ?? '–'}</bdi>],
          ['uptime', <Quantity key="uptime" text={hours} />],
          ['disk', t('fleet.diskOf', { free: bytes(r.diskFree), total: bytes(r.diskTotal) })],
          ['camera', cameraLabel(r.camera)],
          ['temperature', <Quantity key="temperature" text={r.temperature === null ? null : `${r.temperature} °C`} />],
          ['clock', <Quantity key="clock" text={`${r.clockOffsetMs > 0 ? '+' : ''}${r.clockOffsetMs} ms`} />],
          [
            'queue',
            `${t('fleet.waitingRecords', { count: r.queued })}, ${t('fleet.waitingPhotos', { count: r.photosWaiting })}`,
          ],
          ['slots', r.slots ? slotLabel(r.slots) : '–'],
          ...(r.updateHeld
            ? [
                [
                  'update',
                  t('fleet.updateHeld', {
                    version: r.updateHeld.version,
                    time: moment(r.updateHeld.since, kiosk.site),
                  }),
                ] as const,
              ]
            : []),
          ['reported', <Ago key="reported" at={kiosk.reportAt} />],
        ] as const)
      : []),
  ];
  return (
    <section class="card panel">
      <div class="panel-head">
        <h2>{t('fleet.howItIs')}</h2>
        <AlertBadges kiosk={kiosk} />
      </div>
      {!r && <p class="muted">{t('fleet.noReport')}</p>}
      <dl class="facts">
        {facts.map(([key, value]) => (
          <Fact key={key} name={t(`fleet.fact.${key}`)}>
            {value}
          </Fact>
        ))}
      </dl>
    </section>
  );
}

/** A number with its sign and unit: their order is the same in every language. */
const Quantity = ({ text }: { text: string | null }) => (text === null ? <>–</> : <bdi dir="ltr">{text}</bdi>);

function slotLabel({ current, previous, trial }: NonNullable<NonNullable<FleetKiosk['report']>['slots']>): string {
  const label = trial ? t('fleet.onTrial', { build: current }) : current;
  return previous ? `${label} · ${t('fleet.before', { build: previous })}` : label;
}

interface SettingsPanelProps {
  detail: FleetDetail;
  admin: boolean;
  onChange: (detail: FleetDetail) => void;
}

function SettingsPanel({ detail, admin, onChange }: SettingsPanelProps) {
  const { kiosk, own, template, effective } = detail;
  const [editing, setEditing] = useState(false);
  const { error, run } = useWrite();
  const params = { device: kiosk.id };
  const putBack = (revision: number) =>
    run(() => api(revertKioskSettings, { params, body: { revision } }), {
      say: () => t('fleet.saved'),
      done: onChange,
    });
  const refused = kiosk.report?.configProblem;
  const waits = kiosk.config.published !== null && kiosk.config.published !== kiosk.config.inForce && !refused;
  return (
    <section class="card panel">
      <div class="panel-head">
        <h2>{t('fleet.settings')}</h2>
        {admin && kiosk.status !== 'revoked' && <Button onClick={() => setEditing(true)}>{t('people.edit')}</Button>}
      </div>
      {refused && (
        <p class="note" data-kind="bad" role="status">
          {t('fleet.refusedSettings')} <bdi lang="en">{refused}</bdi>
        </p>
      )}
      {waits && <p class="note">{t('fleet.settingsWait')}</p>}
      <dl class="facts tall">
        <Fact name={t('fleet.inForce')}>{settingsText(effective)}</Fact>
        <Fact name={t('fleet.own')}>{settingsText(own.settings)}</Fact>
      </dl>
      <ErrorNote error={error} />
      <SettingsHistory history={own.history} onBack={admin ? (revision) => void putBack(revision) : undefined} />
      {editing && (
        <Dialog title={t('fleet.settingsOf', { name: kiosk.name })} onClose={() => setEditing(false)}>
          <SettingsForm
            settings={own.settings}
            inherited={template}
            write={(settings) => api(setKioskSettings, { params, body: { settings, after: own.revision } })}
            done={onChange}
          />
        </Dialog>
      )}
    </section>
  );
}

const TONE: Readonly<Record<StaffRecord['outcome'], string>> = {
  started: 'warn',
  done: 'good',
  failed: 'bad',
  refused: 'bad',
};

/** Who of the staff was at the kiosk itself, and what they did there. */
function StaffLogPanel({ records }: { records: readonly StaffRecord[] }) {
  return (
    <section class="card panel">
      <h2>{t('fleet.staff')}</h2>
      {records.length === 0 && <p class="muted">{t('fleet.noStaff')}</p>}
      {records.length > 0 && (
        <Table
          caption={t('fleet.staff')}
          rows={records}
          rowKey={(r) => r.id}
          columns={[
            {
              label: t('fleet.what'),
              heads: true,
              cell: (r) => (
                <>
                  {codeLabel('fleet.staffWhat', r.what)}
                  {r.member !== null && (
                    <p class="muted small">
                      <bdi>{r.member}</bdi>
                    </p>
                  )}
                </>
              ),
            },
            {
              label: t('fleet.state'),
              cell: (r) => (
                <div>
                  <Badge kind={TONE[r.outcome]}>{t(`fleet.staffOutcome.${r.outcome}`)}</Badge>
                  {r.code !== null && (
                    <p class="muted small">
                      <bdi>
                        {codeLabel(r.code.startsWith('update-') ? 'rollouts.reason' : 'fleet.staffCode', r.code)}
                      </bdi>
                    </p>
                  )}
                </div>
              ),
            },
            { label: t('fleet.when'), numeric: true, cell: (r) => <Moment at={r.at} /> },
            { label: t('fleet.who'), cell: (r) => <bdi>{staffByLabel(r.by)}</bdi> },
          ]}
        />
      )}
    </section>
  );
}
