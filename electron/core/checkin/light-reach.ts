/** The last so many people decide whether light works here. */
const PEOPLE = 3;

/**
 * Whether the screen's light reaches faces here, by what the last people's faces made of it; kept in memory alone. Where the
 * newest answers of three other people were seen, a face that shows nothing has failed; where that is not known, or another's
 * was not seen either, ambient light may drown it, and nobody is turned away for that.
 */
export function createLightReach() {
  /** Newest last. */
  const answers = new Map<string, boolean>();
  const newest = (but?: string) => [...answers].filter(([person]) => person !== but).slice(-PEOPLE);
  return {
    saw(person: string, answered: boolean): void {
      answers.delete(person);
      answers.set(person, answered);
      // One more than is asked for, since the person there now is left out.
      for (const old of [...answers.keys()].slice(0, -PEOPLE - 1)) answers.delete(old);
    },
    /** Everybody else's face answered lately. */
    proven(person: string): boolean {
      const others = newest(person);
      return others.length === PEOPLE && others.every(([, answered]) => answered);
    },
    /** None of them answered. */
    drowned(): boolean {
      const all = newest();
      return all.length === PEOPLE && all.every(([, answered]) => !answered);
    },
  };
}
export type LightReach = ReturnType<typeof createLightReach>;
