import { describe, expect, it } from 'vitest';
import type { CoreClient, ProbeResult, Receipt } from '../../electron/contract/methods.ts';
import { RpcError, wireError } from '../../electron/contract/rpc-error.ts';
import { detection, face, sample } from '../../test/kit/detections.ts';
import { type Answer, createVisits, EMPTY_STAGE } from './visits.ts';

const RECEIPT = { name: 'A', repeated: false } as Receipt;
const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Visits against a core that answers as the test says. Frames come every 40 ms, as from a camera. */
function setup(
  answers: (n: number) => ProbeResult | Error = () => ({ kind: 'more', progress: 0.5 }),
  answered: () => Promise<void> = async () => undefined,
) {
  const log: string[] = [];
  const probes: { visit: string; others: number }[] = [];
  const given: Answer[] = [];
  let asked = false;
  let nobody = true;
  let visit = 0;
  let at = 0;
  let allowed = true;
  let number: string | null = null;
  let light: Parameters<CoreClient['probe']>[0]['light'];
  const compared: string[] = [];
  /** What the core says next about the face of an answered visit; then always `same`. */
  const faces: ('same' | 'another' | 'unclear')[] = [];
  const visits = createVisits({
    core: {
      visitBegin: async (input) => {
        log.push(['begin', input.number].filter(Boolean).join(' '));
        return { visit: `v${++visit}` };
      },
      visitEnd: async (input) => {
        log.push(`end ${input.visit}`);
        return {};
      },
      probe: async (input) => {
        probes.push({ visit: input.visit, others: input.frame.others });
        light = input.light;
        const answer = answers(probes.length);
        await answered();
        if (answer instanceof Error) throw answer;
        return answer;
      },
      visitFace: async (input) => {
        compared.push(input.visit);
        return { face: faces.shift() ?? 'same' };
      },
    },
    sample: () => {
      asked = true;
    },
    allowed: () => allowed,
    claim: () => (number === null ? null : { number }),
    answer: (answer) => given.push(answer),
    begun: () => log.push('begun'),
    probed: () => undefined,
  });
  /** Sends frames for `ms`. As in the worker, a sample comes with the first face, and with the frame after a request. */
  const frames = async (
    ms: number,
    f: Parameters<typeof face>[0] | null,
    light = {},
    more: number[] = [],
  ): Promise<void> => {
    for (const end = at + ms; at < end; at += 40) {
      const one = f ? face(f) : null;
      const faces = one ? [one, ...more.map((size) => face({ x: 80, size }))] : [];
      const due = asked || (nobody && one !== null);
      nobody = one === null;
      asked = false;
      visits.seen(detection(at, faces, due ? sample(one, light) : null));
      await later();
    }
  };
  return {
    visits,
    log,
    probes,
    given,
    compared,
    faces,
    frames,
    /** What the last probe reported about the colours. */
    light: () => light,
    allow: (next: boolean) => (allowed = next),
    type: (typed: string) => (number = typed),
  };
}

describe('visits', () => {
  it('begin with a face, probe at most eight times a second, and end when the face has gone', async () => {
    const k = setup();
    await k.frames(2_000, {});
    expect(k.log).toEqual(['begun', 'begin']);
    expect(k.probes.length).toBeGreaterThan(6);
    expect(k.probes.length).toBeLessThanOrEqual(18);
    await k.frames(1_200, null);
    expect(k.log).toEqual(['begun', 'begin', 'end v1']);
    expect(k.visits.stage.value).toMatchObject({ present: false, progress: 0 });
  });

  it('start over with an empty stage, without waiting for a frame: the camera may be gone', async () => {
    const k = setup();
    await k.frames(200, {});
    expect(k.visits.stage.value).toMatchObject({ present: true });
    k.visits.restart();
    expect(k.visits.stage.value).toEqual(EMPTY_STAGE);
    expect(k.log).toEqual(['begun', 'begin', 'end v1']);
  });

  it('take their first samples with every frame, whatever the answers, and later ones eight times a second', async () => {
    const k = setup(() => ({ kind: 'guide', reason: 'blurred' }));
    await k.frames(200, {});
    expect(k.probes).toHaveLength(3);
    await k.frames(1_000, {});
    expect(k.probes.length).toBeLessThanOrEqual(11);
  });

  it('send the first frame as soon as the core has opened the visit, and the next without waiting', async () => {
    const pending: (() => void)[] = [];
    const k = setup(
      () => ({ kind: 'more', progress: 0.5 }),
      () => new Promise((done) => pending.push(done)),
    );
    await k.frames(40, {});
    expect(k.probes).toHaveLength(1);
    await k.frames(80, {});
    expect(k.probes, 'two under way at most').toHaveLength(2);
    pending[0]!();
    await later();
    await k.frames(40, {});
    expect(k.probes).toHaveLength(3);
  });

  it.each([
    ['keep the answer of one probe when the other fails', [RECEIPT, null], 'welcome'],
    ['wait for the other probe when one fails', [null, RECEIPT], 'welcome'],
    ['offer another method, once, when both fail', [null, null], 'other-method'],
  ] as const)('%s', async (_, receipts, kind) => {
    const pending: (() => void)[] = [];
    const k = setup(
      (n) => {
        const receipt = receipts[n - 1];
        return receipt ? { kind: 'welcome', receipt } : new Error('the disk is full');
      },
      () => new Promise((done) => pending.push(done)),
    );
    await k.frames(80, {});
    expect(k.probes).toHaveLength(2);
    for (const done of pending) done();
    await later();
    expect(k.given.map((answer) => answer.kind)).toEqual([kind]);
  });

  it('are sampled twice as often while head movements are requested', async () => {
    const k = setup(() => ({
      kind: 'challenge',
      step: 'turn-left',
      index: 0,
      of: 2,
      progress: 0,
      hold: false,
      light: false,
    }));
    await k.frames(400, {});
    const before = k.probes.length;
    await k.frames(1_000, {});
    expect(k.probes.length - before).toBeGreaterThanOrEqual(12);
  });

  it('begin with the number that was typed before', async () => {
    const k = setup();
    k.type('1001');
    await k.frames(500, {});
    expect(k.log).toEqual(['begun', 'begin 1001']);
  });

  it('report a welcome once, and ignore that face until it has left', async () => {
    const k = setup(() => ({ kind: 'welcome', receipt: RECEIPT }));
    await k.frames(3_000, {});
    expect(k.given).toEqual([{ kind: 'welcome', receipt: RECEIPT }]);
    expect(k.probes).toHaveLength(1);
    expect(k.visits.stage.value).toMatchObject({ answered: 'recorded', progress: 1 });
    await k.frames(1_200, null);
    await k.frames(600, {});
    expect(k.given).toHaveLength(2);
  });

  it('end when another face takes the place of the one that was answered, however quickly, and only then', async () => {
    const k = setup(() => ({ kind: 'welcome', receipt: RECEIPT }));
    await k.frames(1_000, {});
    expect(k.compared).toEqual([]);
    await k.frames(200, null); // a hand before the face
    await k.frames(1_000, {});
    expect([k.compared, k.log]).toEqual([['v1'], ['begun', 'begin']]);
    k.faces.push('unclear', 'another');
    await k.frames(200, null);
    await k.frames(1_000, {});
    expect(k.compared).toEqual(['v1', 'v1', 'v1']);
    expect(k.log).toEqual(['begun', 'begin', 'end v1', 'begun', 'begin']);
    expect(k.given).toHaveLength(2);
    // After another method there is no face to compare with.
    k.visits.settle('recorded');
    await k.frames(200, null);
    await k.frames(1_000, {});
    expect(k.compared).toHaveLength(3);
  });

  it('do not claim a check-in for a face that was sent to another method, or settled without a record', async () => {
    const k = setup(() => ({ kind: 'other-method', reason: 'unknown' }));
    await k.frames(1_000, {});
    expect(k.given).toHaveLength(1);
    expect(k.visits.stage.value).toMatchObject({ answered: 'unrecorded', progress: 0 });
    for (const how of ['recorded', 'unrecorded'] as const) {
      k.visits.settle(how);
      await k.frames(200, {});
      expect(k.visits.stage.value.answered).toBe(how);
    }
    expect(k.given).toHaveLength(1);
  });

  it('offer no other method to someone who has gone to another screen meanwhile', async () => {
    const k = setup(() => {
      k.allow(false); // the screen was touched while the core compared
      return { kind: 'other-method', reason: 'unknown' };
    });
    await k.frames(1_000, {});
    expect(k.probes).toHaveLength(1);
    expect(k.given).toEqual([]);
    k.allow(true);
    await k.frames(600, {});
    expect(k.probes.length).toBeGreaterThan(1);
  });

  it('never send a frame with two people', async () => {
    const k = setup();
    await k.frames(1_500, {}, {}, [130]);
    expect(k.probes).toHaveLength(0);
    expect(k.visits.stage.value.reason).toBe('several-faces');
  });

  it('probe the person in front while others wait behind', async () => {
    const k = setup();
    await k.frames(1_500, {}, {}, [80, 60]);
    expect(k.probes[0]).toMatchObject({ others: 0 });
    expect(k.visits.stage.value.reason).toBeNull();
  });

  it('send no frame that the guidance objects to', async () => {
    const k = setup();
    await k.frames(1_500, {}, { brightness: 10 });
    expect(k.probes.length).toBeLessThanOrEqual(1); // only the first frame, before the darkness is known
    expect(k.visits.stage.value.reason).toBe('too-dark');
  });

  it('show what the core asks the person to correct', async () => {
    const k = setup(() => ({ kind: 'guide', reason: 'occluded' }));
    await k.frames(1_500, {});
    expect(k.visits.stage.value.reason).toBe('occluded');
  });

  it('report backlight if the core finds the face too dark and its surroundings are bright', async () => {
    const k = setup(() => ({ kind: 'guide', reason: 'too-dark' }));
    await k.frames(1_500, {}, { brightness: 45, around: 220 });
    expect(k.visits.stage.value.reason).toBe('backlit');
  });

  it('offer another method after five seconds of a covered face, but not for a passing hand', async () => {
    const hand = setup((n) => ({ kind: 'guide', reason: n % 20 === 0 ? 'blurred' : 'occluded' }));
    await hand.frames(9_000, {});
    expect(hand.given).toEqual([]);
    const mask = setup(() => ({ kind: 'guide', reason: 'occluded' }));
    await mask.frames(4_800, {});
    expect(mask.given).toEqual([]);
    await mask.frames(900, {});
    expect(mask.given).toEqual([{ kind: 'other-method', reason: 'occluded', code: null }]);
  });

  it('show the challenge, and accept the turned head it asks for', async () => {
    const k = setup(() => ({
      kind: 'challenge',
      step: 'turn-left',
      index: 0,
      of: 1,
      progress: 0.25,
      hold: false,
      light: false,
    }));
    await k.frames(600, {});
    expect(k.visits.stage.value.challenge).toEqual({ step: 'turn-left', index: 0, of: 1, hold: false });
    const before = k.probes.length;
    await k.frames(1_000, { turn: 0.8 });
    expect(k.probes.length).toBeGreaterThan(before + 3);
    expect(k.visits.stage.value.progress).toBeCloseTo(0.26, 1);
  });

  it('offer another method when the core says so, or fails with an error that would persist', async () => {
    const unknown = setup(() => ({ kind: 'other-method', reason: 'unknown' }));
    await unknown.frames(800, {});
    expect(unknown.given).toEqual([{ kind: 'other-method', reason: 'unknown', code: null }]);
    const broken = setup(() => new RpcError(wireError('internal')));
    await broken.frames(800, {});
    expect(broken.given).toEqual([{ kind: 'other-method', reason: 'problem', code: 'internal' }]);
  });

  it('begin again automatically when the core has lost the visit', async () => {
    const gone = new RpcError({ code: 'visit-unknown', message: '', nextStep: '', params: {} });
    const k = setup((n) => (n === 1 ? gone : { kind: 'welcome', receipt: RECEIPT }));
    await k.frames(1_500, {});
    expect(k.log.filter((l) => l === 'begin')).toHaveLength(2);
    expect(k.given).toHaveLength(1);
  });

  it('discard an answer for someone who has left', async () => {
    let release: (r: ProbeResult) => void = () => undefined;
    const k = setup();
    const given: Answer[] = [];
    let asked = false;
    const visits = createVisits({
      core: {
        visitBegin: async () => ({ visit: 'v' }),
        visitEnd: async () => ({}),
        visitFace: async () => ({ face: 'same' }),
        probe: () => new Promise((resolve) => (release = resolve)),
      },
      sample: () => {
        asked = true;
      },
      allowed: () => true,
      claim: () => null,
      answer: (a) => given.push(a),
      begun: () => undefined,
      probed: () => undefined,
    });
    let at = 0;
    const run = async (ms: number, there: boolean): Promise<void> => {
      for (const end = at + ms; at < end; at += 40) {
        const f = there ? face() : null;
        const due = asked;
        asked = false;
        visits.seen(detection(at, f ? [f] : [], due ? sample(f) : null));
        await later();
      }
    };
    await run(600, true);
    await run(1_200, false);
    release({ kind: 'welcome', receipt: RECEIPT });
    await later();
    expect(given).toEqual([]);
    expect(k.given).toEqual([]);
  });

  it('rest while another screen is shown, and end the visit under way', async () => {
    const k = setup();
    await k.frames(600, {});
    k.allow(false);
    const before = k.probes.length;
    await k.frames(800, {});
    expect(k.log).toEqual(['begun', 'begin', 'end v1']);
    expect(k.probes.length).toBeLessThanOrEqual(before + 1);
  });

  it('ignore a face that has been dealt with by PIN, and accept the next one', async () => {
    const k = setup();
    await k.frames(400, {});
    k.visits.settle('recorded');
    const before = k.log.filter((l) => l === 'begin').length;
    await k.frames(1_000, {});
    expect(k.log.filter((l) => l === 'begin')).toHaveLength(before);
    await k.frames(1_200, null);
    await k.frames(400, {});
    expect(k.log.filter((l) => l === 'begin')).toHaveLength(before + 1);
  });

  it('report a covered lens only if it stays covered', async () => {
    const k = setup();
    let asked = false;
    const visits = createVisits({
      core: {
        visitBegin: async () => ({ visit: 'v' }),
        visitEnd: async () => ({}),
        visitFace: async () => ({ face: 'same' }),
        probe: async () => ({ kind: 'done' }),
      },
      sample: () => {
        asked = true;
      },
      allowed: () => true,
      claim: () => null,
      answer: () => undefined,
      begun: () => undefined,
      probed: () => undefined,
    });
    const dark = { frame: { mean: 3, deviation: 1 }, face: null, crop: null };
    for (let at = 0; at < 1_000; at += 40) {
      const due = asked;
      asked = false;
      visits.seen(detection(at, [], due ? dark : null));
    }
    expect(visits.stage.value.reason).not.toBe('covered');
    for (let at = 1_000; at < 3_500; at += 40) {
      const due = asked;
      asked = false;
      visits.seen(detection(at, [], due ? dark : null));
    }
    expect(visits.stage.value.reason).toBe('covered');
    expect(k.given).toEqual([]);
  });

  describe('with coloured light', () => {
    const sequence = [
      { colour: '#6cddf3', ms: 700 },
      { colour: '#f3c561', ms: 500 },
    ];
    const CHALLENGE = { kind: 'challenge', step: 'turn-left', index: 0, of: 1, progress: 0, hold: false } as const;

    it('announce it, show it while the face is near, and report with each probe when each colour appeared', async () => {
      let answer: ProbeResult = { ...CHALLENGE, light: true };
      const k = setup(() => answer);
      await k.frames(400, {});
      expect(k.visits.light.value).toBe('follow');
      expect(k.light()).toBeUndefined();
      answer = { kind: 'light', sequence };
      await k.frames(400, {});
      expect(k.visits.light.value).toEqual(sequence);
      k.visits.lit(1_000);
      k.visits.lit(1_700);
      await k.frames(300, {});
      expect(k.light()).toEqual([1_000, 1_700]);
      answer = { kind: 'welcome', receipt: RECEIPT };
      await k.frames(300, {});
      expect(k.visits.light.value).toBeNull();
    });

    it('ask someone who is too far away to come closer', async () => {
      const k = setup(() => ({ kind: 'light', sequence }));
      await k.frames(1_200, { size: 110 });
      expect(k.visits.stage.value.reason).toBe('too-far');
      expect(k.visits.light.value).toBe('follow');
      await k.frames(1_000, { size: 200 });
      expect(k.visits.light.value).toEqual(sequence);
    });

    it('skip it for someone who declines, in this visit only', async () => {
      const k = setup(() => ({ ...CHALLENGE, light: true }));
      await k.frames(400, {});
      k.visits.withoutLight();
      expect(k.visits.light.value).toBeNull();
      await k.frames(400, {});
      expect(k.light()).toBe('declined');
      expect(k.visits.light.value).toBeNull();
      await k.frames(1_200, null);
      await k.frames(600, {});
      expect(k.light()).toBeUndefined();
      expect(k.visits.light.value).toBe('follow');
    });
  });
});
