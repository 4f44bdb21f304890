import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeRequest, judgeUpgrade, type RequestHead, tokenOf } from './checks.ts';
import { COOKIE, createGate, type Gate, sessionCookie, TOKEN_LIFE_MS } from './gate.ts';

const AUTHORITY = '127.0.0.1:4000';
const OURS = `http://${AUTHORITY}`;

function gateAt(start = 0, life = 1_000) {
  let now = start;
  const gate = createGate(() => now, life);
  const pass = (ms: number): void => {
    now += ms;
  };
  return { gate, pass };
}
function admitted(gate: Gate): string {
  const result = gate.exchange(gate.issueToken());
  if ('refused' in result) throw new Error(result.refused);
  return `${COOKIE}=${result.session}`;
}

describe('one-time tokens', () => {
  it('exchanges a token once, and reports a second attempt as used', () => {
    const { gate } = gateAt();
    const token = gate.issueToken();
    expect(gate.exchange(token)).toHaveProperty('session');
    expect(gate.exchange(token)).toEqual({ refused: 'token-used' });
  });

  it('refuses a token after its time, and marks it as used', () => {
    const { gate, pass } = gateAt();
    const token = gate.issueToken();
    pass(1_001);
    expect(gate.exchange(token)).toEqual({ refused: 'token-expired' });
    expect(gate.exchange(token)).toEqual({ refused: 'token-used' });
  });

  it('gives the started browser two minutes for its token, and a person a quarter of an hour', () => {
    const minute = 60_000;
    for (const [life, minutes] of [
      [TOKEN_LIFE_MS.browser, 2],
      [TOKEN_LIFE_MS.byHand, 15],
    ] as const) {
      const { gate, pass } = gateAt(0, life);
      const [intime, late] = [gate.issueToken(), gate.issueToken()];
      pass(minutes * minute);
      expect(gate.exchange(intime)).toHaveProperty('session');
      pass(1);
      expect(gate.exchange(late)).toEqual({ refused: 'token-expired' });
    }
  });

  it('accepts no token it did not issue', () => {
    const { gate } = gateAt();
    gate.issueToken();
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(gate.exchange(text)).toEqual({ refused: 'token-unknown' });
      }),
    );
  });

  it('makes tokens and sessions of 256 bits, never the same twice', () => {
    const { gate } = gateAt();
    const made = Array.from({ length: 200 }, () => gate.issueToken());
    expect(new Set(made).size).toBe(200);
    for (const token of made) expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  });

  it('ends tokens and sessions when it is reset', () => {
    const { gate } = gateAt();
    const cookie = admitted(gate);
    const token = gate.issueToken();
    gate.reset();
    expect(gate.admits(cookie)).toBe(false);
    expect(gate.exchange(token)).toEqual({ refused: 'token-used' });
  });
});

describe('sessions', () => {
  it('admits the cookie it set, even beside other cookies, however often', () => {
    const { gate } = gateAt();
    const cookie = admitted(gate);
    for (const header of [cookie, `a=b; ${cookie}`, `${COOKIE}=planted; ${cookie}; c=d`]) {
      expect(gate.admits(header)).toBe(true);
      expect(gate.admits(header)).toBe(true);
    }
  });

  it('admits nothing else', () => {
    const { gate } = gateAt();
    const cookie = admitted(gate);
    for (const header of [
      undefined,
      '',
      COOKIE,
      `${COOKIE}=`,
      cookie.slice(0, -1),
      `${cookie}x`,
      cookie.replace('=', '= '),
      `x${cookie}`,
    ]) {
      expect(gate.admits(header)).toBe(false);
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(gate.admits(`${COOKIE}=${text}`)).toBe(false);
      }),
    );
  });

  it('hands the session out as HttpOnly, SameSite=Strict, ending with the browser', () => {
    expect(sessionCookie('s')).toBe(`${COOKIE}=s; Path=/; HttpOnly; SameSite=Strict`);
  });
});

describe('verdicts', () => {
  const { gate } = gateAt();
  const cookie = admitted(gate);
  const head = (change: Partial<RequestHead> & { headers?: Record<string, string | undefined> }): RequestHead => ({
    method: change.method ?? 'GET',
    target: change.target ?? '/',
    headers: { host: AUTHORITY, cookie, ...change.headers },
  });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const upgrade = { upgrade: 'websocket', origin: OURS };

  it.each([
    ['the page', head({}), { allow: 'file' }],
    ['a script that names its origin', head({ headers: { origin: OURS } }), { allow: 'file' }],
    ['the core’s state', head({ target: '/core-state' }), { allow: 'core-state' }],
    [
      'the bootstrap’s form, without a session',
      head({ method: 'POST', target: '/enter', headers: { ...form, cookie: undefined, origin: 'null' } }),
      { allow: 'enter' },
    ],
    ['a name that resolves here', head({ headers: { host: 'evil.example:4000' } }), { refuse: 'wrong-host' }],
    ['localhost', head({ headers: { host: 'localhost:4000' } }), { refuse: 'wrong-host' }],
    ['another port', head({ headers: { host: '127.0.0.1:4001' } }), { refuse: 'wrong-host' }],
    ['no host', head({ headers: { host: undefined } }), { refuse: 'wrong-host' }],
    [
      'a foreign origin with our cookie',
      head({ headers: { origin: 'https://evil.example' } }),
      { refuse: 'wrong-origin' },
    ],
    ['an opaque origin with our cookie', head({ headers: { origin: 'null' } }), { refuse: 'wrong-origin' }],
    ['no cookie', head({ headers: { cookie: undefined } }), { refuse: 'no-session' }],
    ['a wrong cookie', head({ headers: { cookie: `${COOKIE}=guess` } }), { refuse: 'no-session' }],
    ['POST to the page', head({ method: 'POST' }), { refuse: 'wrong-method' }],
    ['TRACE', head({ method: 'TRACE' }), { refuse: 'wrong-method' }],
    [
      'the form, sent by a foreign page',
      head({ method: 'POST', target: '/enter', headers: { ...form, origin: 'http://127.0.0.1:4001' } }),
      { refuse: 'wrong-origin' },
    ],
    [
      'the form without an origin',
      head({ method: 'POST', target: '/enter', headers: form }),
      { refuse: 'wrong-origin' },
    ],
    ['GET of the form’s address', head({ target: '/enter', headers: { origin: 'null' } }), { refuse: 'wrong-method' }],
    [
      'JSON to the form’s address',
      head({ method: 'POST', target: '/enter', headers: { 'content-type': 'application/json', origin: 'null' } }),
      { refuse: 'bad-request' },
    ],
  ])('%s', (_, request, verdict) => {
    expect(judgeRequest(request, AUTHORITY, gate)).toEqual(verdict);
  });

  it.each([
    ['the kiosk’s own page', head({ target: '/rpc', headers: upgrade }), null],
    ['no origin', head({ target: '/rpc', headers: { ...upgrade, origin: undefined } }), 'wrong-origin'],
    [
      'another port’s page',
      head({ target: '/rpc', headers: { ...upgrade, origin: 'http://127.0.0.1:4001' } }),
      'wrong-origin',
    ],
    [
      'a name from DNS rebinding',
      head({ target: '/rpc', headers: { ...upgrade, host: 'evil.example:4000' } }),
      'wrong-host',
    ],
    ['no cookie', head({ target: '/rpc', headers: { ...upgrade, cookie: undefined } }), 'no-session'],
    ['another path', head({ target: '/rpc/', headers: upgrade }), 'not-found'],
    ['another protocol', head({ target: '/rpc', headers: { ...upgrade, upgrade: 'h2c' } }), 'bad-request'],
  ])('an upgrade: %s', (_, request, verdict) => {
    expect(judgeUpgrade(request, AUTHORITY, gate)).toBe(verdict);
  });

  it('admits no arbitrary request without the cookie', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom(AUTHORITY, OURS, 'null', 'websocket'));
    const heads = fc.record({
      method: fc.oneof(fc.constantFrom('GET', 'HEAD', 'POST', 'CONNECT', 'OPTIONS'), fc.string()),
      target: fc.oneof(fc.constantFrom('/', '/rpc', '/core-state', '/assets/a.js'), fc.webPath(), fc.string()),
      headers: fc.record({ host: text, origin: text, cookie: text, upgrade: text }, { requiredKeys: [] }),
    });
    fc.assert(
      fc.property(heads, (h) => {
        expect(judgeRequest(h, AUTHORITY, gate)).toHaveProperty('refuse');
        expect(judgeUpgrade(h, AUTHORITY, gate)).not.toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the form', () => {
  it('gives the token of a form that contains exactly one', () => {
    const token = 'a'.repeat(43);
    expect(tokenOf(`token=${token}`)).toBe(token);
    for (const body of [
      '',
      'token=',
      `token=${token}x`,
      `token=${token}&token=${token}`,
      `Token=${token}`,
      'token=%00',
      `{"token":"${token}"}`,
    ]) {
      expect(tokenOf(body)).toBeNull();
    }
  });
});
