import { type ErrorCode, Problem } from '../../../sync/errors/problem.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import type { CoreOptions } from '../interface.ts';

/** A watch ends after this long without confirmation from the server, ms. */
const SILENCE_MS = 30_000;
/** The server's code for: nobody is watching any more. */
const OVER: ErrorCode = 'command-unknown';

export interface MirrorDeps {
  /** @throws Problem of the connection (the next picture tries again), or the server's */
  readonly send: (command: string, jpeg: Uint8Array) => Promise<void>;
  /** Whether the site's policy allows it; checked for each picture. */
  readonly allowed: () => boolean;
  /** Called when watching starts or ends: the screen has to show that. */
  readonly changed: () => void;
  readonly log: CoreOptions['log'];
}

/** Sends the server pictures of this kiosk's screen, as drawn by the screen, while someone is watching. Keeps none. */
export function createMirror({ send, allowed, changed, log }: MirrorDeps) {
  let command: string | null = null;
  let silence: NodeJS.Timeout | undefined;

  function end(): void {
    clearTimeout(silence);
    if (command === null) return;
    command = null;
    log('info', 'fleet: the screen is no longer watched');
    changed();
  }
  function heard(): void {
    clearTimeout(silence);
    silence = setTimeout(end, SILENCE_MS).unref();
  }
  const methods: Pick<CoreMethods, 'screenPicture'> = {
    async screenPicture({ picture }) {
      const watch = command;
      if (watch === null) return {};
      if (!allowed()) {
        end();
        return {};
      }
      try {
        await send(watch, picture);
        if (watch === command) heard();
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (error.code === OVER && watch === command) end();
      }
      return {};
    },
  };
  return {
    methods,
    watched: (): boolean => command !== null,
    /** @param by the command that requests it @returns false if the site's policy does not allow it */
    begin(by: string): boolean {
      if (!allowed()) return false;
      log('info', 'fleet: the server started watching the screen');
      command = by;
      heard();
      changed();
      return true;
    },
    end,
  };
}
