import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Diagnostics } from '../../../../electron/contract/diagnostics.ts';
import { Button } from '../../../shared/button.tsx';
import { labelled, listed, momentOf, numberOf, ONE_DIGIT } from '../../../shared/i18n.ts';
import { keyOr, t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { serverProblemText } from '../../parts/error-text.ts';
import { Fact, FactCard } from '../../parts/fact-card.tsx';
import { CameraCheck, ExposureFacts } from './camera-check.tsx';
import { usePolled } from './polled.ts';
import { useAction, useStaff } from './session.ts';

const EVERY_MS = 2_000;

/**
 * What is connected and in which state, for the person who handles the cables.
 *
 * @param stepBack set to the function that leads back from the camera's own screen; null elsewhere
 */
export function DiagnosticsScreen({ stepBack }: { stepBack: RefObject<(() => void) | null> }) {
  const atCamera = useSignal(false);
  useEffect(() => {
    stepBack.current = atCamera.value ? () => (atCamera.value = false) : null;
    return () => {
      stepBack.current = null;
    };
  }, [atCamera.value, stepBack]);
  return atCamera.value ? <CameraCheck /> : <Devices toCamera={() => (atCamera.value = true)} />;
}

function Devices({ toCamera }: { toCamera: () => void }) {
  const { core } = useStaff();
  const { value: now, error } = usePolled(() => core.diagnostics({}), EVERY_MS);
  if (!now) return <p role="status">{error}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section class="scrolls diagnostics" tabIndex={0} aria-label={t('diagnostics.title')}>
      {error && (
        <p class="form-error" role="alert">
          {error}
        </p>
      )}
      <CameraCard check={toCamera} />
      {now.readers.length === 0 && <FactCard title={t('diagnostics.reader')}>{null}</FactCard>}
      {now.readers.map((reader) => (
        <ReaderCard key={reader.name} reader={reader} />
      ))}
      <GpsCard gps={now.gps} />
      <DoorCard door={now.door} />
      <FactCard title={t('diagnostics.store')}>
        <Fact name="diagnostics.free">{bytes(now.store.freeBytes)}</Fact>
        <Fact name="diagnostics.queued">{now.store.queued}</Fact>
        <Fact name="diagnostics.photos">{now.store.photosWaiting}</Fact>
        <Fact name="diagnostics.people">{now.store.people}</Fact>
      </FactCard>
      <FactCard title={t('diagnostics.sync')}>
        <Fact name="diagnostics.state" mark={now.sync.online ? 'good' : 'warn'}>
          {t(now.sync.online ? 'state.online' : 'state.offline')}
        </Fact>
        <Fact name="diagnostics.address">{now.sync.server ?? t('diagnostics.noServer')}</Fact>
        {now.sync.transport && <Fact name="diagnostics.transport">{now.sync.transport.toUpperCase()}</Fact>}
        <Fact name="diagnostics.heard">{moment(now.sync.lastHeardAt)}</Fact>
        {now.sync.leaseUntil && <Fact name="diagnostics.lease">{moment(now.sync.leaseUntil)}</Fact>}
        {now.sync.problem && (
          <Fact name="diagnostics.problem" mark="warn">
            {serverProblemText(now.sync.problem)}
          </Fact>
        )}
      </FactCard>
      <FactCard title={t('diagnostics.clock')}>
        <Fact name="diagnostics.state" mark={now.clock.doubt ? 'warn' : 'good'}>
          {t(`diagnostics.${now.clock.doubt ?? 'right'}`)}
        </Fact>
        <Fact name="diagnostics.offset">{numberOf(now.clock.offsetMs / 1000, ONE_DIGIT)} s</Fact>
      </FactCard>
      <FactCard title={t('diagnostics.ports')} empty={now.ports.length === 0 ? t('diagnostics.noPorts') : undefined}>
        {now.ports.map((port) => (
          <div key={port.path} class="diagnostics-port">
            <dt>
              <code>{port.path}</code>
            </dt>
            <dd>
              {[port.manufacturer, port.vendorId && `${port.vendorId}:${port.productId}`].filter(Boolean).join(' · ')}
              {port.byId && <code>{port.byId}</code>}
            </dd>
          </div>
        ))}
      </FactCard>
    </section>
  );
}

/** State, port and driver error, which all devices have. */
function PortFacts({ state, path, trouble }: Pick<NonNullable<Diagnostics['gps']>, 'state' | 'path' | 'trouble'>) {
  return (
    <>
      <Fact name="diagnostics.state" mark={state === 'ok' ? 'good' : 'warn'}>
        {t(`diagnostics.${state}`)}
      </Fact>
      {path && <Fact name="diagnostics.port">{path}</Fact>}
      {trouble && (
        <Fact name="diagnostics.trouble" mark="warn">
          {trouble}
        </Fact>
      )}
    </>
  );
}

function CameraCard({ check }: { check: () => void }) {
  const { camera } = useKiosk();
  const state = camera.state.value;
  const settings = state.kind === 'live' ? state.track.getSettings() : null;
  return (
    <FactCard
      title={t('diagnostics.camera')}
      foot={
        <div class="row diagnostics-test">
          <Button onClick={check}>{t('mounting.open')}</Button>
        </div>
      }
    >
      <Fact name="diagnostics.state" mark={state.kind === 'live' ? 'good' : 'warn'}>
        {t(
          state.kind === 'live' || state.kind === 'off' || state.kind === 'starting'
            ? ({ live: 'diagnostics.live', off: 'diagnostics.idle', starting: 'core.starting' } as const)[state.kind]
            : `camera.${state.kind}`,
        )}
      </Fact>
      {state.kind === 'live' && (
        <Fact name="mounting.camera" mark={state.instead ? 'warn' : undefined}>
          {state.track.label}
        </Fact>
      )}
      <ExposureFacts />
      {settings?.width && (
        <Fact name="diagnostics.resolution">
          {listed([`${settings.width} × ${settings.height}`, `${Math.round(settings.frameRate ?? 0)} Hz`])}
        </Fact>
      )}
    </FactCard>
  );
}

const ago = (seconds: number): string => t('diagnostics.ago', { seconds: Math.round(seconds) });

function ReaderCard({ reader }: { reader: Diagnostics['readers'][number] }) {
  const { lastRead, faults } = reader;
  const other = faults.parity + faults.characters + faults.empty;
  const { damaged, checksum } = faults;
  return (
    <FactCard title={labelled(t('diagnostics.reader'), reader.name)}>
      <PortFacts {...reader} />
      <Fact name="diagnostics.lastRead">
        {lastRead ? listed([lastRead.masked, ago(lastRead.secondsAgo)]) : t('diagnostics.noRead')}
      </Fact>
      <Fact name="diagnostics.faults" mark={damaged + checksum + other > 0 ? 'warn' : undefined}>
        {damaged + checksum + other === 0 ? 0 : t('diagnostics.faultsText', { damaged, checksum, other })}
      </Fact>
    </FactCard>
  );
}

function GpsCard({ gps }: { gps: Diagnostics['gps'] }) {
  if (!gps) return <FactCard title={t('diagnostics.gps')}>{null}</FactCard>;
  const { fix } = gps;
  return (
    <FactCard title={t('diagnostics.gps')}>
      <PortFacts {...gps} />
      <Fact name="diagnostics.fix" mark={fix ? 'good' : 'warn'}>
        {fix
          ? `${fix.latitude.toFixed(3)}°, ${fix.longitude.toFixed(3)}° (${ago(fix.secondsAgo)})`
          : labelled(t('diagnostics.noFix'), t(keyOr(`diagnostics.reason.${gps.reason}`, 'diagnostics.reason.stale')))}
      </Fact>
      {fix && <Fact name="diagnostics.accuracy">± {fix.accuracy} m</Fact>}
      {fix && <Fact name="diagnostics.satellites">{fix.satellites}</Fact>}
      <Fact name="diagnostics.positions">{t(gps.positions ? 'diagnostics.recorded' : 'diagnostics.clockOnly')}</Fact>
      <Fact name="diagnostics.damaged" mark={gps.damaged > 0 ? 'warn' : undefined}>
        {gps.damaged}
      </Fact>
    </FactCard>
  );
}

function DoorCard({ door }: { door: Diagnostics['door'] }) {
  const { core } = useStaff();
  const said = useSignal('');
  const { error, run } = useAction();
  if (!door) return <FactCard title={t('diagnostics.door')}>{null}</FactCard>;
  const test = () => {
    said.value = '';
    return run(async () => {
      await core.doorTest({});
      said.value = t('diagnostics.tested');
    });
  };
  return (
    <FactCard
      title={t('diagnostics.door')}
      foot={
        <div class="row diagnostics-test">
          <Button onClick={test}>{t('diagnostics.test')}</Button>
          <p role="status">{error.value || said.value}</p>
        </div>
      }
    >
      <PortFacts {...door} />
      <Fact name="diagnostics.now">{t(door.open ? 'diagnostics.open' : 'diagnostics.shut')}</Fact>
      <Fact name="diagnostics.mode">{t(door.mode === 'fail-safe' ? 'diagnostics.open' : 'diagnostics.shut')}</Fact>
      <Fact name="diagnostics.lastPulse">
        {door.secondsAgo === null ? t('diagnostics.never') : ago(door.secondsAgo)}
      </Fact>
    </FactCard>
  );
}

export const moment = (at: string | null): string => (at ? momentOf(new Date(at)) : t('state.never'));

/** Formats a number of bytes in decimal gigabytes, as disks are sold. */
export const bytes = (count: number): string =>
  numberOf(count / 1e9, { style: 'unit', unit: 'gigabyte', ...ONE_DIGIT });
