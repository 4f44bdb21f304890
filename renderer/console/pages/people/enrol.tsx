import { useEffect, useRef, useState } from 'preact/hooks';
import * as enrolment from '../../../../sync/protocol/api/enrolment.ts';
import { getMinor, getPerson, type Person } from '../../../../sync/protocol/api/people.ts';
import { Button } from '../../../shared/button.tsx';
import { IconCameraOff, IconCheck } from '../../../shared/icons.tsx';
import { type ApiError, api, willPass } from '../../../shared/web/api.ts';
import { ErrorNote } from '../../../shared/web/form.tsx';
import { Panel } from '../../../shared/web/pieces.tsx';
import { useRead, useWrite } from '../../../shared/web/resource.tsx';
import { Ring } from '../../../shared/web/ring.tsx';
import { go } from '../../../shared/web/router.ts';
import { toast } from '../../../shared/web/toast.tsx';
import { type Key, keyOr, t } from '../../i18n.ts';
import { drawJpeg } from '../../parts/draw.ts';
import { FilePick } from '../../parts/file-pick.tsx';
import { codeLabel } from '../../parts/labels.tsx';
import { BackButton, PageFrame, type PageProps } from '../../parts/page.tsx';
import { Reading } from '../../parts/reading.tsx';
import { TwoPeople } from '../../parts/two-people.tsx';
import { GiveConsent } from './consent.tsx';

/** Consent first, then pictures from this machine's camera or from files. Templates are only made on the server. */
export function EnrolPage({ person: id, role }: { person: string; role: PageProps['role'] }) {
  const found = useRead(getPerson, { params: { person: id } });
  const minor = useRead(getMinor, { params: { person: id } });
  const person = found.value;
  const asked = person && minor.value;
  const own = minor.value?.minor?.state === 'of-age';
  return (
    <PageFrame
      title={t('enrolFace.title', { name: person?.name ?? '' })}
      lead={t('enrolFace.lead')}
      actions={<BackButton to={`people/${id}`}>{t('enrolFace.back')}</BackButton>}
    >
      <Reading of={found} rows={6} />
      {person && <Reading of={minor} rows={6} />}
      {asked && (person.consent !== 'given' || own) && (
        <Panel title={t('people.give')}>
          <GiveConsent
            person={person}
            minor={minor.value!.minor}
            onDone={() => {
              found.reload();
              minor.reload();
            }}
          />
        </Panel>
      )}
      {asked && person.consent === 'given' && !own && <Capture person={person} role={role} />}
    </PageFrame>
  );
}

interface Shot {
  readonly url: string;
  readonly base64: string;
  /** Why a photo can't be enrolled; null if no reason is known before it is compared. */
  readonly code: string | null;
}

/** Poses to photograph: the person's own left and right. */
const POSES = ['front', 'left', 'right'] as const;
/** How often a frame of the camera is judged, ms. */
const EVERY_MS = 700;
/** Pause after no answer, or a temporary error, ms. */
const FAILED_MS = 5000;
/** Longest side of the pictures sent, pixels. */
const SIDE = 1280;

function Capture({ person, role }: { person: Person; role: PageProps['role'] }) {
  const [source, setSource] = useState<'camera' | 'photo'>('camera');
  const [shots, setShots] = useState<readonly Shot[]>([]);
  const [answer, setAnswer] = useState<enrolment.EnrolmentAnswer | null>(null);
  /** How many choices of files are being judged. */
  const [reading, setReading] = useState(0);
  /** Incremented by *Start over*: photos still being judged then belong to an earlier round and are dropped. */
  const [round, setRound] = useState(0);
  const { busy, error, run } = useWrite();
  const submit = (duplicate: enrolment.NewEnrolment['duplicate'] = { what: 'ask' }) =>
    run(
      () =>
        api(enrolment.enrolPerson, {
          params: { person: person.id },
          body: { pictures: shots.map((s) => s.base64), source, duplicate },
        }),
      {
        done: (value) => {
          setAnswer(value);
          if (value.outcome === 'enrolled') {
            toast(() => t('enrolFace.enrolled', { count: value.templates }));
            go(`people/${person.id}`);
          }
        },
      },
    );
  const name = person.name ?? t('people.unnamed');
  // The same pictures would be refused again.
  const refused =
    shots.length > 0 &&
    ((answer?.outcome === 'refused' && answer.pictures.length === shots.length) || shots.every((s) => s.code !== null));
  const like = answer?.outcome === 'duplicate' && shots.length > 0 ? answer.duplicates[0] : undefined;
  // The question whether they are two people comes first.
  const ready = !busy && reading === 0 && shots.length > 0 && !refused && !like;
  const startAgain = (from = source) => {
    setSource(from);
    setRound((n) => n + 1);
    setReading(0);
    setShots([]);
    setAnswer(null);
  };
  return (
    <section class="card panel enrol-face">
      <fieldset class="plain methods">
        <legend class="sr-only">{t('enrolFace.source')}</legend>
        {(['camera', 'photo'] as const).map((w) => (
          <Button key={w} label={t(`enrolFace.${w}`)} aria-pressed={source === w} onClick={() => startAgain(w)} />
        ))}
      </fieldset>
      {source === 'camera' ? (
        <Camera shots={shots} onShot={(shot) => setShots((s) => [...s, shot])} />
      ) : (
        <Files
          key={round}
          onReading={(more) => setReading((n) => n + more)}
          onShot={(shot) => setShots((s) => [...s, shot].slice(0, enrolment.MAX_PICTURES))}
        />
      )}
      {shots.length > 0 && (
        <ul class="shots" aria-label={t('enrolFace.pictures')}>
          {shots.map((shot, i) => {
            const code = answer?.pictures[i]?.code ?? shot.code;
            return (
              <li key={shot.url}>
                <canvas
                  class="shot"
                  ref={(node) => void draw(node, shot)}
                  aria-label={t('enrolFace.picture', { number: i + 1 })}
                  role="img"
                />
                {code && <p class="small">{codeLabel('quality', code)}</p>}
              </li>
            );
          })}
        </ul>
      )}
      {refused && reading === 0 && (
        <div class="note" data-kind="warn" role="alert">
          <p>{t('enrolFace.refused')}</p>
        </div>
      )}
      {like && (
        <section class="note" data-kind="bad" aria-label={t('lookalikes.question')}>
          <div class="stack">
            <p class="note-title" role="alert">
              {t('lookalikes.question')}
            </p>
            <TwoPeople
              key={like.person}
              name={name}
              ours={
                <canvas
                  ref={(node) => void draw(node, shots[0]!)}
                  role="img"
                  aria-label={t('lookalikes.pictureOf', { name })}
                />
              }
              other={like}
              busy={busy}
              overrule={
                role === 'admin' ? (typed) => void submit({ what: 'overrule', other: like.person, typed }) : undefined
              }
              actions={
                role !== 'admin' && (
                  <Button kind="primary" disabled={busy} onClick={() => void submit({ what: 'wait' })}>
                    {t('lookalikes.wait')}
                  </Button>
                )
              }
            />
          </div>
        </section>
      )}
      {answer?.outcome === 'waiting' && (
        <div class="note" data-kind="warn" role="status">
          <div class="stack">
            <p>{t('lookalikes.waiting', { name })}</p>
            <div class="actions start">
              <Button onClick={() => go(`people/${person.id}`)}>{t('lookalikes.otherMethods')}</Button>
            </div>
          </div>
        </div>
      )}
      <ErrorNote error={error} />
      <div class="actions">
        {shots.length > 0 && <Button onClick={() => startAgain()}>{t('enrolFace.again')}</Button>}
        <Button kind="primary" disabled={!ready} onClick={() => ready && void submit()}>
          <IconCheck />
          {t('enrolFace.save')}
        </Button>
      </div>
    </section>
  );
}

/** Checks the camera repeatedly. A picture that shows the next pose is kept, and the ring fills. */
function Camera({ shots, onShot }: { shots: readonly Shot[]; onShot: (shot: Shot) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<'starting' | 'on' | 'off'>('starting');
  const [hint, setHint] = useState<Key | null>(null);
  /** Why the last picture could not be judged. Kept until one is. */
  const [failed, setFailed] = useState<ApiError | null>(null);
  const [round, setRound] = useState(0);
  const count = useRef(shots.length);
  count.current = shots.length;
  const pose = POSES[shots.length];
  useEffect(() => {
    let stream: MediaStream | null = null;
    let gone = false;
    navigator.mediaDevices
      ?.getUserMedia({ video: { width: { ideal: 1280 }, facingMode: 'user' }, audio: false })
      .then((found) => {
        stream = found;
        if (gone || !video.current) {
          for (const track of found.getTracks()) track.stop();
          return;
        }
        video.current.srcObject = found;
        setState('on');
      })
      .catch(() => setState('off'));
    if (!navigator.mediaDevices) setState('off');
    return () => {
      gone = true;
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
  }, []);
  useEffect(() => {
    if (state !== 'on') return;
    let gone = false;
    const look = async () => {
      while (!gone) {
        let pause = EVERY_MS;
        const wanted = POSES[count.current];
        if (wanted && video.current && video.current.videoWidth > 0) {
          const shot = await shotOf(video.current, video.current.videoWidth, video.current.videoHeight);
          const found = await judged(shot, 'camera');
          if (gone) return;
          setFailed(found.ok ? null : found.error);
          if (!found.ok) {
            if (!willPass(found.error)) return;
            pause = FAILED_MS;
          } else if (found.value.code && found.value.code !== 'turned')
            setHint(keyOr(`quality.${found.value.code}`, `enrolFace.pose.${wanted}`));
          else if (found.value.pose !== wanted) setHint(`enrolFace.pose.${wanted}`);
          else {
            setHint(null);
            onShot(shot);
          }
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    };
    void look();
    return () => {
      gone = true;
    };
  }, [state, round]);
  if (state === 'off')
    return (
      <div class="note" data-kind="warn">
        <IconCameraOff />
        <p>{t('enrolFace.noCamera')}</p>
      </div>
    );
  return (
    <div class="camera">
      <div class="camera-frame">
        <video ref={video} autoplay muted playsInline class="camera-picture" />
        <Ring share={shots.length / POSES.length} />
      </div>
      {failed ? (
        <ErrorNote error={failed} onRetry={() => setRound((n) => n + 1)} />
      ) : (
        <p class="camera-say" role="status">
          {pose ? t(hint ?? `enrolFace.pose.${pose}`) : t('enrolFace.complete')}
        </p>
      )}
    </div>
  );
}

function Files({ onReading, onShot }: { onReading: (more: 1 | -1) => void; onShot: (shot: Shot) => void }) {
  const [bad, setBad] = useState(false);
  const gone = useRef(false);
  useEffect(
    () => () => {
      gone.current = true;
    },
    [],
  );
  const read = async (files: readonly File[]) => {
    setBad(false);
    onReading(1);
    for (const file of files.slice(0, enrolment.MAX_PICTURES)) {
      try {
        const bitmap = await createImageBitmap(file);
        const shot = await shotOf(bitmap, bitmap.width, bitmap.height);
        bitmap.close();
        const found = await judged(shot, 'photo');
        if (gone.current) return;
        onShot(found.ok ? { ...shot, code: found.value.code } : shot);
      } catch {
        if (gone.current) return;
        setBad(true);
      }
    }
    onReading(-1);
  };
  return (
    <div class="field">
      <FilePick id="photos" accept="image/*" onFiles={(files) => void read(files)}>
        {t('enrolFace.files')}
      </FilePick>
      {bad && <p class="field-error">{t('quality.picture-not-decodable')}</p>}
    </div>
  );
}

/** Scales a picture down for sending, as JPEG. */
async function shotOf(source: CanvasImageSource, width: number, height: number): Promise<Shot> {
  const scale = Math.min(1, SIDE / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext('2d')!.drawImage(source, 0, 0, canvas.width, canvas.height);
  const url = canvas.toDataURL('image/jpeg', 0.9);
  return { url, base64: url.slice(url.indexOf(',') + 1), code: null };
}

const judged = ({ base64 }: Shot, source: 'camera' | 'photo') =>
  api(enrolment.judgePicture, { body: { picture: base64, source } });

/** Draws a picture only once, however often the component renders. */
async function draw(canvas: HTMLCanvasElement | null, { url, base64 }: Shot): Promise<void> {
  if (!canvas || canvas.dataset.drawn === url.slice(-24)) return;
  canvas.dataset.drawn = url.slice(-24);
  await drawJpeg(canvas, base64);
}
