import { Problem } from '../../errors/problem.ts';
import { compareVersions, targetPath, UPDATE_FORMAT } from '../../protocol/wire/release.ts';
import { isInstallable, type Running, readTarget, requireInstallable, type UpdateTarget } from './choice.ts';
import { type DownloadOptions, download } from './download.ts';
import { PACE, type Pace } from './paced.ts';
import { gravest } from './problems.ts';
import { refresh, type TrustedView } from './refresh.ts';
import type { UpdateSource } from './source.ts';
import { openTrustedFolder } from './trusted.ts';

export type { Running, UpdateTarget } from './choice.ts';

/** A line for the log. Contains no personal data. */
export interface UpdateLog {
  readonly what: 'source-failed' | 'refreshed';
  readonly source: string;
  readonly code?: string;
  readonly message?: string;
  /** Versions of the metadata. */
  readonly versions?: TrustedView['versions'];
}

export interface UpdateClientOptions {
  /** Bytes of the root.json that shipped with the running build. */
  readonly trustedRoot: Uint8Array;
  /** Folder of the verified metadata. Used by this client only, in one process at a time. */
  readonly folder: string;
  /** Tried in this order. */
  readonly sources: readonly UpdateSource[];
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  readonly log: (line: UpdateLog) => void;
  /** The running build; null for a client that only inspects a repository and installs nothing. */
  readonly running: Running | null;
  readonly pace?: Pace;
}

/** Finds and downloads authenticated builds. Calls are queued, one at a time. */
export interface UpdateClient {
  /**
   * Returns the build of exactly this version, if this kiosk may install it.
   *
   * @throws Problem `update-unknown-version`, `update-backwards`, `update-installed`, `update-cannot-roll-back`,
   * `update-wrong-platform`, `update-wrong-software`, `update-expired`, `update-unsigned`, `update-rollback`, `update-mixed`,
   * `update-slow`, `update-unreachable`, …
   */
  find(version: string): Promise<UpdateTarget>;
  /**
   * Returns the newest build that this kiosk may install, ignoring pre-releases; null: it has the newest.
   *
   * @param except versions to skip
   */
  newest(except?: readonly string[]): Promise<UpdateTarget | null>;
  /** Returns everything offered to kiosks by the first source that answers correctly. */
  view(): Promise<Offered>;
  /**
   * Downloads the archive of a target returned by this client to `to`, checking hash and length, without holding it in memory.
   *
   * @throws Problem `update-target-wrong`, `update-disk-full`, `update-not-authenticated`, `update-given-up`, …
   */
  download(target: UpdateTarget, to: string, o?: Pick<DownloadOptions, 'progress' | 'signal'>): Promise<void>;
}

export interface Offered extends Omit<TrustedView, 'targets'> {
  readonly builds: readonly UpdateTarget[];
  /** Targets whose path is that of a build but whose content isn't that build. */
  readonly wrong: readonly Problem[];
}

/** @throws Problem `update-storage` */
export async function openUpdateClient(options: UpdateClientOptions): Promise<UpdateClient> {
  const { sources, running, log, now, pace = PACE } = options;
  const trustedRoot = Buffer.from(options.trustedRoot);
  const folder = await openTrustedFolder(options.folder);
  /** Targets returned here, with their source. Only these are downloaded: no hash from elsewhere is accepted. */
  const given = new WeakMap<UpdateTarget, UpdateSource>();
  const failed = (source: UpdateSource, problem: Problem) =>
    log({ what: 'source-failed', source: source.name, code: problem.code, message: problem.message });

  const viewFrom = async (source: UpdateSource): Promise<TrustedView> => {
    const view = await refresh(source, { trustedRoot, folder, now: now(), pace });
    log({ what: 'refreshed', source: source.name, versions: view.versions });
    return view;
  };
  /** Returns the first successful answer of a source; if there is none, throws the most serious problem. */
  const fromFirst = async <T>(work: (source: UpdateSource) => Promise<T>): Promise<T> => {
    const problems: Problem[] = [];
    for (const source of sources) {
      try {
        return await work(source);
      } catch (cause) {
        if (!(cause instanceof Problem)) throw cause;
        problems.push(cause);
        failed(source, cause);
      }
    }
    throw gravest(problems);
  };
  const offered = async (source: UpdateSource): Promise<Offered> => {
    const { targets, ...view } = await viewFrom(source);
    const builds: UpdateTarget[] = [];
    const wrong: Problem[] = [];
    for (const verified of Object.values(targets)) {
      try {
        const target = readTarget(verified);
        if (target) builds.push(target);
      } catch (cause) {
        wrong.push(cause as Problem);
        failed(source, cause as Problem);
      }
    }
    for (const target of builds) given.set(target, source);
    return { ...view, builds, wrong };
  };
  const exclusive = queue();

  return {
    find: (version) =>
      exclusive(async () => {
        const kiosk = requireKiosk(running);
        const path = targetPath({ version, platform: kiosk.platform }, UPDATE_FORMAT[kiosk.host]);
        const target = await fromFirst(async (source) => {
          const { targets } = await viewFrom(source);
          const verified = Object.hasOwn(targets, path) ? targets[path] : undefined;
          const found = verified ? readTarget(verified) : null;
          if (!found) throw unknown(version);
          given.set(found, source);
          return found;
        });
        requireInstallable(kiosk, target.build);
        return target;
      }),
    newest: (except = []) =>
      exclusive(async () => {
        const kiosk = requireKiosk(running);
        const { builds } = await fromFirst(offered);
        return builds
          .filter(({ build }) => !build.version.includes('-') && !except.includes(build.version))
          .filter((t) => t.format === UPDATE_FORMAT[kiosk.host] && isInstallable(kiosk, t.build))
          .reduce<UpdateTarget | null>(
            (best, next) => (best && compareVersions(best.build.version, next.build.version) > 0 ? best : next),
            null,
          );
      }),
    view: () => exclusive(() => fromFirst(offered)),
    download: (target, to, { progress, signal } = {}) =>
      exclusive(async () => {
        const first = given.get(target);
        if (!first) throw new Problem('update-not-authenticated');
        // The source that answered correctly is tried first, since another one may hang.
        const inOrder = [first, ...sources.filter((source) => source !== first)];
        await download(target, to, { sources: inOrder, pace, failed, progress, signal });
      }),
  };
}

function requireKiosk(running: Running | null): Running {
  if (running) return running;
  throw new Problem('update-no-kiosk');
}

const unknown = (version: string): Problem => new Problem('update-unknown-version', { version: version.slice(0, 64) });

function queue() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
