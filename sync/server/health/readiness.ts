import type { Logger } from 'pino';

/** Something that is not as it must be. `blocks`: the server should get no traffic while it lasts. */
export interface Finding {
  readonly code: string;
  readonly blocks: boolean;
}

/** Looks at one thing that the server needs; throws when it can't be looked at. */
export interface Probe {
  readonly name: string;
  look(): Promise<readonly Finding[]>;
}

export interface State {
  readonly ready: boolean;
  /** Codes of what keeps it from being ready. */
  readonly reasons: readonly string[];
  /** Codes of what is wrong and lets it serve all the same. */
  readonly degraded: readonly string[];
}

/** A probe that has not answered by then has failed, ms. */
const PROBE_MS = 3000;
/** Answers are this fresh, ms: whoever asks often makes no more work. */
const FRESH_MS = 1000;

/** Whether this server should get traffic. */
export class Readiness {
  readonly #probes: readonly Probe[];
  readonly #log: Logger;
  #stopping = false;
  #last: { at: number; state: Promise<State> } | null = null;
  #told = '';

  constructor(probes: readonly Probe[], log: Logger) {
    this.#probes = probes;
    this.#log = log;
  }

  /** From now on it is not ready. */
  stop(): void {
    this.#stopping = true;
  }

  async state(): Promise<State> {
    if (this.#stopping) return { ready: false, reasons: ['stopping'], degraded: [] };
    const at = performance.now();
    if (!this.#last || at - this.#last.at > FRESH_MS) this.#last = { at, state: this.#look() };
    const state = await this.#last.state;
    return this.#stopping ? this.state() : state;
  }

  async #look(): Promise<State> {
    const found = (await Promise.all(this.#probes.map((probe) => within(probe, this.#log)))).flat();
    const reasons = found.filter((f) => f.blocks).map((f) => f.code);
    const state = { ready: reasons.length === 0, reasons, degraded: found.filter((f) => !f.blocks).map((f) => f.code) };
    const told = JSON.stringify(state);
    if (told !== this.#told && (this.#told !== '' || found.length > 0))
      this.#log[state.ready ? 'info' : 'warn'](
        { ...state },
        state.ready ? 'ready for traffic' : 'not ready for traffic',
      );
    this.#told = told;
    return state;
  }
}

async function within({ name, look }: Probe, log: Logger): Promise<readonly Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Finding[]>((resolve) => {
    timer = setTimeout(() => resolve([{ code: `${name}-no-answer`, blocks: true }]), PROBE_MS);
  });
  try {
    return await Promise.race([look(), late]);
  } catch (err) {
    log.warn({ code: `${name}-failed`, err }, 'a look at what the server needs failed');
    return [{ code: `${name}-failed`, blocks: true }];
  } finally {
    clearTimeout(timer);
  }
}
