import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { t } from '../../../shared/i18n.ts';
import {
  IconAddPerson,
  IconAgain,
  IconBack,
  IconFace,
  IconInfo,
  IconKey,
  IconKiosk,
  IconList,
  IconLock,
  IconSearch,
} from '../../../shared/icons.tsx';
import { useKiosk } from '../../kiosk.ts';
import { IdleNotice, useIdle } from '../../parts/idle.tsx';
import { AgainScreen } from './again.tsx';
import { DiagnosticsScreen } from './diagnostics.tsx';
import { EnrolScreen } from './enrol.tsx';
import { EvacuationScreen } from './evacuation.tsx';
import { PeopleScreen } from './people.tsx';
import { ReviewScreen } from './review.tsx';
import { createStaffSession, type StaffSession } from './session.ts';
import { StateScreen } from './state.tsx';
import { CodeScreen } from './technician/code.tsx';
import { TechnicianRoom } from './technician/room.tsx';
import { UnlockScreen } from './unlock.tsx';

type View = 'menu' | 'enrol' | 'again' | 'review' | 'people' | 'evacuation' | 'diagnostics' | 'state' | 'technician';

/** Two minutes without a touch, and the session locks: nothing of a person is left on the screen. */
const IDLE_MS = 120_000;
/** Whoever calls out names at an assembly point looks at people, not at the screen. */
const EVACUATION_IDLE_MS = 900_000;

/** Staff's room: nothing of it is drawn without the PIN, and nothing of it is left when it closes. */
export function StaffScreen() {
  const { core, home } = useKiosk();
  const session = useMemo(() => createStaffSession(core), [core]);
  useEffect(() => () => session.lock(), [session]);
  const technician = useSignal<Entered | null>(null);
  if (technician.value) return <TechnicianRoom {...technician.value} leave={home} />;
  if (session.token.value === null) return <UnlockScreen session={session} />;
  return <Room session={session} leave={home} enter={(entered) => (technician.value = entered)} />;
}

/** A technician who came out of a staff session, which is over by then. */
interface Entered {
  readonly token: string;
  readonly name: string;
}

function Room({
  session,
  leave,
  enter,
}: {
  session: StaffSession;
  leave: () => void;
  enter: (technician: Entered) => void;
}) {
  const view = useSignal<View>('menu');
  /** A capture goes on without hands: each step of it counts as a touch. */
  const alive = useSignal(0);
  const left = useIdle(
    view.value === 'evacuation' ? EVACUATION_IDLE_MS : IDLE_MS,
    () => {
      session.lock();
      leave();
    },
    alive.value,
  );
  const menu = (): void => {
    view.value = 'menu';
  };
  /** A view of several steps goes back by one, as long as there is one before. */
  const stepBack = useRef<(() => void) | null>(null);
  const root = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  // Whoever works by keyboard goes on where the new view begins; one with a field of its own begins there.
  useEffect(() => {
    const at = document.activeElement;
    if (at === root.current || !root.current?.contains(at)) heading.current?.focus();
  }, [view.value]);
  if (view.value === 'technician') return <CodeScreen session={session} back={menu} entered={enter} />;
  return (
    <main class="staff" data-view={view.value} ref={root}>
      <div class="screen-head">
        {view.value !== 'menu' && (
          <button type="button" class="button button-back" onClick={() => (stepBack.current ?? menu)()}>
            <IconBack />
            <span>{t('back')}</span>
          </button>
        )}
        <h1 class="title" ref={heading} tabIndex={-1}>
          {t(TITLES[view.value])}
        </h1>
        <button
          type="button"
          class="button staff-lock"
          onClick={() => {
            session.lock();
            leave();
          }}
        >
          <IconLock />
          <span>{t('staff.lock')}</span>
        </button>
      </div>
      {view.value === 'menu' && <Menu session={session} open={(next) => (view.value = next)} />}
      {view.value === 'enrol' && (
        <EnrolScreen session={session} stepBack={stepBack} close={menu} alive={() => alive.value++} />
      )}
      {view.value === 'again' && <AgainScreen session={session} alive={() => alive.value++} />}
      {view.value === 'review' && <ReviewScreen session={session} alive={() => alive.value++} />}
      {view.value === 'people' && <PeopleScreen session={session} alive={() => alive.value++} />}
      {view.value === 'evacuation' && <EvacuationScreen session={session} />}
      {view.value === 'diagnostics' && <DiagnosticsScreen session={session} />}
      {view.value === 'state' && <StateScreen />}
      <IdleNotice left={left} />
    </main>
  );
}

const TITLES: Record<Exclude<View, 'technician'>, string> = {
  menu: 'staff.menu',
  enrol: 'staff.enrol',
  again: 'again.title',
  review: 'review.title',
  people: 'people.title',
  evacuation: 'evacuation.title',
  diagnostics: 'diagnostics.title',
  state: 'state.title',
};

function Menu({ session, open }: { session: StaffSession; open: (view: View) => void }) {
  const { core } = useKiosk();
  /** Pictures of an import that wait; the entry is there while one does. */
  const waiting = useSignal(0);
  useEffect(() => {
    session
      .run((token) => core.reviewCount({ token }))
      .then(({ count }) => (waiting.value = count))
      .catch(() => undefined); // the list itself says what is wrong
  }, [session]);
  const faceless = !useKiosk().recognises.value;
  const items = [
    { view: 'enrol', icon: <IconAddPerson /> },
    ...(faceless ? [] : [{ view: 'again', icon: <IconAgain /> } as const]),
    ...(waiting.value === 0 ? [] : [{ view: 'review', icon: <IconFace /> } as const]),
    { view: 'people', icon: <IconSearch /> },
    { view: 'evacuation', icon: <IconList /> },
    { view: 'diagnostics', icon: <IconKiosk /> },
    { view: 'state', icon: <IconInfo /> },
  ] as const;
  return (
    <ul class="menu">
      {items.map(({ view, icon }) => {
        const hint =
          view === 'review'
            ? t('review.waiting', { count: waiting.value })
            : t(faceless && view === 'enrol' ? 'staff.enrolByNumber' : `staff.${view}Hint`);
        return (
          <li key={view}>
            <button type="button" class="way way-row" data-open={view} onClick={() => open(view)}>
              <span class="way-icon">{icon}</span>
              <span class="way-name">{t(view === 'review' ? 'review.title' : `staff.${view}`)}</span>
              <span class="way-hint">{hint}</span>
            </button>
          </li>
        );
      })}
      <li class="menu-quiet">
        <button type="button" class="button" data-open="technician" onClick={() => open('technician')}>
          <IconKey />
          <span>{t('technician.open')}</span>
        </button>
      </li>
    </ul>
  );
}
