import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type FleetKiosk, getScreen, stopWatching, watchScreen } from '../../../../sync/protocol/api/fleet.ts';
import { getSitePolicy } from '../../../../sync/protocol/api/sites.ts';
import { Button } from '../../../shared/button.tsx';
import { IconEye } from '../../../shared/icons.tsx';
import { type ApiError, api } from '../../../shared/web/api.ts';
import { ErrorNote } from '../../../shared/web/form.tsx';
import { Badge, Note, Panel } from '../../../shared/web/pieces.tsx';
import { useRead, useWrite } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { drawJpeg } from '../../parts/draw.ts';
import { Ago } from '../../parts/labels.tsx';
import { SiteLink } from '../../parts/place-links.tsx';
import { siteOf } from '../../state/places.ts';

/** How often the latest picture is requested, ms: as often as a kiosk sends one. */
const EVERY_MS = 500;
/** A kiosk whose screen doesn't change sends a picture every 5 s. After this time it may have stopped, ms. */
const SILENT_MS = 15_000;
/** Errors from which the connection or the server recovers on its own. */
const PASSING: ReadonlySet<string> = new Set(['unreachable', 'too-many-requests', 'internal-error']);

export function ScreenPanel({ kiosk }: { kiosk: FleetKiosk }) {
  const site = siteOf(kiosk.site);
  const [watch, setWatch] = useState<string | null>(null);
  const [live, setLive] = useState(false);
  const [over, setOver] = useState<ApiError | null>(null);
  const { busy, error, run } = useWrite();
  const params = { device: kiosk.id };
  const begin = () =>
    run(() => api(watchScreen, { params }), {
      done: ({ command }) => {
        setOver(null);
        setLive(false);
        setWatch(command);
      },
    });
  const ended = useCallback((why: ApiError | null) => {
    setOver(why);
    setWatch(null);
  }, []);
  return (
    <Panel title={t('screen.title')} aside={watch !== null && live && <Badge kind="bad">{t('screen.live')}</Badge>}>
      <ErrorNote error={error} />
      {over && <Note>{t(over.code === 'command-unknown' ? 'screen.over' : 'screen.lost')}</Note>}
      {watch !== null && <LiveScreen key={watch} kiosk={kiosk} command={watch} onDrawn={setLive} onOver={ended} />}
      <p class="muted small">{t('screen.text')}</p>
      {site && (
        <Allowed site={site.id} busy={busy} watching={watch !== null} onBegin={begin} onEnd={() => ended(null)} />
      )}
    </Panel>
  );
}

interface AllowedProps {
  site: string;
  busy: boolean;
  watching: boolean;
  onBegin: () => void;
  onEnd: () => void;
}

/** The button to watch the screen, or the reason why there is none. */
function Allowed({ site, busy, watching, onBegin, onEnd }: AllowedProps) {
  const { value } = useRead(getSitePolicy, { params: { site } });
  if (!value) return null;
  if (value.policy.watchScreens !== 'on' && !watching)
    return (
      <Note>
        <span>
          {t('screen.notAllowed')} <SiteLink id={site} />
        </span>
      </Note>
    );
  return (
    <div class="actions start">
      {watching ? (
        <Button label={t('screen.stop')} onClick={onEnd} />
      ) : (
        <Button icon={<IconEye />} label={t('screen.watch')} disabled={busy} onClick={onBegin} />
      )}
    </div>
  );
}

interface LiveScreenProps {
  kiosk: FleetKiosk;
  command: string;
  onDrawn: (yes: boolean) => void;
  onOver: (why: ApiError) => void;
}

/**
 * Shows the kiosk's pictures as they arrive. They are drawn from bytes that can only be a raster image (no SVG, no markup), so
 * that a compromised kiosk can at most show a false picture of itself.
 */
function LiveScreen({ kiosk: { id: device, name }, command, onDrawn, onOver }: LiveScreenProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [seen, setSeen] = useState<{ at: string | null; drawn: boolean }>({ at: null, drawn: false });
  useEffect(() => {
    const gone = new AbortController();
    const params = { device, command };
    let over = false;
    void (async () => {
      let after = 0;
      while (!gone.signal.aborted) {
        const answer = await api(getScreen, { params, query: { after }, signal: gone.signal });
        if (gone.signal.aborted) return;
        if (!answer.ok && !PASSING.has(answer.error.code)) {
          over = true;
          return onOver(answer.error);
        }
        if (answer.ok) {
          const { sequence, at, picture } = answer.value;
          after = sequence;
          const drawn = picture === null || (await drawJpeg(canvas.current, picture).catch(() => false));
          if (drawn && picture !== null) onDrawn(true);
          setSeen((before) => ({ at, drawn: picture === null ? before.drawn : drawn }));
        }
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      }
    })();
    return () => {
      gone.abort();
      // Tells the kiosk at once that no one is watching, rather than let it time out.
      if (!over) void api(stopWatching, { params });
    };
  }, [device, command, onDrawn, onOver]);
  const silent = seen.at !== null && Date.now() - Date.parse(seen.at) > SILENT_MS;
  return (
    <figure class="live-screen" data-drawn={seen.drawn}>
      <canvas ref={canvas} role="img" aria-label={t('screen.picture', { name })} />
      <figcaption>
        <p class="small" role="status">
          {seen.at === null && t('screen.waiting')}
          {seen.at !== null && !seen.drawn && t('screen.unreadable')}
          {silent && (
            <>
              {t('screen.silent')} <Ago at={seen.at} />
            </>
          )}
        </p>
      </figcaption>
    </figure>
  );
}
