import type { EndReason } from '../contract/host.ts';
import type { CoreMethods, Signal, SignalName } from '../contract/methods.ts';

export interface CoreOptions {
  readonly home: string;
  /**
   * The device secret (32 bytes) when the host has a real keystore (Electron safeStorage, TPM2, systemd-creds);
   * null when it lives in a 0600 file in `home`, which the screens then keep showing as a notice.
   */
  readonly deviceSecret: Uint8Array | null;
  /** Recorded footage in place of a camera: liveness is off, and every record says so. */
  readonly demo: boolean;
  /** Folder of the prepared weights; by default the one that was built or installed with this program. */
  readonly weights?: string;
  /** Which host it is, for the server's inventory; `browser` without it. */
  readonly host?: 'browser' | 'electron';
  /** Has the host restart this core, with the kiosk's browser or without; absent: no host can. */
  readonly restart?: (what: { readonly browser: boolean }) => void;
  /** Notifies the host, before it resolves, that long work will block this core, or that it is done; absent: no host waits. */
  readonly busy?: ((busy: boolean) => Promise<void>) | undefined;
  /** The folders of an installed kiosk's builds; null where nothing installs any. */
  readonly slots?: { readonly root: string; readonly insteadOf: string | null } | null;
  /** Has the host end the kiosk, and what started it restart it; absent: nothing would. */
  readonly end?: (why: EndReason) => void;
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;
}

export interface Core {
  readonly methods: CoreMethods;
  /** Calls `listener` for each push to the screens; returns how to stop. */
  onSignal(listener: <S extends SignalName>(name: S, data: Signal<S>) => void): () => void;
  /** No screen is there any more: forgets what one had half done, with the pictures that belong to it. */
  leave(): void;
  /** Finishes what is under way, flushes nothing (everything is durable already), closes store and sessions. */
  close(): Promise<void>;
}

/** `startCore` throws a Problem whose code a host shows: wrong key, other machine, store in use, … */
export type StartCore = (options: CoreOptions) => Promise<Core>;
