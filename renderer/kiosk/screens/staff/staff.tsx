import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { Unlocked } from '../../../../electron/contract/staff.ts';
import { Button } from '../../../shared/button.tsx';
import {
  IconAddPerson,
  IconAlert,
  IconFace,
  IconInfo,
  IconKiosk,
  IconList,
  IconLock,
  IconMenu,
  IconRepeat,
  IconSearch,
  IconStaff,
} from '../../../shared/icons.tsx';
import { type Key, t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { IdleNotice, useIdle } from '../../parts/idle.tsx';
import { BackButton } from '../../parts/title.tsx';
import { Conditions } from './conditions.tsx';
import { DiagnosticsScreen } from './diagnostics.tsx';
import { EnrolScreen } from './enrol.tsx';
import { EvacuationScreen } from './evacuation.tsx';
import { StaffLogScreen } from './log.tsx';
import { LookalikesScreen } from './lookalikes.tsx';
import { MembersScreen } from './members.tsx';
import { PeopleScreen } from './people.tsx';
import { ReenrolScreen } from './reenrol.tsx';
import { ReviewScreen } from './review.tsx';
import { createStaffSession, type StaffSession } from './session.ts';
import { StateScreen } from './state.tsx';
import { TechnicianScreen } from './technician/technician.tsx';
import { UnlockScreen } from './unlock.tsx';

type View =
  | 'menu'
  | 'enrol'
  | 'reenrol'
  | 'review'
  | 'lookalikes'
  | 'people'
  | 'evacuation'
  | 'diagnostics'
  | 'members'
  | 'log'
  | 'state';

/** Two minutes without a touch, and the session locks: nothing of a person is left on the screen. */
const IDLE_MS = 120_000;
/** A person who calls out names at an assembly point looks at people, not at the screen. */
const EVACUATION_IDLE_MS = 900_000;

/** Staff's room: nothing of it is drawn without the PIN, and nothing of it is left when it closes. */
export function StaffScreen() {
  const { core, home } = useKiosk();
  const session = useMemo(() => createStaffSession(core), [core]);
  useEffect(() => () => session.lock(), [session]);
  const unlocked = session.unlocked.value;
  if (unlocked === null) return <UnlockScreen session={session} />;
  const { member } = unlocked;
  if (member?.role === 'technician') return <TechnicianScreen session={session} name={member.name} leave={home} />;
  return <StaffArea session={session} unlocked={unlocked} leave={home} />;
}

function StaffArea({ session, unlocked, leave }: { session: StaffSession; unlocked: Unlocked; leave: () => void }) {
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
  // Anyone who works by keyboard goes on where the new view begins; one with a field of its own begins there.
  useLayoutEffect(() => {
    const at = document.activeElement;
    if (at === root.current || !root.current?.contains(at)) heading.current?.focus();
  }, [view.value]);
  return (
    <main class="staff" data-view={view.value} ref={root}>
      <div class="screen-head">
        {view.value !== 'menu' && <BackButton onClick={() => (stepBack.current ?? menu)()} />}
        <h1 class="title" ref={heading} tabIndex={-1}>
          {t(TITLES[view.value])}
        </h1>
        <Button
          class="staff-lock"
          onClick={() => {
            session.lock();
            leave();
          }}
        >
          <IconLock />
          <span>{t('staff.lock')}</span>
        </Button>
      </div>
      {view.value === 'menu' && <Menu session={session} unlocked={unlocked} open={(next) => (view.value = next)} />}
      {view.value === 'enrol' && (
        <EnrolScreen session={session} stepBack={stepBack} close={menu} alive={() => alive.value++} />
      )}
      {view.value === 'reenrol' && <ReenrolScreen session={session} alive={() => alive.value++} />}
      {view.value === 'review' && <ReviewScreen session={session} alive={() => alive.value++} />}
      {view.value === 'lookalikes' && <LookalikesScreen session={session} />}
      {view.value === 'people' && <PeopleScreen session={session} alive={() => alive.value++} />}
      {view.value === 'evacuation' && <EvacuationScreen session={session} />}
      {view.value === 'members' && <MembersScreen session={session} first={isFirst(unlocked)} />}
      {view.value === 'log' && <StaffLogScreen session={session} />}
      {view.value === 'diagnostics' && <DiagnosticsScreen session={session} />}
      {view.value === 'state' && <StateScreen />}
      <IdleNotice left={left} />
    </main>
  );
}

const TITLES: Record<View, Key> = {
  menu: 'staff.menu',
  enrol: 'staff.enrol',
  reenrol: 'reenrol.title',
  review: 'review.title',
  lookalikes: 'lookalikes.title',
  people: 'people.title',
  evacuation: 'evacuation.title',
  members: 'members.title',
  log: 'staffLog.title',
  diagnostics: 'diagnostics.title',
  state: 'state.title',
};

/** The method without which a view is of no use to the role. */
const NEEDS: Partial<Record<View, string>> = {
  enrol: 'enrolBegin',
  reenrol: 'reenrolments',
  review: 'reviewList',
  lookalikes: 'lookalikeList',
  people: 'peopleFind',
  evacuation: 'evacuationOpen',
  members: 'staffList',
  log: 'staffLog',
  diagnostics: 'diagnostics',
};

/** The kiosk has no staff yet: the emergency PIN is how it is set up. */
const isFirst = ({ member, alerted }: Unlocked): boolean => member === null && !alerted;

/** So many entries have room to spare on every screen; where there are more, they are smaller. */
const ROOMY = 6;

/** Under whose name everything is done; with the emergency PIN, that it was reported. */
function Who({ unlocked }: { unlocked: Unlocked }) {
  const { member, alerted } = unlocked;
  if (member)
    return (
      <li class="hint menu-wide">
        <bdi>{member.name}</bdi> · {t(`staff.role.${member.role}`)}
      </li>
    );
  return alerted ? (
    <li class="form-error menu-wide">
      <IconAlert />
      <p role="status">{t('staff.alerted')}</p>
    </li>
  ) : null;
}

function Menu({ session, unlocked, open }: { session: StaffSession; unlocked: Unlocked; open: (view: View) => void }) {
  const { core } = useKiosk();
  /** Pictures of an import that wait; the entry is there while one does. */
  const waiting = useSignal(0);
  useEffect(() => {
    if (!unlocked.may.includes('reviewCount')) return;
    session
      .run((token) => core.reviewCount({ token }))
      .then(({ count }) => (waiting.value = count))
      .catch(() => undefined); // the list itself says what is wrong
  }, [session]);
  /** Pairs of lookalikes, and how many the kiosk marked by itself since staff last looked. */
  const pairs = useSignal({ count: 0, unseen: 0 });
  useEffect(() => {
    session
      .run((token) => core.lookalikeCount({ token }))
      .then((next) => (pairs.value = next))
      .catch(() => undefined); // the list itself says what is wrong
  }, [session]);
  const faceless = !useKiosk().recognises.value;
  const first = isFirst(unlocked);
  const members = { view: 'members', icon: <IconStaff /> } as const;
  const items = [
    ...(first ? [members] : []),
    { view: 'enrol', icon: <IconAddPerson /> },
    ...(faceless ? [] : [{ view: 'reenrol', icon: <IconRepeat /> } as const]),
    ...(waiting.value === 0 ? [] : [{ view: 'review', icon: <IconFace /> } as const]),
    ...(pairs.value.count === 0 ? [] : [{ view: 'lookalikes', icon: <IconAlert /> } as const]),
    { view: 'people', icon: <IconSearch /> },
    { view: 'evacuation', icon: <IconList /> },
    ...(first ? [] : [members, { view: 'log', icon: <IconMenu /> } as const]),
    { view: 'diagnostics', icon: <IconKiosk /> },
    { view: 'state', icon: <IconInfo /> },
  ] as const;
  const allowed = items.filter(({ view }) => {
    const need = NEEDS[view];
    return need === undefined || unlocked.may.includes(need);
  });
  return (
    <ul class="menu" data-long={allowed.length > ROOMY || undefined}>
      <li class="menu-conditions">
        <Conditions />
      </li>
      <Who unlocked={unlocked} />
      {allowed.map(({ view, icon }) => {
        const hint =
          view === 'review'
            ? t('review.waiting', { count: waiting.value })
            : view === 'lookalikes' && pairs.value.unseen > 0
              ? t('lookalikes.unseen', { count: pairs.value.unseen })
              : t(hintOf(view, faceless, first));
        return (
          <li key={view}>
            <button type="button" class="method method-row" data-open={view} onClick={() => open(view)}>
              <span class="method-icon">{icon}</span>
              <span class="method-name">
                {t(view === 'review' ? 'review.title' : view === 'members' && first ? 'staff.first' : `staff.${view}`)}
              </span>
              <span class="method-hint">{hint}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function hintOf(view: Exclude<View, 'menu' | 'review'>, faceless: boolean, first: boolean): Key {
  if (view === 'enrol' && faceless) return 'staff.enrolByNumber';
  return view === 'members' && first ? 'staff.firstHint' : `staff.${view}Hint`;
}
