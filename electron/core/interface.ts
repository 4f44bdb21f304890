import type { EndReason } from '../contract/host.ts';
import type { CoreMethods, Signal, SignalName } from '../contract/methods.ts';

export interface CoreOptions {
  readonly home: string;
  /**
   * The device secret (32 bytes) if the host has a real keystore (Electron safeStorage, TPM2, systemd-creds); null if it is in a
   * 0600 file in `home`, which the screens then keep showing as a notice.
   */
  readonly deviceSecret: Uint8Array | null;
  /** Recorded footage instead of a camera: liveness is off, and every record says so. */
  readonly demo: boolean;
  /** Folder of the prepared weights; by default the one that was built or installed with this program. */
  readonly weights?: string;
  /** The host, for the server's inventory; `browser` by default. */
  readonly host?: 'browser' | 'electron';
  /** Has the host restart this core, with or without the kiosk's browser; absent if no host can. */
  readonly restart?: (what: { readonly browser: boolean }) => void;
  /** Notifies the host that long work is about to block this core, or has ended, before it resolves; absent if no host waits. */
  readonly busy?: ((busy: boolean) => Promise<void>) | undefined;
  /** The folders of an installed kiosk's builds; null if nothing installs builds. */
  readonly slots?: { readonly root: string; readonly insteadOf: string | null } | null;
  /** Has the host end the kiosk, so that its launcher or service restarts it; absent if nothing would. */
  readonly end?: (why: EndReason) => void;
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;
}

export interface Core {
  readonly methods: CoreMethods;
  /** Calls `listener` for each push to the screens. Returns a function that stops this. */
  onSignal(listener: <S extends SignalName>(name: S, data: Signal<S>) => void): () => void;
  /** Called when no screen is connected any more: forgets what one had half done, including the pictures. */
  leave(): void;
  /** Finishes running work, flushes nothing (everything is durable already), closes store and sessions. */
  close(): Promise<void>;
}

/** `startCore` throws a Problem whose code a host shows: wrong key, other machine, store in use, … */
export type StartCore = (options: CoreOptions) => Promise<Core>;
