import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { MethodName, Status } from '../../../../electron/contract/methods.ts';
import type { Unlocked } from '../../../../electron/contract/staff.ts';
import { Button } from '../../../shared/button.tsx';
import * as icons from '../../../shared/icons.tsx';
import { type Key, t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { troubleOf } from '../../parts/camera-trouble.tsx';
import { nextStepOf, noticeText } from '../../parts/error-text.ts';
import { Idle } from '../../parts/idle.tsx';
import { MethodButton } from '../../parts/method-button.tsx';
import { BackButton } from '../../parts/title.tsx';
import { DiagnosticsScreen } from './diagnostics.tsx';
import { EnrolScreen } from './enrol.tsx';
import { EvacuationScreen } from './evacuation.tsx';
import { StaffLogScreen } from './log.tsx';
import { LookalikesScreen } from './lookalikes.tsx';
import { MembersScreen } from './members.tsx';
import { PeopleScreen } from './people.tsx';
import { usePolled } from './polled.ts';
import { ReenrolScreen } from './reenrol.tsx';
import { ReviewScreen } from './review.tsx';
import { createStaffSession, StaffContext, type StaffSession } from './session.ts';
import { StateScreen } from './state.tsx';
import { TechnicianScreen } from './technician.tsx';
import { UnlockScreen } from './unlock.tsx';

/** Staff's views in menu order. A role that may not call the method `needs` is not offered the view. */
const VIEWS = {
  enrol: { title: 'staff.enrol', needs: 'enrolBegin', Icon: icons.IconAddPerson, Screen: EnrolScreen },
  reenrol: { title: 'reenrol.title', needs: 'reenrolments', Icon: icons.IconRepeat, Screen: ReenrolScreen },
  review: { title: 'review.title', needs: 'reviewList', Icon: icons.IconFace, Screen: ReviewScreen },
  lookalikes: { title: 'lookalikes.title', needs: 'lookalikeList', Icon: icons.IconAlert, Screen: LookalikesScreen },
  people: { title: 'people.title', needs: 'peopleFind', Icon: icons.IconSearch, Screen: PeopleScreen },
  evacuation: { title: 'evacuation.title', needs: 'evacuationOpen', Icon: icons.IconList, Screen: EvacuationScreen },
  members: { title: 'members.title', needs: 'staffList', Icon: icons.IconStaff, Screen: MembersScreen },
  log: { title: 'staffLog.title', needs: 'staffLog', Icon: icons.IconMenu, Screen: StaffLogScreen },
  diagnostics: { title: 'diagnostics.title', needs: 'diagnostics', Icon: icons.IconKiosk, Screen: DiagnosticsScreen },
  state: { title: 'state.title', needs: null, Icon: icons.IconInfo, Screen: StateScreen },
} as const satisfies Record<
  string,
  { title: Key; needs: MethodName | null; Icon: ComponentType; Screen: ComponentType<never> }
>;
type View = keyof typeof VIEWS;
const ORDER = Object.keys(VIEWS) as View[];

/** Time without a touch after which the session locks, so that no personal data is left on the screen. */
const IDLE_MS = 120_000;
/** Longer, since someone who calls out names at an assembly point looks at people, not at the screen. */
const EVACUATION_IDLE_MS = 900_000;

/** Staff's screens: nothing is drawn without the PIN, and nothing is kept after they close. */
export function StaffScreen() {
  const { core, home } = useKiosk();
  const session = useMemo(() => createStaffSession(core), [core]);
  useEffect(() => () => session.lock(), [session]);
  const unlocked = session.unlocked.value;
  return (
    <StaffContext.Provider value={session}>
      {unlocked === null ? (
        <UnlockScreen />
      ) : unlocked.member?.role === 'technician' ? (
        <TechnicianScreen name={unlocked.member.name} leave={home} />
      ) : (
        <StaffArea session={session} unlocked={unlocked} leave={home} />
      )}
    </StaffContext.Provider>
  );
}

function StaffArea({ session, unlocked, leave }: { session: StaffSession; unlocked: Unlocked; leave: () => void }) {
  /** Null: the menu. */
  const view = useSignal<View | null>(null);
  const lock = (): void => {
    session.lock();
    leave();
  };
  const menu = (): void => {
    view.value = null;
  };
  /** Goes back one step in a view of several steps; null at the first. */
  const stepBack = useRef<(() => void) | null>(null);
  const root = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  // For keyboard users the focus moves to the new view, unless the view focuses a field itself.
  useLayoutEffect(() => {
    const at = document.activeElement;
    if (at === root.current || !root.current?.contains(at)) heading.current?.focus();
  }, [view.value]);
  const { title, Screen } = view.value ? VIEWS[view.value] : { title: 'staff.menu' as const, Screen: null };
  return (
    <main class="screen staff" data-view={view.value ?? 'menu'} ref={root}>
      <div class="screen-head">
        {Screen && <BackButton onClick={() => (stepBack.current ?? menu)()} />}
        <h1 class="title" ref={heading} tabIndex={-1}>
          {t(title)}
        </h1>
        <Button label={t('staff.lock')} icon={<icons.IconLock />} class="staff-lock" onClick={lock} />
      </div>
      {Screen ? (
        <Screen first={isFirst(unlocked)} stepBack={stepBack} close={menu} />
      ) : (
        <Menu session={session} unlocked={unlocked} open={(next) => (view.value = next)} />
      )}
      <Idle ms={view.value === 'evacuation' ? EVACUATION_IDLE_MS : IDLE_MS} done={lock} alive={session.steps.value} />
    </main>
  );
}

/** The kiosk has no staff yet, and is set up with the emergency PIN. */
const isFirst = ({ member, alerted }: Unlocked): boolean => member === null && !alerted;

/** Up to this many entries fit every screen at full size. With more they are smaller. */
const ROOMY = 6;

/** Who is logged in; with the emergency PIN, that its use was reported. */
function Who({ unlocked }: { unlocked: Unlocked }) {
  const { member, alerted } = unlocked;
  if (member)
    return (
      <li class="hint wide">
        <bdi>{member.name}</bdi> · {t(`staff.role.${member.role}`)}
      </li>
    );
  return alerted ? (
    <li class="form-error wide">
      <icons.IconAlert />
      <p role="status">{t('staff.alerted')}</p>
    </li>
  ) : null;
}

function Menu({ session, unlocked, open }: { session: StaffSession; unlocked: Unlocked; open: (view: View) => void }) {
  const { core } = session;
  // If the count fails, the list itself reports the error.
  const waits = usePolled(async () => (unlocked.may.includes('reviewCount') ? await core.reviewCount({}) : null));
  /** Pictures of an import that wait. The entry is only shown while there are any. */
  const waiting = waits.value?.count ?? 0;
  /** Pairs of lookalikes, and how many the kiosk marked automatically since staff last looked. */
  const pairs = usePolled(() => core.lookalikeCount({})).value ?? { count: 0, unseen: 0 };
  const faceless = !useKiosk().recognises.value;
  const first = isFirst(unlocked);
  const offered: Partial<Record<View, boolean>> = {
    reenrol: !faceless,
    review: waiting > 0,
    lookalikes: pairs.count > 0,
    log: !first,
  };
  const allowed = ORDER.filter((view) => {
    const { needs } = VIEWS[view];
    return offered[view] !== false && (needs === null || unlocked.may.includes(needs));
  });
  if (first) allowed.sort((a, b) => Number(b === 'members') - Number(a === 'members'));
  return (
    <ul class="menu" data-long={allowed.length > ROOMY || undefined}>
      <li class="wide menu-conditions">
        <Conditions />
      </li>
      <Who unlocked={unlocked} />
      {allowed.map((view) => {
        const { Icon } = VIEWS[view];
        const hint =
          view === 'review'
            ? t('review.waiting', { count: waiting })
            : view === 'lookalikes' && pairs.unseen > 0
              ? t('lookalikes.unseen', { count: pairs.unseen })
              : t(hintOf(view, faceless, first));
        return (
          <li key={view}>
            <MethodButton
              row
              icon={<Icon />}
              name={t(
                view === 'review' ? 'review.title' : view === 'members' && first ? 'staff.first' : `staff.${view}`,
              )}
              hint={hint}
              data-open={view}
              onClick={() => open(view)}
            />
          </li>
        );
      })}
    </ul>
  );
}

function hintOf(view: Exclude<View, 'review'>, faceless: boolean, first: boolean): Key {
  if (view === 'enrol' && faceless) return 'staff.enrolByNumber';
  return view === 'members' && first ? 'staff.firstHint' : `staff.${view}Hint`;
}

/** The text for a kiosk out of contact. One that never had a server has sent nothing and keeps all its data. */
function offlineText({ lastSyncAt, queued }: Status): string {
  if (lastSyncAt !== null) return `${t('status.offline')} — ${t('status.queued', { count: queued })}`;
  return queued === 0 ? t('status.noServer') : `${t('status.noServer')} — ${t('status.kept', { count: queued })}`;
}

interface Condition {
  readonly key: string;
  readonly what: string;
  /** What to do; empty if the sentence or the kiosk's state says it. */
  readonly next: string;
}

/** The kiosk's problems, each with what to do: the first thing staff see. */
function Conditions() {
  const { link, camera, visits } = useKiosk();
  const status = link.status.value;
  if (!status) return null;
  const conditions: Condition[] = [];
  if (status.storage !== 'ok')
    conditions.push({
      key: 'storage',
      what: t(status.storage === 'full' ? 'conditions.full' : 'conditions.low'),
      next: t('conditions.makeRoom'),
    });
  if (!status.online) conditions.push({ key: 'offline', what: offlineText(status), next: '' });
  const trouble = troubleOf(camera.state.value, visits.stage.value.reason);
  if (trouble)
    conditions.push({
      key: 'camera',
      what: t(`camera.${trouble.kind}`),
      next: t(`camera.${trouble.kind}More`, trouble.detail),
    });
  const state = camera.state.value;
  if (state.kind === 'live' && state.instead)
    conditions.push({ key: 'camera-replaced', what: t('camera.replaced'), next: t('camera.replacedMore') });
  const { face } = status;
  if (face.use === 'off' && face.code !== 'faces-loading')
    conditions.push({ key: 'face', what: t('stage.off'), next: nextStepOf(face.code, face.nextStep) });
  for (const code of status.notices) conditions.push({ key: code, what: noticeText(code), next: nextStepOf(code, '') });
  if (conditions.length === 0) return null;
  return (
    <ul class="conditions" aria-label={t('conditions.title')}>
      {conditions.map(({ key, what, next }) => (
        <li key={key} class="tone-warn" data-condition={key}>
          <icons.IconAlert />
          <p>
            <strong>{what}</strong>
            {next !== '' && <span>{next}</span>}
          </p>
        </li>
      ))}
    </ul>
  );
}
