import type { FaceUse } from '../../../../electron/contract/methods.ts';
import { momentOf, type Under } from '../../../shared/i18n.ts';
import { hasSentence, type Key, t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { buildName } from '../../parts/build-name.ts';
import { nextStepOf } from '../../parts/error-text.ts';

/** Whether the face is used, and if not, why and what to do. */
function faceState(
  face: FaceUse,
  detectorTrouble: string | null,
): { value: string; mark: 'good' | 'warn'; wide?: boolean } {
  if (face.use === 'off') {
    const next = nextStepOf(face.code, face.nextStep);
    return { value: t('state.faceOff', { code: face.code, next }), mark: 'warn', wide: true };
  }
  if (detectorTrouble !== null)
    return { value: t('state.faceOffScreen', { message: detectorTrouble }), mark: 'warn', wide: true };
  return face.use === 'alone'
    ? { value: t('state.on'), mark: 'good' }
    : { value: t('state.faceWithNumber'), mark: 'warn' };
}

/** Distinguishes a server that was never there, which has to be joined, from one that is out of reach. */
function serverState(online: boolean, lastSyncAt: string | null): string {
  if (online) return t('state.online');
  return t(lastSyncAt === null ? 'status.noServer' : 'state.offline');
}

/** What the kiosk reports about itself, for the people who maintain it. */
export function StateScreen() {
  const { link, detectorTrouble } = useKiosk();
  const status = link.status.value;
  const hello = link.hello.value;
  if (!status || !hello) return null;
  const moment = (at: string | null, none: Key): string => (at ? momentOf(new Date(at)) : t(none));
  const storage = ({ ok: 'state.storageOk', low: 'state.storageLow', full: 'state.storageFull' } as const)[
    status.storage
  ];
  const facts: { key: Under<Key, 'state'>; value: string; mark?: 'good' | 'warn'; wide?: boolean }[] = [
    {
      key: 'server',
      value: serverState(status.online, status.lastSyncAt),
      mark: status.online ? 'good' : 'warn',
    },
    { key: 'queued', value: String(status.queued) },
    { key: 'oldest', value: moment(status.oldestQueuedAt, 'state.none') },
    { key: 'last', value: moment(status.lastSyncAt, 'state.never') },
    { key: 'storage', value: t(storage), mark: status.storage === 'ok' ? 'good' : 'warn' },
    { key: 'people', value: String(status.people) },
    { key: 'face', ...faceState(status.face, detectorTrouble.value) },
    {
      key: 'liveness',
      value: t(`state.livenessOf.${status.liveness}`),
      mark: status.liveness === 'off' ? 'warn' : 'good',
    },
    // Isolated from the direction of the surrounding text.
    { key: 'version', value: `\u2066${buildName(hello)}\u2069` },
    { key: 'device', value: hello.device },
  ];
  if (status.notices.length > 0) {
    const notices = status.notices.map((code) => {
      const key = `status.notice.${code}`;
      return hasSentence(key) ? t(key) : code;
    });
    facts.push({ key: 'notices', value: notices.join(' · '), mark: 'warn', wide: true });
  }
  return (
    // It scrolls when there are many notices, so it must be reachable by keyboard.
    <dl class="card state-facts marked-facts tabular" tabIndex={0}>
      {facts.map(({ key, value, mark, wide }) => (
        <div key={key} class={wide ? 'wide' : ''}>
          <dt>{t(`state.${key}`)}</dt>
          <dd data-mark={mark}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
