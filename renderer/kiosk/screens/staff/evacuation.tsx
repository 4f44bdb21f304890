import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { EvacuationList } from '../../../../electron/contract/evacuation.ts';
import { Button } from '../../../shared/button.tsx';
import { clockOf, momentOf, timeOfDay, type Under } from '../../../shared/i18n.ts';
import { IconAlert, IconCheck } from '../../../shared/icons.tsx';
import { type Key, t } from '../../i18n.ts';
import { RowButton } from '../../parts/rows.tsx';
import { usePolled } from './polled.ts';
import { Print } from './print.tsx';
import { staffErrorText, useStaff } from './session.ts';

/** How often the list is refreshed, ms: people come and go, and other kiosks report. */
const EVERY_MS = 5_000;

/** Who is inside; in an evacuation, who is missing. Readable from two steps away, and printable. */
export function EvacuationScreen() {
  const { core } = useStaff();
  const failed = useSignal('');
  const asking = useSignal(false);
  const list = usePolled<EvacuationList>(
    () => core.evacuationList({}),
    EVERY_MS,
    () => core.evacuationOpen({}),
  );
  /** Runs an action. Several may run at once, since people are marked off quickly. */
  async function act(work: () => Promise<EvacuationList | object>): Promise<void> {
    failed.value = '';
    try {
      const answer = await work();
      list.renew('people' in answer ? answer : undefined);
    } catch (cause) {
      failed.value = staffErrorText(cause);
    }
  }
  const now = list.value;
  const head = useRef<HTMLDivElement>(null);
  const at = now && `${asking.value} ${now.startedAt !== null}`;
  const before = useRef(at);
  // The focused button was replaced by others. The first of them gets the focus; in a question that is the one leading back.
  useLayoutEffect(() => {
    if (before.current !== null && before.current !== at) head.current?.querySelector('button')?.focus();
    before.current = at;
  }, [at]);
  if (!now) return <p role="status">{list.error}</p>;
  const running = now.startedAt !== null;
  const missing = now.people.filter(({ accountedAt }) => accountedAt === null).length;
  return (
    <div class="evacuation" data-running={running}>
      <div class="evacuation-head" ref={head}>
        <dl class="evacuation-counts tabular">
          <Count name="inside" count={now.people.length} />
          {running && <Count name="missing" count={missing} bad={missing > 0} />}
          {running && <Count name="accounted" count={now.people.length - missing} />}
        </dl>
        <p class="hint tabular" role="status">
          {[
            t('evacuation.asOf', { time: clockOf(new Date(now.at)) }),
            running ? t('evacuation.started', { time: clockOf(new Date(now.startedAt!)) }) : '',
          ]
            .filter(Boolean)
            .join(' · ')}
        </p>
        <p class="form-error" role="alert">
          {failed.value || (list.error && `${t('evacuation.stale')} ${list.error}`)}
        </p>
        {asking.value ? (
          <div class="row evacuation-ask">
            <p>
              <strong>{t('evacuation.endAsk')}</strong> {t('evacuation.endMore')}
            </p>
            <Button onClick={() => (asking.value = false)}>{t('cancel')}</Button>
            <Button
              label={t('evacuation.end')}
              kind="danger"
              onClick={() => {
                asking.value = false;
                void act(() => core.evacuationEnd({}));
              }}
            />
          </div>
        ) : (
          <div class="row evacuation-actions">
            {running ? (
              <Button onClick={() => (asking.value = true)}>{t('evacuation.end')}</Button>
            ) : (
              <Button icon={<IconAlert />} kind="danger" onClick={() => act(() => core.evacuationBegin({}))}>
                {t('evacuation.begin')}
              </Button>
            )}
            <Print instead={t(now.server ? 'evacuation.notPrinted' : 'evacuation.notPrintedAlone')} />
          </div>
        )}
      </div>
      <Kiosks list={now} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable list must be reachable by keyboard */}
      <section class="evacuation-people" tabIndex={0} aria-label={t('evacuation.inside')}>
        {now.people.length === 0 && <p class="lead">{t('evacuation.nobody')}</p>}
        <ul>
          {now.people.map((person) => (
            <PersonRow
              key={person.person}
              person={person}
              running={running}
              mark={(accounted) => act(() => core.evacuationAccount({ person: person.person, accounted }))}
            />
          ))}
        </ul>
      </section>
    </div>
  );
}

function Count({ name, count, bad = false }: { name: Under<Key, 'evacuation'>; count: number; bad?: boolean }) {
  return (
    <div data-bad={bad}>
      <dt>{t(`evacuation.${name}`)}</dt>
      <dd>{count}</dd>
    </div>
  );
}

/** Shows how current each kiosk's data is: the list is only as good as the oldest. */
function Kiosks({ list }: { list: EvacuationList }) {
  const known = (at: string | null): string =>
    at === null ? t('evacuation.never') : t('evacuation.known', { time: clockOf(new Date(at)) });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section class="card evacuation-kiosks" tabIndex={0} aria-labelledby="evacuation-kiosks">
      <h2 id="evacuation-kiosks">{t('evacuation.kiosks')}</h2>
      <ul>
        {list.kiosks.map(({ device, name, own, knownAsOf, late }) => (
          <li key={device} data-late={late}>
            <bdi>{name}</bdi>
            {own && <span class="hint"> ({t('evacuation.own')})</span>}
            <span class="tabular">
              {late && <IconAlert />}
              {known(knownAsOf)}
            </span>
            {late && <span class="evacuation-late">{t('evacuation.late')}</span>}
          </li>
        ))}
      </ul>
      {list.server && list.startedAt !== null && <p class="hint">{t('evacuation.shared')}</p>}
      {!list.server && <p class="evacuation-late">{t('evacuation.noServer')}</p>}
      {list.cutBefore !== null && (
        <p class="evacuation-late">{t('evacuation.cut', { time: momentOf(new Date(list.cutBefore)) })}</p>
      )}
    </section>
  );
}

type Inside = EvacuationList['people'][number];

/** Where someone was reported outside; empty for this kiosk. */
function accountedByLabel({ accountedBy }: Inside): string {
  if (!accountedBy || accountedBy.where === 'here') return '';
  return accountedBy.where === 'console' ? t('evacuation.byConsole') : accountedBy.name || t('evacuation.byOther');
}

interface PersonRowProps {
  person: Inside;
  running: boolean;
  mark: (accounted: boolean) => Promise<void>;
}

function PersonRow({ person, running, mark }: PersonRowProps) {
  const missing = person.accountedAt === null;
  const facts = [
    person.number,
    t('evacuation.came', { time: timeOfDay(new Date(person.cameAt)) }),
    person.here ? null : t('evacuation.elsewhere'),
  ];
  return (
    <li class="person evacuee" data-missing={running && missing}>
      {running && (missing ? <IconAlert /> : <IconCheck />)}
      <div class="person-words">
        <p class="person-name">
          <bdi>{person.name}</bdi>
        </p>
        <p class="person-facts tabular">{facts.filter((fact) => fact !== null).join(' · ')}</p>
        {running && (
          <p class="evacuee-state">
            {missing
              ? t('evacuation.isMissing')
              : [
                  t('evacuation.isAccounted', { time: timeOfDay(new Date(person.accountedAt!)) }),
                  accountedByLabel(person),
                ]
                  .filter(Boolean)
                  .join(' · ')}
          </p>
        )}
      </div>
      {running && (
        <RowButton
          kind={missing ? 'primary' : undefined}
          label={t(missing ? 'evacuation.mark' : 'evacuation.unmark')}
          of={person.name}
          onClick={() => mark(missing)}
        />
      )}
    </li>
  );
}
