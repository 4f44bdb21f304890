/** Names in a user agent, the most specific first: Edge also calls itself Chrome and Safari, and Chrome calls itself Safari. */
const BROWSERS = {
  Edg: 'Edge',
  OPR: 'Opera',
  Firefox: 'Firefox',
  FxiOS: 'Firefox',
  CriOS: 'Chrome',
  Chrome: 'Chrome',
  Safari: 'Safari',
};
const SYSTEMS = {
  Android: 'Android',
  iPhone: 'iPhone',
  iPad: 'iPad',
  Windows: 'Windows',
  'Mac OS X': 'macOS',
  CrOS: 'ChromeOS',
  Linux: 'Linux',
};

/** Returns browser and system of a user agent: `Firefox · Windows`; null if neither is known. Pure. */
export function browserOf(userAgent: string | null): string | null {
  if (userAgent === null) return null;
  const named = (names: Readonly<Record<string, string>>) =>
    Object.entries(names).find(([name]) => userAgent.includes(name))?.[1];
  return [named(BROWSERS), named(SYSTEMS)].filter(Boolean).join(' · ') || null;
}
