import { randomUUID } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';
import type { EvacuationList } from '../../contract/evacuation.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import type { CoreOptions } from '../interface.ts';
import type { SiteConfig } from '../site/config.ts';
import type { StaffService } from '../staff/service.ts';
import type { Store } from '../store/interface.ts';
import { inside, knownAsOf } from './rules.ts';

/** How long a person counts as inside after checking in, hours. */
const HOURS = 24;

export interface EvacuationDeps {
  readonly store: Pick<Store, 'device' | 'events' | 'presence'>;
  readonly site: Pick<SiteConfig, 'site' | 'evacuationHours'>;
  /** Whether this kiosk belongs to a server. */
  readonly server: () => boolean;
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  readonly staff: Pick<StaffService, 'require' | 'onLock'>;
  readonly changed: () => void;
  readonly log: CoreOptions['log'];
}

type Methods = Pick<
  CoreMethods,
  'evacuationOpen' | 'evacuationList' | 'evacuationBegin' | 'evacuationAccount' | 'evacuationEnd'
>;

/**
 * The list of who is inside, for use at the assembly point. Each opening leaves an event, because the list shows everyone's
 * whereabouts.
 */
export function createEvacuation(deps: EvacuationDeps): Methods {
  const { store, staff } = deps;
  /** Token of the staff session that opened the list, which recorded it. */
  let opened: string | null = null;
  staff.onLock(() => {
    opened = null;
  });

  const startedAt = (): string | null => store.presence.evacuation()?.startedAt ?? null;

  function list(): EvacuationList {
    const now = deps.now();
    const since = new Date(now - (deps.site.evacuationHours ?? HOURS) * 3_600_000).toISOString();
    const cut = store.presence.cut;
    return {
      at: new Date(now).toISOString(),
      since,
      people: inside(store.presence.list(since), { own: store.device, kiosks: store.presence.kiosks }),
      kiosks: knownAsOf(store.presence.kiosks, { device: store.device, name: deps.site.site }, now),
      server: deps.server(),
      cutBefore: cut !== null && cut > since ? cut : null,
      startedAt: startedAt(),
    };
  }

  function counts({ people, kiosks }: EvacuationList) {
    return {
      inside: people.length,
      accounted: people.filter(({ accountedAt }) => accountedAt !== null).length,
      lateKiosks: kiosks.filter(({ late }) => late).length,
    };
  }

  function requireOpened(token: string): void {
    staff.require(token);
    if (opened !== token) throw new Problem('evacuation-not-open');
  }

  return {
    async evacuationOpen({ token }) {
      staff.require(token);
      const found = list();
      // A full disk keeps nobody from the list. Then only the log records that it was opened.
      if (!store.events.reportIfSpace('evacuation-opened', counts(found)))
        deps.log('warn', 'evacuation: the list was opened, but there is no space left to record it', counts(found));
      opened = token;
      deps.changed();
      return found;
    },

    async evacuationList({ token }) {
      requireOpened(token);
      return list();
    },

    async evacuationBegin({ token }) {
      requireOpened(token);
      if (startedAt() === null) {
        const evacuation = { id: randomUUID(), startedAt: new Date(deps.now()).toISOString() };
        store.presence.beginEvacuation(evacuation, { code: 'evacuation-started', detail: counts(list()) });
        deps.changed();
      }
      return list();
    },

    async evacuationAccount({ token, person, accounted }) {
      requireOpened(token);
      if (startedAt() === null) throw new Problem('evacuation-not-started');
      store.presence.account(person, accounted, new Date(deps.now()).toISOString());
      deps.changed();
      return {};
    },

    async evacuationEnd({ token }) {
      requireOpened(token);
      if (startedAt() !== null) {
        store.presence.endEvacuation({ code: 'evacuation-ended', detail: counts(list()) });
        deps.changed();
      }
      return {};
    },
  };
}
