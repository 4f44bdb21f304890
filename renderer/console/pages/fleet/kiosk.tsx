import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import * as fleet from '../../../../sync/protocol/api/fleet.ts';
import { Button } from '../../../shared/button.tsx';
import type { Under } from '../../../shared/i18n.ts';
import { labelled } from '../../../shared/i18n.ts';
import { IconList, IconRollout } from '../../../shared/icons.tsx';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote } from '../../../shared/web/form.tsx';
import { Badge, Dialog, DialogButton, Fact, Note, Panel } from '../../../shared/web/pieces.tsx';
import { useNews, useRead, useWrite } from '../../../shared/web/resource.tsx';
import { go } from '../../../shared/web/router.ts';
import { type Key, t } from '../../i18n.ts';
import { momentColumn } from '../../parts/column.tsx';
import { Ago, codeLabel, Moment, moment, staffByLabel, whoLabel } from '../../parts/labels.tsx';
import { BackButton, PageFrame } from '../../parts/page.tsx';
import { SiteLink } from '../../parts/place-links.tsx';
import { Reading } from '../../parts/reading.tsx';
import { RowButton } from '../../parts/row-button.tsx';
import { DataTable } from '../../parts/table.tsx';
import { addDays, dayKeyIn } from '../../state/clock.ts';
import { loadPlaces, zoneOf } from '../../state/places.ts';
import type { Role } from '../../state/session.ts';
import { RenameButton } from '../devices.tsx';
import { ringName } from '../rollouts/rings.tsx';
import { SetWindow, UpdateWindow } from '../rollouts/windows.tsx';
import { AlertBadges, bytes, cameraLabel, uptime } from './alerts.tsx';
import { type KeptLog, LogLines, readLog } from './log.tsx';
import { ScreenPanel } from './screen.tsx';
import { SettingsForm, SettingsHistory, settingsText } from './settings-form.tsx';

const EVERY_MS = 5_000;

/**
 * One kiosk. Its state is polled every few seconds from the list, which names nobody. Settings and commands name accounts, so
 * they are only read again when a command, a problem or the status has changed.
 */
export function KioskPage({ device, role }: { device: string; role: Role }) {
  const found = useRead(fleet.getKiosk, { params: { device } });
  const live = useRead(fleet.listFleet, { query: { device } }, EVERY_MS);
  const detail = found.value;
  const kiosk = live.value?.items[0] ?? detail?.kiosk ?? null;
  const news = kiosk && `${kiosk.commandAt} ${kiosk.problemAt} ${kiosk.status}`;
  useNews(news, found.reload);
  const admin = role === 'admin';
  const onRenamed = () => {
    found.reload();
    live.reload();
    void loadPlaces();
  };
  return (
    <PageFrame
      title={kiosk?.name ?? t('fleet.nav')}
      actions={
        <>
          <BackButton to="fleet">{t('fleet.back')}</BackButton>
          {kiosk && admin && kiosk.status !== 'revoked' && <RenameButton device={kiosk} onDone={onRenamed} />}
          {kiosk && admin && (
            <Button
              icon={<IconList />}
              label={t('attendance.nav')}
              onClick={() => go('attendance', { device, from: addDays(dayKeyIn(Date.now(), zoneOf(kiosk.site)), -7) })}
            />
          )}
        </>
      }
    >
      <Reading of={found} rows={8} />
      {detail && kiosk && (
        <>
          <div class="columns">
            <Facts kiosk={kiosk} ring={detail.ring} />
            <UpdatePanel detail={{ ...detail, kiosk }} admin={admin} onChange={found.replace} />
            {admin && kiosk.status === 'approved' && <ScreenPanel kiosk={kiosk} />}
          </div>
          <CommandsPanel detail={{ ...detail, kiosk }} admin={admin} onChange={found.replace} />
          <SettingsPanel
            key={detail.own.revision}
            detail={{ ...detail, kiosk }}
            admin={admin}
            onChange={found.replace}
          />
          <ProblemsPanel problems={detail.problems} site={kiosk.site} />
          <StaffLogPanel records={detail.staff} />
        </>
      )}
    </PageFrame>
  );
}

interface KioskProps {
  detail: fleet.FleetDetail;
  admin: boolean;
  onChange: (detail: fleet.FleetDetail) => void;
}

const fact = (name: Under<Key, 'fleet.fact'>, value: ComponentChildren) => (
  <Fact name={t(`fleet.fact.${name}`)} value={value} />
);

function Facts({ kiosk, ring }: { kiosk: fleet.FleetKiosk; ring: fleet.FleetDetail['ring'] }) {
  const r = kiosk.report;
  return (
    <Panel title={t('fleet.howItIs')} aside={<AlertBadges kiosk={kiosk} />}>
      {!r && <p class="muted">{t('fleet.noReport')}</p>}
      <dl class="facts">
        {fact('heard', <Ago at={kiosk.lastHeardAt} />)}
        {fact('site', <SiteLink id={kiosk.site} />)}
        {fact(
          'ring',
          <a class="text-link" href="#/rollouts" dir="auto">
            {ringName([ring], ring.id)}
          </a>,
        )}
        {r && (
          <>
            {fact('host', t(`fleet.hosts.${r.host}`))}
            {fact('model', <bdi>{r.models.embedder ?? '–'}</bdi>)}
            {fact('detector', <bdi>{r.models.detector?.slice(0, 12) ?? '–'}</bdi>)}
            {fact('uptime', uptime(r.uptimeSeconds))}
            {fact(
              'disk',
              r.diskFree === null ? '–' : t('fleet.diskOf', { free: bytes(r.diskFree), total: bytes(r.diskTotal) }),
            )}
            {fact('camera', cameraLabel(r.camera))}
            {fact('temperature', <Quantity text={r.temperature === null ? null : `${r.temperature} °C`} />)}
            {fact('clock', <Quantity text={`${r.clockOffsetMs > 0 ? '+' : ''}${r.clockOffsetMs} ms`} />)}
            {fact(
              'queue',
              `${t('fleet.waitingRecords', { count: r.queued })} · ${t('fleet.waitingPhotos', { count: r.photosWaiting })}`,
            )}
            {fact('reported', <Ago at={kiosk.reportAt} />)}
          </>
        )}
      </dl>
    </Panel>
  );
}

/** A number with its sign and unit, whose order is the same in all languages. */
const Quantity = ({ text }: { text: string | null }) => (text === null ? <>–</> : <bdi dir="ltr">{text}</bdi>);

/** The build it runs, the one waiting to be installed, and when it may be. */
function UpdatePanel({ detail: { kiosk, updateWindow }, admin, onChange }: KioskProps) {
  const r = kiosk.report;
  const held = r?.updateHeld;
  const hours = { found: updateWindow, inherited: t('fleet.followsSite') };
  const params = { device: kiosk.id };
  return (
    <Panel title={t('fleet.fact.update')}>
      <dl class="facts">
        {r && fact('version', <bdi dir="ltr">{r.commit ? `${r.version} (${r.commit.slice(0, 12)})` : r.version}</bdi>)}
        {r && fact('slots', r.slots ? slotLabel(r.slots) : '–')}
        <Fact name={t('rollouts.windows')} value={<UpdateWindow {...hours} />} />
        {held && fact('update', t('fleet.updateHeld', { version: held.version, time: moment(held.since, kiosk.site) }))}
      </dl>
      <div class="actions start">
        <Button icon={<IconRollout />} label={t('rollouts.nav')} onClick={() => go('rollouts')} />
        {admin && kiosk.status === 'approved' && (
          <SetWindow
            {...hours}
            name={kiosk.name}
            set={(window) => api(fleet.setKioskWindow, { params, body: { window } })}
            reset={() => api(fleet.removeKioskWindow, { params })}
            done={onChange}
          />
        )}
      </div>
    </Panel>
  );
}

function slotLabel({
  current,
  previous,
  trial,
}: NonNullable<NonNullable<fleet.FleetKiosk['report']>['slots']>): string {
  const label = trial ? t('fleet.onTrial', { build: current }) : current;
  return previous ? `${label} · ${t('fleet.before', { build: previous })}` : label;
}

function SettingsPanel({ detail, admin, onChange }: KioskProps) {
  const { kiosk, own, template, effective } = detail;
  const params = { device: kiosk.id };
  const refused = kiosk.report?.configProblem;
  const waits = kiosk.config.published !== null && kiosk.config.published !== kiosk.config.inForce && !refused;
  return (
    <Panel
      title={t('fleet.settings')}
      aside={
        admin &&
        kiosk.status !== 'revoked' && (
          <DialogButton label={t('people.edit')} title={t('fleet.settingsOf', { name: kiosk.name })}>
            <SettingsForm
              settings={own.settings}
              inherited={template}
              kiosks={1}
              write={(settings) => api(fleet.setKioskSettings, { params, body: { settings, after: own.revision } })}
              done={onChange}
            />
          </DialogButton>
        )
      }
    >
      {refused && (
        <Note kind="bad" role="status">
          {t('fleet.refusedSettings')} <bdi lang="en">{refused}</bdi>
        </Note>
      )}
      {waits && <Note>{t('fleet.settingsWait')}</Note>}
      <dl class="facts tall">
        <Fact name={t('fleet.inForce')} value={settingsText(effective)} />
        <Fact name={t('fleet.own')} value={settingsText(own.settings)} />
      </dl>
      <SettingsHistory
        history={own.history}
        inherited={template}
        kiosks={1}
        mayRevert={admin}
        revert={(revision) => api(fleet.revertKioskSettings, { params, body: { revision } })}
        done={onChange}
      />
    </Panel>
  );
}

/** Badge colour for the state of a command. */
const TONE: Readonly<Partial<Record<fleet.FleetCommand['state'], string>>> = {
  started: 'warn',
  done: 'good',
  failed: 'bad',
  refused: 'bad',
  expired: 'warn',
};

/** The problems it has and had, and for how long. */
function ProblemsPanel({ problems, site }: { problems: readonly fleet.PastProblem[]; site: string | null }) {
  const lasted = ({ since, until }: fleet.PastProblem) => (until ? Date.parse(until) : Date.now()) - Date.parse(since);
  return (
    <Panel title={t('fleet.problems')}>
      <p class="muted">{t(problems.length === 0 ? 'fleet.noProblems' : 'fleet.problemsLead')}</p>
      {problems.length > 0 && (
        <DataTable
          id="problems"
          beside
          caption={t('fleet.problems')}
          rows={problems}
          rowKey={(p) => `${p.code} ${p.since}`}
          columns={{
            problem: {
              label: t('fleet.problem'),
              heads: true,
              choice: (p) => [p.code, codeLabel('fleet.alert', p.code)],
            },
            since: {
              label: t('fleet.since'),
              numeric: true,
              names: true,
              sort: (p) => p.since,
              cell: (p) => <Moment at={p.since} site={site} />,
            },
            until: {
              label: t('fleet.until'),
              numeric: true,
              sort: (p) => p.until,
              cell: (p) =>
                p.until ? <Moment at={p.until} site={site} /> : <Badge kind="warn">{t('fleet.stillSo')}</Badge>,
            },
            lasted: {
              label: t('fleet.lasted'),
              numeric: true,
              sort: lasted,
              cell: (p) => uptime(lasted(p) / 1000),
            },
          }}
        />
      )}
    </Panel>
  );
}

/** Kiosk staff who unlocked the kiosk, and what they did. */
function StaffLogPanel({ records }: { records: readonly fleet.StaffRecord[] }) {
  return (
    <Panel title={t('fleet.staff')}>
      {records.length === 0 && <p class="muted">{t('fleet.noStaff')}</p>}
      {records.length > 0 && (
        <DataTable
          id="staff-log"
          beside
          search="here"
          caption={t('fleet.staff')}
          rows={records}
          rowKey={(r) => r.id}
          columns={{
            what: {
              label: t('fleet.what'),
              heads: true,
              sort: (r) => codeLabel('fleet.staffWhat', r.what),
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
            state: {
              label: t('fleet.state'),
              choice: (r) => [r.outcome, t(`fleet.staffOutcome.${r.outcome}`)],
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
            when: momentColumn(t('fleet.when'), 'at'),
            who: { label: t('fleet.who'), sort: (r) => staffByLabel(r.by) },
          }}
        />
      )}
    </Panel>
  );
}

const COMMANDS = ['restart', 'logs', 'decommission', 'wipe'] as const;

/** The kiosk's commands and their outcomes, and those it can be sent now. */
function CommandsPanel({ detail, admin, onChange }: KioskProps) {
  const { kiosk, commands } = detail;
  const { busy, error, run } = useWrite();

  const sendCommand = (what: fleet.NewCommand['what']) => {
    const destroys = what === 'wipe' || what === 'decommission';
    const body: fleet.NewCommand = { what, ...(destroys && { name: kiosk.name }) };
    return run(() => api(fleet.commandKiosk, { params: { device: kiosk.id }, body }), {
      ask: {
        title: t(`fleet.command.${what}`),
        text: t(`fleet.commandText.${what}`, { name: kiosk.name }),
        ...(destroys && { danger: true, word: kiosk.name }),
      },
      say: () => t('fleet.sent'),
      of: t(`fleet.command.${what}`),
      done: onChange,
    });
  };
  const takeBack = (id: string) =>
    run(() => api(fleet.withdrawCommand, { params: { device: kiosk.id, command: id } }), { done: onChange });
  const [log, setLog] = useState<KeptLog | null>(null);
  const read = (id: string) => void run(() => readLog({ device: kiosk.id, command: id }), { done: setLog });
  const able = admin && kiosk.status === 'approved';
  // A kiosk being decommissioned may wait for days and be stolen meanwhile, so it can still be wiped.
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
        <DataTable
          id="commands"
          beside
          caption={t('fleet.commands')}
          rows={commands}
          rowKey={(c) => c.id}
          columns={{
            what: { label: t('fleet.what'), heads: true, choice: (c) => [c.what, t(`fleet.command.${c.what}`)] },
            state: {
              label: t('fleet.state'),
              choice: (c) => [c.state, t(`fleet.commandState.${c.state}`)],
              cell: (c) => (
                <Badge kind={TONE[c.state]}>
                  {c.code === null
                    ? t(`fleet.commandState.${c.state}`)
                    : labelled(t(`fleet.commandState.${c.state}`), codeLabel('fleet.code', c.code))}
                </Badge>
              ),
            },
            when: {
              label: t('fleet.when'),
              numeric: true,
              names: true,
              sort: (c) => c.askedAt,
              cell: (c) => <Moment at={c.askedAt} />,
            },
            answered: { label: t('fleet.answered'), numeric: true, cell: (c) => <Moment at={c.answeredAt} /> },
            who: { label: t('fleet.who'), cell: (c) => <bdi>{whoLabel(c)}</bdi> },
            do: {
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
          }}
        />
      )}
      {log && (
        <Dialog title={t('fleet.logOf', { name: kiosk.name })} wide onClose={() => setLog(null)}>
          <LogLines log={log} />
        </Dialog>
      )}
    </Panel>
  );
}
