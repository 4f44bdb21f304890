import type { TechnicianState } from '../../../../../electron/contract/technician.ts';
import { momentOf } from '../../../../shared/i18n.ts';
import { hasSentence, t } from '../../../i18n.ts';
import { Fact, FactCard } from '../../../parts/fact-card.tsx';

/** Above this someone should look at the machine, °C; the server says so too. */
const HOT = 80;
/** Below this much free space someone should look, bytes; as the server has it. */
const LOW_DISK = 500e6;
/** More than this, and people's own codes fail; as the server has it. */
const CLOCK_MS = 120_000;

/** How the kiosk is. */
export function StateCards({ state }: { state: TechnicianState }) {
  const { build, slots, server, clock, disk } = state;
  const free = disk.free === null ? null : disk.free < LOW_DISK;
  return (
    <div class="technician-cards">
      <FactCard title={t('technician.build')}>
        <Fact name="technician.version">{build.version}</Fact>
        <Fact name="technician.commit">{build.commit?.slice(0, 12) ?? t('technician.unknown')}</Fact>
        {slots ? (
          <>
            <Fact name="technician.current" mark={slots.trial ? 'warn' : undefined}>
              {slots.current}
              {slots.trial && ` (${t('technician.trial')})`}
            </Fact>
            <Fact name="technician.previous">{slots.previous ?? '–'}</Fact>
          </>
        ) : (
          <Fact name="technician.current">{t('technician.noSlots')}</Fact>
        )}
      </FactCard>
      <FactCard title={t('diagnostics.sync')}>
        <Fact name="diagnostics.state" mark={server.online ? 'good' : 'warn'}>
          {t(server.online ? 'state.online' : 'state.offline')}
        </Fact>
        <Fact name="diagnostics.address">{server.address ?? t('diagnostics.noServer')}</Fact>
        <Fact name="diagnostics.heard">
          {server.lastHeardAt ? momentOf(new Date(server.lastHeardAt)) : t('state.never')}
        </Fact>
        {server.problem && (
          <Fact name="diagnostics.problem" mark="warn">
            {server.problem}
          </Fact>
        )}
        <Fact name="technician.queued">{state.queued}</Fact>
        <Fact name="technician.photos">{state.photosWaiting}</Fact>
      </FactCard>
      <FactCard title={t('technician.machine')}>
        <Fact name="technician.uptime">{duration(state.uptimeSeconds)}</Fact>
        <Fact name="diagnostics.camera" mark={state.camera === 'ok' || state.camera === 'off' ? 'good' : 'warn'}>
          {cameraLabel(state.camera)}
        </Fact>
        <Fact name="diagnostics.clock" mark={clock.doubt || Math.abs(clock.offsetMs) > CLOCK_MS ? 'warn' : 'good'}>
          {t(`diagnostics.${clock.doubt ?? 'right'}`)}, <bdi dir="ltr">{seconds(clock.offsetMs)}</bdi>
        </Fact>
        <Fact name="technician.disk" mark={free === null ? undefined : free ? 'warn' : 'good'}>
          {disk.free === null || disk.total === null
            ? t('technician.unknown')
            : t('technician.diskOf', { free: bytes(disk.free), total: bytes(disk.total) })}
        </Fact>
        <Fact
          name="technician.temperature"
          mark={state.temperature === null ? undefined : state.temperature > HOT ? 'warn' : 'good'}
        >
          {state.temperature === null ? t('technician.noSensor') : `${state.temperature} °C`}
        </Fact>
      </FactCard>
    </div>
  );
}

function cameraLabel(camera: string): string {
  const key = `technician.cameras.${camera}`;
  return hasSentence(key) ? t(key) : camera;
}

function duration(of: number): string {
  return of < 7_200
    ? t('technician.minutes', { number: Math.round(of / 60) })
    : t('technician.hours', { number: Math.round(of / 3_600) });
}

const seconds = (ms: number): string => `${ms > 0 ? '+' : ms < 0 ? '−' : ''}${(Math.abs(ms) / 1000).toFixed(1)} s`;
/** Gigabytes as disks are sold. */
const bytes = (count: number): string => `\u2066${(count / 1e9).toFixed(1)} GB\u2069`;
